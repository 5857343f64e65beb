//! The road, walked by the real program: a bearing wears out, a person says yes, the pump slows down, the case is closed; also across a kill.

use crate::program::{Program, run, text};
use serde_json::{Value, json};

const PENDING: &str = "{ pendingApprovals { id binding name what write { value } } }";
const CASES: &str = "{ cases(first: 5) { edges { node { id stage status diagnosis { cause } actions { name stage readBack } } } } }";
const APPROVE: &str = "mutation($action: ID!, $binding: String!) { approveAction(action: $action, binding: $binding) { kind code position } }";

fn pending(answer: &Value) -> Option<(String, String)> {
    let first = answer.pointer("/pendingApprovals/0")?;
    Some((first["id"].as_str()?.to_string(), first["binding"].as_str()?.to_string()))
}

#[test]
fn a_headless_demo_walks_the_whole_road_and_tells_it_as_one_object() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["demo", "--headless", "--until-closed", "1", "--json"], folder.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let case = &told["cases"][0];
    assert!(told["readings"].as_u64().unwrap() > 1_000 && told["alerts"].as_u64().unwrap() >= 1, "{told}");
    assert_eq!((&case["cause"], &case["truth"]), (&json!("bearing_wear"), &json!("bearing_wear")), "{told}");
    assert_eq!((&case["action"], &case["approval"]), (&json!("slow_pump_to_75pct"), &json!("require_approval")), "{told}");
    assert_eq!((&case["action_stage"], &case["outcome"]), (&json!("completed"), &json!("repaired")), "{told}");
    assert!(case["seconds_to_alert"].as_f64().unwrap() > 0.0, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_survives_a_kill_and_its_yes_is_executed_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let program = Program::demo(&data, &[]).await;
    let (action, binding) = program.until(PENDING, pending).await;
    program.kill();

    let program = Program::demo(&data, &[]).await;
    let (again, same) = program.until(PENDING, pending).await;
    assert_eq!((again, same), (action.clone(), binding.clone()), "the same proposal waits");
    // The pump must have been read since the start, or the rules rightly refuse to act.
    let live = "{ plant(site: \"demo\") { assets { signals { id latest { value } } } } health { parts { name ok } } }";
    let connected = |answer: &Value| {
        let parts = answer.pointer("/health/parts")?.as_array()?;
        parts.iter().any(|part| part["name"] == "device plc-1" && part["ok"] == true).then_some(())
    };
    program.until(live, connected).await;
    let answer = program.ask(APPROVE, json!({"action": action, "binding": binding})).await;
    assert_eq!(answer.pointer("/approveAction/kind"), Some(&json!("DONE")), "{answer}");
    let ended = |answer: &Value| {
        let actions = answer.pointer("/cases/edges/0/node/actions")?.as_array()?;
        let write = actions.iter().find(|action| action["name"] == "slow_pump_to_75pct")?;
        ["COMPLETED", "VOIDED", "FAILED", "UNVERIFIED"].contains(&write["stage"].as_str()?).then(|| write.clone())
    };
    let write = program.until(CASES, ended).await;
    assert_eq!(write["stage"], "COMPLETED", "{write}");
    assert_eq!(write["readBack"], 1_110.0);
    assert!(program.terminate(), "it drains and ends well");

    let verified = run(&["audit", "verify", "--readings", "--data", data.to_str().unwrap()], folder.path());
    assert!(verified.status.success(), "{}{}", text(&verified.stdout), text(&verified.stderr));
    assert!(text(&verified.stdout).contains("ledger/demo"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_verifies_anywhere_and_one_changed_letter_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let program = Program::demo(&data, &[]).await;
    program.until("{ plants { site } }", |answer| answer.pointer("/plants/0").map(|_| ())).await;
    program.terminate();
    let at = data.to_str().unwrap().to_string();
    let exported = run(&["audit", "export", "--data", &at, "--out", "ledger.jsonl"], folder.path());
    assert!(exported.status.success(), "{}", text(&exported.stderr));
    assert!(run(&["audit", "verify", "--file", "ledger.jsonl"], folder.path()).status.success());
    let file = folder.path().join("ledger.jsonl");
    let changed = std::fs::read_to_string(&file).unwrap().replacen("svc-settings", "svc-settingz", 1);
    std::fs::write(&file, changed).unwrap();
    let refused = run(&["audit", "verify", "--file", "ledger.jsonl"], folder.path());
    assert!(!refused.status.success());
    assert!(text(&refused.stdout).contains("is not what was written"), "{}", text(&refused.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_as_of_an_earlier_time_is_the_state_of_that_time() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let program = Program::demo(&data, &[]).await;
    program.until(PENDING, pending).await;
    program.terminate();
    let at = data.to_str().unwrap().to_string();
    let whole = run(&["replay", "--data", &at, "--as-of", "2999-01-01T00:00:00Z", "--json"], folder.path());
    let before = run(&["replay", "--data", &at, "--to", "5", "--json"], folder.path());
    let (whole, before): (Value, Value) = (serde_json::from_slice(&whole.stdout).unwrap(), serde_json::from_slice(&before.stdout).unwrap());
    assert_eq!(whole["cases"][0]["stage"], "awaiting_approval", "{whole}");
    assert_eq!((&before["facts"], &before["cases"]), (&json!(5), &json!([])), "{before}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_look_at_is_rebuilt_to_the_letter_and_not_under_a_running_program() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let program = Program::demo(&data, &[]).await;
    program.until(PENDING, pending).await;
    let at = data.to_str().unwrap().to_string();
    let refused = run(&["rebuild", "--data", &at], folder.path());
    assert!(!refused.status.success() && text(&refused.stderr).contains("another millwright"), "{}", text(&refused.stderr));
    assert!(program.terminate());
    let rebuilt = run(&["rebuild", "--data", &at], folder.path());
    assert!(rebuilt.status.success(), "{}{}", text(&rebuilt.stdout), text(&rebuilt.stderr));
    let told = text(&rebuilt.stdout);
    assert!(told.contains("the ledger's projections: rebuilt") && told.contains("the readings' rollups: rebuilt"), "{told}");
}
