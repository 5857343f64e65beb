//! A fault on the demo plant is looked into by the crew once, each part is on the case, and one report is delivered within a minute.

mod letters;
mod moody;

use crate::program::Program;
use millwright_standin::models::{ModelServer, Tongue};
use serde_json::Value;
use std::path::Path;

const LOOKED_INTO: &str = "{ cases(first: 5) { edges { node { id diagnosis { cause } timeline { kind } investigation { openedAt dueAt
    parts { agent state text why tookMs citations { document page } } report { by text missing at model } } } } } }";

/// On the case and on its timeline: the fields of one answer may be of different moments.
fn reported(answer: &Value) -> Option<Value> {
    let case = answer.pointer("/cases/edges/0/node")?;
    let is_told = case["timeline"].as_array()?.iter().any(|entry| entry["kind"] == "ReportDelivered");
    (is_told && case.pointer("/investigation/report/text")?.is_string()).then(|| case.clone())
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

/// Settings of a model in the house, as a server that speaks OpenAI's way, and a budget that is not what ends anything.
pub fn house_model(server: &ModelServer, key: &Path) -> Vec<(&'static str, String)> {
    std::fs::write(key, ModelServer::KEY).unwrap();
    vec![
        ("MILLWRIGHT_OUTWARD__ALLOW", "[\"127.0.0.1\"]".into()),
        ("MILLWRIGHT_BUDGET__TOKENS_PER_HOUR", "1000000".into()),
        ("MILLWRIGHT_BUDGET__TOKENS_PER_DAY", "1000000".into()),
        ("MILLWRIGHT_MODELS__DEPLOYMENTS__HOUSE__SPEAKS", "openai".into()),
        ("MILLWRIGHT_MODELS__DEPLOYMENTS__HOUSE__MODEL", ModelServer::MODEL.into()),
        ("MILLWRIGHT_MODELS__DEPLOYMENTS__HOUSE__API", server.api()),
        ("MILLWRIGHT_MODELS__DEPLOYMENTS__HOUSE__KEY", key.display().to_string()),
        ("MILLWRIGHT_MODELS__DEPLOYMENTS__HOUSE__LOCAL", "true".into()),
    ]
}

pub async fn demo_with(server: &ModelServer, folder: &Path, arguments: &[&str]) -> Program {
    let settings = house_model(server, &folder.join("key"));
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Program::demo_with(&folder.join("data"), arguments, &settings).await
}

const SPENT: &str = "{ budgets { scope held { tokens } windows { window settled } } cases(first: 1) { edges { node {
    investigation { parts { agent text model dropped } report { text model } } } } } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_model_chooses_and_words_what_the_rules_found_and_every_token_is_on_the_ledger() {
    let server = ModelServer::start(Tongue::OpenAi).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let program = demo_with(&server, folder.path(), &[]).await;
    let reported = |answer: &Value| {
        let case = answer.pointer("/cases/edges/0/node")?;
        case.pointer("/investigation/report/text")?.is_string().then(|| answer.clone())
    };
    program.until(SPENT, reported).await;
    // Asked anew: the budgets of one answer may be a moment older than its case.
    let answer = program.until(SPENT, reported).await;
    let found = answer.pointer("/cases/edges/0/node/investigation").unwrap();
    let parts = found["parts"].as_array().unwrap();
    let triage = parts.iter().find(|part| part["agent"] == "svc-triage").unwrap();
    let text = triage["text"].as_str().unwrap();
    assert!(text.starts_with("First in this case:\n- Feel and listen") && text.contains("\n1. Feel and listen"), "the list stays whole: {text}");
    assert!(triage["model"].as_str().unwrap().starts_with(ModelServer::MODEL) && triage["dropped"] == 0, "{triage}");
    let hunter = parts.iter().find(|part| part["agent"] == "svc-hunter").unwrap();
    assert!(hunter["model"].is_null() && hunter["text"].as_str().unwrap().starts_with("No source"), "without a manual no model is asked: {hunter}");
    let report = found["report"]["text"].as_str().unwrap();
    assert!(report.starts_with("In short:\n- something [Triage]") && report.contains("Feel and listen"), "{report}");
    let budgets = answer["budgets"].as_array().unwrap();
    let settled =
        |budget: &Value| budget["windows"].as_array().unwrap().iter().find(|window| window["window"] == "DAY").unwrap()["settled"].as_u64().unwrap();
    let of =
        |scope: &str| settled(budgets.iter().find(|budget| budget["scope"] == scope).unwrap_or_else(|| panic!("no budget {scope}: {budgets:?}")));
    assert!(budgets.iter().all(|budget| budget["held"] == serde_json::json!([])), "{budgets:?}");
    let billed: u64 = server.bills().iter().map(|bill| bill.total()).sum();
    let by_agents: u64 = budgets.iter().filter(|budget| budget["scope"].as_str().unwrap().starts_with("agent/")).map(settled).sum();
    assert_eq!((of("site"), of("provider/openai"), by_agents), (billed, billed, billed));
}
