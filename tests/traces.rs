//! The real program sends the trace of a case from its scan to its outcome to a collector; one that was away gets what it missed.

use crate::program::Program;
use millwright_standin::{
    Fault,
    otlp::{OtlpServer, Taken},
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_secs(90);

async fn until(server: &OtlpServer, what: &str, holds: impl Fn(&[Taken]) -> bool) -> Vec<Taken> {
    let limit = Instant::now() + LIMIT;
    loop {
        let taken = server.taken();
        if holds(&taken) {
            return taken;
        }
        assert!(Instant::now() < limit, "{what}: {:?}", taken.iter().map(|span| &span.name).collect::<Vec<_>>());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The trace in which somebody said how it ended, if one is there.
fn whole(taken: &[Taken]) -> Option<u128> {
    taken.iter().find(|span| span.name == "OutcomeRecorded").map(|span| span.trace)
}

#[tokio::test]
async fn one_case_of_the_demo_is_one_tree_at_the_collector() {
    let (folder, server) = (tempfile::tempdir().unwrap(), OtlpServer::start().await.unwrap());
    server.faults.next(1, Fault::status(503));
    let url = server.url();
    let settings = [("MILLWRIGHT_TELEMETRY__OTLP", url.as_str()), ("MILLWRIGHT_OUTWARD__ALLOW", "[\"127.0.0.1\"]")];
    let program = Program::demo_with(folder.path(), &["--headless", "--until-closed", "2"], &settings).await;
    let taken = until(&server, "a case comes to its outcome", |taken| whole(taken).is_some()).await;
    let trace = whole(&taken).unwrap();
    let of_case: Vec<&Taken> = taken.iter().filter(|span| span.trace == trace).collect();
    let names: BTreeMap<u64, &str> = of_case.iter().map(|span| (span.span, span.name.as_str())).collect();
    let steps: BTreeSet<&str> = names.values().copied().collect();
    for step in
        ["case", "AlertRaised", "DiagnosisRecorded", "ActionProposed", "ActionApproved", "ActionStarted", "ActionCompleted", "OutcomeRecorded"]
    {
        assert!(steps.contains(step), "{step} is missing among {steps:?}");
    }
    let roots: Vec<&&Taken> = of_case.iter().filter(|span| span.parent == 0).collect();
    assert_eq!(roots.len(), 1, "one tree");
    for span in of_case.iter().filter(|span| span.parent != 0) {
        assert!(names.contains_key(&span.parent), "{} hangs below nothing", span.name);
        assert!(span.began_nanos <= span.ended_nanos && span.attributes["millwright.case"] == roots[0].attributes["millwright.case"]);
    }
    let parent_of = |name: &str| of_case.iter().find(|span| span.name == name).and_then(|span| names.get(&span.parent)).copied();
    assert_eq!(parent_of("ActionCompleted"), Some("ActionStarted"));
    assert!(server.faults.are_over(), "the first request was turned away, and nothing is missing");

    // What the collector calls the trace is the case's own id.
    let case = uuid::Uuid::from_u128(trace).to_string();
    let known = program.ask("query Case($id: ID!) { case(id: $id) { id } }", json!({ "id": case })).await;
    assert_eq!(known["case"]["id"], case);
    // Whether the demo's operator closes another case is not what this is about.
    program.kill();
}
