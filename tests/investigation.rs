//! A fault on the demo plant is looked into by the crew once, each part is on the case, and one report is delivered within a minute.

use crate::program::Program;
use millwright_standin::models::{ModelServer, Say, Tongue, Trouble};
use serde_json::Value;
use std::path::Path;

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

/// Settings of a model in the house, as a server that speaks OpenAI's way.
fn house_model(server: &ModelServer, key: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("MILLWRIGHT_OUTWARD__ALLOW", "[\"127.0.0.1\"]".into()),
        ("MILLWRIGHT_MODELS__DEPLOYMENTS__HOUSE__SPEAKS", "openai".into()),
        ("MILLWRIGHT_MODELS__DEPLOYMENTS__HOUSE__MODEL", ModelServer::MODEL.into()),
        ("MILLWRIGHT_MODELS__DEPLOYMENTS__HOUSE__API", server.api()),
        ("MILLWRIGHT_MODELS__DEPLOYMENTS__HOUSE__KEY", key.display().to_string()),
        ("MILLWRIGHT_MODELS__DEPLOYMENTS__HOUSE__LOCAL", "true".into()),
    ]
}

const SPENT: &str = "{ budgets { scope calls held { tokens } windows { window settled } } cases(first: 1) { edges { node { timeline { kind summary }
    investigation { report { text model } } } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_model_summarises_the_report_and_every_token_is_on_the_ledger() {
    let server = ModelServer::start(Tongue::OpenAi).await.unwrap();
    server.has(Trouble::Fails);
    server.says(Say::Text("The bearing of the pump wears; look at its grease first.".into()));
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, ModelServer::KEY).unwrap();
    let settings = house_model(&server, &key);
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let program = Program::demo_with(&folder.path().join("data"), &[], &settings).await;
    let reported = |answer: &Value| {
        let case = answer.pointer("/cases/edges/0/node")?;
        case.pointer("/investigation/report/text")?.is_string().then(|| answer.clone())
    };
    let answer = program.until(SPENT, reported).await;
    let report = answer.pointer("/cases/edges/0/node/investigation/report").unwrap();
    let text = report["text"].as_str().unwrap();
    assert!(text.starts_with("The bearing of the pump wears") && text.contains("Feel and listen"), "the rules' report stays below: {text}");
    assert!(report["model"].as_str().unwrap().starts_with(ModelServer::MODEL), "{report}");
    let calls: Vec<&str> = answer
        .pointer("/cases/edges/0/node/timeline")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["kind"] == "ModelCalled")
        .filter_map(|entry| entry["summary"].as_str())
        .collect();
    assert_eq!(calls.len(), 2, "one that failed, one that answered: {calls:?}");
    let budgets = answer["budgets"].as_array().unwrap();
    let settled = |scope: &str| {
        let of = budgets.iter().find(|budget| budget["scope"] == scope).unwrap_or_else(|| panic!("no budget {scope}: {budgets:?}"));
        assert_eq!(of["held"], serde_json::json!([]), "nothing is held any more: {of}");
        of["windows"].as_array().unwrap().iter().find(|window| window["window"] == "DAY").unwrap()["settled"].as_u64().unwrap()
    };
    let billed: u64 = server.bills().iter().map(|bill| bill.total()).sum();
    assert!(settled("site") >= billed && billed > 0, "{} settled, {billed} billed", settled("site"));
    assert_eq!((settled("agent/svc-weaver"), settled("provider/openai")), (settled("site"), settled("site")));
}
