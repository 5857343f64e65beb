//! The real program sends the trace of a case from its scan to its outcome to a collector, on either log; one that was away gets what it missed.

use crate::{
    cluster::servers::Kafka,
    program::{Program, millwright, text},
};
use millwright_domain::{envelope::StreamId, ids::CaseId, trace::TraceContext};
use millwright_standin::{
    Fault,
    otlp::{OtlpServer, Taken},
};
use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::{BorrowedHeaders, Headers as _},
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_secs(90);
const UNTIL_CLOSED: [&str; 3] = ["--headless", "--until-closed", "2"];
const STEPS: [&str; 7] =
    ["AlertRaised", "DiagnosisRecorded", "ActionProposed", "ActionApproved", "ActionStarted", "ActionCompleted", "OutcomeRecorded"];

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

/// The trace of a case that came to its outcome.
async fn whole_case(server: &OtlpServer) -> (u128, Vec<Taken>) {
    let taken = until(server, "a case comes to its outcome", |taken| whole(taken).is_some()).await;
    let trace = whole(&taken).unwrap();
    (trace, taken.into_iter().filter(|span| span.trace == trace).collect())
}

fn is_one_tree(of_case: &[Taken]) {
    let names: BTreeMap<u64, &str> = of_case.iter().map(|span| (span.span, span.name.as_str())).collect();
    let steps: BTreeSet<&str> = names.values().copied().collect();
    for step in ["case"].iter().chain(&STEPS) {
        assert!(steps.contains(step), "{step} is missing among {steps:?}");
    }
    let roots: Vec<&Taken> = of_case.iter().filter(|span| span.parent == 0).collect();
    assert_eq!(roots.len(), 1, "one tree");
    for span in of_case.iter().filter(|span| span.parent != 0) {
        assert!(names.contains_key(&span.parent), "{} hangs below nothing", span.name);
        assert!(span.began_nanos <= span.ended_nanos && span.attributes["millwright.case"] == roots[0].attributes["millwright.case"]);
    }
    let parent_of = |name: &str| of_case.iter().find(|span| span.name == name).and_then(|span| names.get(&span.parent)).copied();
    assert_eq!(parent_of("ActionCompleted"), Some("ActionStarted"));
}

/// What the collector calls the trace is the case's own id.
async fn is_known_by_its_case(program: &Program, trace: u128) {
    let case = uuid::Uuid::from_u128(trace).to_string();
    let known = program.ask("query Case($id: ID!) { case(id: $id) { id } }", json!({ "id": case })).await;
    assert_eq!(known["case"]["id"], case);
}

