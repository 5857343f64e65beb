//! The past of the real program: while it runs, across a kill, and from the command line.

use crate::program::{Program, millwright, run, text};
use millwright_domain::Timestamp;
use serde_json::{Value, json};
use std::path::Path;

const PENDING: &str = "{ pendingApprovals { id binding } logExtent { first last facts } }";
const APPROVE: &str = "mutation($action: ID!, $binding: String!) { approveAction(action: $action, binding: $binding) { kind } }";
const THEN: &str = "query($at: DateTime) { pendingApprovals(asOf: $at) { id } cases(asOf: $at) { nodes { actions { stage } } } }";

/// The proposal that waits, its binding, and the last time of recording there is.
fn waiting(answer: &Value) -> Option<(Value, Value, String)> {
    let first = answer.pointer("/pendingApprovals/0")?;
    Some((first["id"].clone(), first["binding"].clone(), answer["logExtent"]["last"].as_str()?.to_string()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_is_shown_waiting_after_it_was_decided_and_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let program = Program::demo(&data, &[]).await;
    let (action, binding, at) = program.until(PENDING, waiting).await;
    let answer = program.ask(APPROVE, json!({ "action": action, "binding": binding })).await;
    assert_eq!(answer["approveAction"]["kind"], "DONE", "{answer}");
    let then = program.ask(THEN, json!({ "at": at })).await;
    assert_eq!(then["pendingApprovals"], json!([{ "id": action }]), "{then}");
    program.kill();
    let program = Program::demo(&data, &[]).await;
    assert_eq!(program.ask(THEN, json!({ "at": at })).await, then, "the past does not change");
    let gone = |answer: &Value| answer["pendingApprovals"].as_array()?.is_empty().then_some(());
    program.until(PENDING, gone).await;
    let extent = program.ask(PENDING, json!({})).await["logExtent"].clone();
    assert!(program.terminate());
    compared(&data, &at, extent["last"].as_str().unwrap());
}

fn compared(data: &Path, from: &str, to: &str) {
    let (from, to): (Timestamp, Timestamp) = (from.parse().unwrap(), to.parse().unwrap());
    let (folder, at) = (data.parent().unwrap(), data.to_str().unwrap());
    let output = run(&["replay", "--data", at, "--compare", &from.to_string(), &to.to_string(), "--json"], folder);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let differs = |one: &Value| one["before"] == "awaiting_approval" && one["after"] != "awaiting_approval";
    assert!(told["differences"].as_array().unwrap().iter().any(differs), "{told}");
    assert!(text(&output.stderr).contains("a second"), "the pace is told: {}", text(&output.stderr));
    let policy = folder.join("strict.yaml");
    let shipped = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config/policy.yaml")).unwrap();
    std::fs::write(&policy, format!("{shipped}\nrisk: {{ slow_pump_to_75pct: high }}\n")).unwrap();
    let output = run(&["replay", "--data", at, "--policy", policy.to_str().unwrap(), "--json"], folder);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let ruling = told["rulings"].as_array().unwrap().iter().find(|ruling| ruling["name"] == "slow_pump_to_75pct").unwrap_or_else(|| panic!("{told}"));
    assert_eq!((&ruling["risk_before"], &ruling["risk_after"]), (&json!("medium"), &json!("high")), "{told}");
    tried_on_rules(folder, at);
}

/// The demo learns for ten minutes, a plant for two days: whoever forgets that is told.
fn tried_on_rules(folder: &Path, at: &str) {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/rules");
    let said = |learning_s: &str| {
        let mut command = millwright();
        command
            .args(["replay", "--data", at, "--rules"])
            .arg(&rules)
            .env("MILLWRIGHT_RULES", &rules)
            .env("MILLWRIGHT_MONITOR__LEARNING_S", learning_s);
        let output = command.current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let (otherwise, alike) = (said("172800"), said("600"));
    assert!(otherwise.contains("0 gone, 0 new, 0 the same") && otherwise.contains("set MILLWRIGHT_MONITOR__LEARNING_S=60"), "{otherwise}");
    assert!(alike.contains("0 gone, 0 new, ") && !alike.contains(" 0 the same") && !alike.contains("NOTE"), "{alike}");
    assert!(!alike.contains("proposals"), "no policy was tried: {alike}");
}
