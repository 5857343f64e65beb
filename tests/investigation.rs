//! A fault on the demo plant is looked into by the crew once, each part is on the case, and one report is delivered within a minute.

use crate::program::Program;
use serde_json::Value;

const LOOKED_INTO: &str = "{ cases(first: 5) { edges { node { id diagnosis { cause } timeline { kind } investigation { openedAt dueAt
    parts { agent state text why tookMs citations { document page } } report { by text missing at model } } } } } }";

fn reported(answer: &Value) -> Option<Value> {
    let case = answer.pointer("/cases/edges/0/node")?;
    case.pointer("/investigation/report/text")?.is_string().then(|| case.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wear_case_is_looked_into_once_and_reported_on_within_the_minute() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::demo(&folder.path().join("data"), &[]).await;
    let case = program.until(LOOKED_INTO, reported).await;
    let parts = case["investigation"]["parts"].as_array().unwrap();
    let part = |agent: &str| parts.iter().find(|part| part["agent"] == agent).unwrap_or_else(|| panic!("{agent} was not asked: {case}"));
    let checklist = part("svc-triage")["text"].as_str().unwrap();
    assert!(checklist.starts_with("Bearing wear") && checklist.contains("1. Feel and listen"), "{checklist}");
    assert!(part("svc-watchman")["text"].as_str().unwrap().contains("case"), "{case}");
    assert!(part("svc-hunter")["text"].as_str().unwrap().starts_with("No source"), "nobody has brought a manual in: {case}");
    assert!(part("svc-cartographer")["text"].as_str().unwrap().contains("stands in"), "{case}");
    let report = case["investigation"]["report"]["text"].as_str().unwrap();
    assert!(report.contains("bearing_wear") && report.contains("Feel and listen"), "{report}");
    let seconds = |field: &str| {
        let at = case.pointer(field).unwrap().as_str().unwrap();
        chrono::DateTime::parse_from_rfc3339(at).unwrap().timestamp()
    };
    assert!(seconds("/investigation/report/at") <= seconds("/investigation/dueAt"), "{case}");
    let kinds: Vec<&str> = case["timeline"].as_array().unwrap().iter().filter_map(|entry| entry["kind"].as_str()).collect();
    let times = |kind: &str| kinds.iter().filter(|known| **known == kind).count();
    assert_eq!((times("InvestigationOpened"), times("ReportDelivered")), (1, 1), "{kinds:?}");
}