#[tokio::test]
async fn one_case_of_the_demo_is_one_tree_at_the_collector() {
    let (folder, server) = (tempfile::tempdir().unwrap(), OtlpServer::start().await.unwrap());
    server.faults.next(1, Fault::status(503));
    let url = server.url();
    let settings = [("MILLWRIGHT_TELEMETRY__OTLP", url.as_str()), ("MILLWRIGHT_OUTWARD__ALLOW", "[\"127.0.0.1\"]")];
    let program = Program::demo_with(folder.path(), &UNTIL_CLOSED, &settings).await;
    let (trace, of_case) = whole_case(&server).await;
    is_one_tree(&of_case);
    assert!(server.faults.are_over(), "the first request was turned away, and nothing is missing");
    is_known_by_its_case(&program, trace).await;
    // Whether the demo's operator closes another case is not what this is about.
    program.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn on_kafka_a_case_is_the_same_tree_and_every_record_of_it_carries_its_trace() {
    let Some(kafka) = Kafka::shared().await else { return };
    let (folder, server) = (tempfile::tempdir().unwrap(), OtlpServer::start().await.unwrap());
    let (url, prefix) = (server.url(), format!("traces-{}", uuid::Uuid::new_v4().simple()));
    let settings = [
        ("MILLWRIGHT_TELEMETRY__OTLP", url.as_str()),
        ("MILLWRIGHT_OUTWARD__ALLOW", "[\"127.0.0.1\"]"),
        ("MILLWRIGHT_LOG__ENGINE", "kafka"),
        ("MILLWRIGHT_KAFKA__BOOTSTRAP", kafka.bootstrap.as_str()),
        ("MILLWRIGHT_KAFKA__PREFIX", prefix.as_str()),
        ("MILLWRIGHT_CLUSTER__NODE", "demo"),
    ];
    let made = millwright().args(["kafka", "init", "--data"]).arg(folder.path()).envs(settings).output().unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    let program = Program::demo_with(folder.path(), &UNTIL_CLOSED, &settings).await;
    let (trace, of_case) = whole_case(&server).await;
    is_one_tree(&of_case);
    is_known_by_its_case(&program, trace).await;

    let records = on_topic(&kafka.bootstrap, &format!("{prefix}.ledger")).await;
    let subject = StreamId::case(CaseId(uuid::Uuid::from_u128(trace))).to_string();
    let own: Vec<&Headers> = records.iter().filter(|headers| headers.get("ce_subject") == Some(&subject)).collect();
    let kinds: BTreeSet<&str> = own.iter().filter_map(|headers| headers["ce_type"].split('.').nth(2)).collect();
    assert!(kinds.contains("AlertRaised") && kinds.contains("OutcomeRecorded"), "{kinds:?}");
    let spans: BTreeMap<u64, &str> = of_case.iter().map(|span| (span.span, span.name.as_str())).collect();
    let mut sent = BTreeSet::new();
    for headers in own {
        let place: TraceContext = headers["ce_traceparent"].parse().unwrap();
        assert_eq!(place.trace, trace, "{headers:?}");
        let kind = headers["ce_type"].split('.').nth(2).unwrap();
        // What came after the outcome may not have been sent yet.
        assert!(spans.get(&place.span).is_none_or(|name| *name == kind), "{kind} is another span at the collector: {:?}", spans.get(&place.span));
        sent.extend(spans.contains_key(&place.span).then_some(kind));
    }
    // Of some there are two, and the second may not have been sent yet.
    assert!(STEPS.iter().all(|step| sent.contains(step)), "{sent:?} are spans at the collector, and no others");
    program.kill();
}

type Headers = BTreeMap<String, String>;

/// The headers of every record of a topic, as a program outside reads them.
async fn on_topic(bootstrap: &str, topic: &str) -> Vec<Headers> {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", bootstrap).set("group.id", "outside").set("enable.auto.commit", "false");
    client.set("enable.partition.eof", "true").set("isolation.level", "read_committed");
    let topic = topic.to_string();
    tokio::task::spawn_blocking(move || {
        let consumer: BaseConsumer = client.create().unwrap();
        let about = consumer.fetch_metadata(Some(&topic), Duration::from_secs(30)).unwrap();
        let shares: Vec<i32> = about.topics()[0].partitions().iter().map(|share| share.id()).collect();
        let mut all = TopicPartitionList::new();
        shares.iter().for_each(|share| all.add_partition_offset(&topic, *share, Offset::Beginning).unwrap());
        consumer.assign(&all).unwrap();
        let (mut read, mut at_the_end) = (Vec::new(), BTreeSet::new());
        while at_the_end.len() < shares.len() {
            match consumer.poll(Duration::from_secs(30)).expect("an end or a record within half a minute") {
                Ok(message) => read.extend(message.headers().map(readable)),
                Err(KafkaError::PartitionEOF(share)) => drop(at_the_end.insert(share)),
                Err(_passing) => {}
            }
        }
        read
    })
    .await
    .unwrap()
}

fn readable(headers: &BorrowedHeaders) -> Headers {
    headers.iter().map(|one| (one.key.to_string(), String::from_utf8_lossy(one.value.unwrap_or_default()).into_owned())).collect()
}
