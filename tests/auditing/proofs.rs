//! Proofs that hold without the program, and what does not hold any more once something was changed.

use super::{refuses, says};
use crate::program::Program;
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::{Field, Row},
};
use serde_json::{Value, json};
use std::fs;

const EVENTS: &str = "{ audit(first: 50) { nodes { id kind partition seq } } }";
const PROOF: &str = "query($id: ID!) { proof(eventId: $id) { seq treeSize path json checkpoint { treeSize publicKey note signature } } }";
const FORGET: &str = "mutation($person: ID!) { forgetPerson(person: $person) { reason } }";

fn ids(answer: &Value) -> Vec<(String, String)> {
    let nodes = answer["audit"]["nodes"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    nodes.iter().map(|node| (text(&node["id"]), text(&node["kind"]))).collect()
}

#[tokio::test]
async fn a_fact_is_proved_offline_and_not_once_a_letter_of_it_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (at, data) = (folder.path(), folder.path().join("data"));
    let data_text = data.display().to_string();
    let program = Program::demo(&data, &[]).await;
    let first = program.until(EVENTS, |answer| ids(answer).into_iter().find(|(_, kind)| kind == "PlantDescribed")).await;
    assert!(program.terminate(), "it drains");
    // A clean stop signed everything.
    let verified = says(&["audit", "verify", "--readings", "--data", &data_text], at);
    assert!(verified.contains("ledger/demo: 1 checkpoint holds") && verified.contains("ledger/_platform: 1 checkpoint holds"), "{verified}");
    says(&["audit", "prove", &first.0, "--out", "proof.json", "--data", &data_text], at);
    let said = says(&["audit", "verify", "--proof", "proof.json"], at);
    assert!(said.contains("PlantDescribed") && said.contains("a key you trust is for you to say"), "{said}");
    let key = says(&["audit", "key", "show", "--data", &data_text], at);
    let key = key.lines().next().unwrap();
    assert!(says(&["audit", "verify", "--proof", "proof.json", "--key", key], at).contains("signed with"));
    let other = "GlzZBxQ8OExB6DDFvOEqqIF+xWSaqr8sMTiLNbLXRNY=";
    assert!(refuses(&["audit", "verify", "--proof", "proof.json", "--key", other], at).contains("NOT PROVED"));
    let proof = fs::read_to_string(at.join("proof.json")).unwrap();
    for (old, new) in [("svc-settings", "svc-somebody"), ("\"seq\": 2", "\"seq\": 3"), ("\"tree_size\": ", "\"tree_size\": 1")] {
        fs::write(at.join("changed.json"), proof.replacen(old, new, 1)).unwrap();
        if proof.contains(old) {
            assert!(refuses(&["audit", "verify", "--proof", "changed.json"], at).contains("NOT PROVED"), "{old}");
        }
    }
}

#[tokio::test]
async fn a_forgotten_person_leaves_every_proof_valid() {
    let folder = tempfile::tempdir().unwrap();
    let (at, data) = (folder.path(), folder.path().join("data"));
    let data_text = data.display().to_string();
    let settings = at.join("m.toml");
    fs::write(&settings, "[audit]\ncheckpoint_every_s = 1\n[log]\nseal_every_s = 1\n").unwrap();
    let program = Program::demo(&data, &["--config", &settings.display().to_string()]).await;
    let introduced = program.until(EVENTS, |answer| ids(answer).into_iter().find(|(_, kind)| kind == "PersonIntroduced")).await;
    let proof = program.until_with(PROOF, json!({"id": introduced.0}), |answer| answer["proof"]["json"].as_str().map(str::to_string)).await;
    fs::write(at.join("before.json"), proof).unwrap();
    // Copies that somebody else holds.
    let kept = reqwest::get(format!("{}/audit/checkpoints", program.url)).await.unwrap().text().await.unwrap();
    fs::write(at.join("kept.txt"), &kept).unwrap();
    let name = data.join("keys/demo-operator.key");
    assert!(fs::metadata(&name).unwrap().len() > 0);
    program.ask(FORGET, json!({"person": "demo-operator"})).await;
    assert!(program.terminate(), "it drains");
    assert_eq!(fs::metadata(&name).unwrap().len(), 0, "the key is gone");
    assert!(says(&["audit", "verify", "--proof", "before.json"], at).contains("PersonIntroduced"));
    let verified = says(&["audit", "verify", "--checkpoints", "kept.txt", "--readings", "--data", &data_text], at);
    assert!(verified.contains("checkpoints that were kept elsewhere are of this ledger"), "{verified}");
    says(&["audit", "prove", &introduced.0, "--out", "after.json", "--data", &data_text], at);
    assert!(says(&["audit", "verify", "--proof", "after.json"], at).contains("PersonIntroduced"));
    says(&["audit", "prove", "--reading", "plc-1/2/0", "--out", "reading.json", "--data", &data_text], at);
    assert!(says(&["audit", "verify", "--proof", "reading.json"], at).contains("scan 0 of plc-1 under epoch 2 is under a seal"));
    // Exports, as lines that can be verified and as columns.
    says(&["audit", "export", "--out", "all.jsonl", "--data", &data_text], at);
    assert!(says(&["audit", "verify", "--file", "all.jsonl"], at).contains("are what was written"));
    says(&["audit", "export", "--kind", "CheckpointSigned", "--out", "some.jsonl", "--data", &data_text], at);
    assert!(says(&["audit", "verify", "--file", "some.jsonl"], at).contains("left out of the export"));
    says(&["audit", "export", "--format", "parquet", "--out", "all.parquet", "--data", &data_text], at);
    let lines = fs::read_to_string(at.join("all.jsonl")).unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let columns = SerializedFileReader::new(fs::File::open(at.join("all.parquet")).unwrap()).unwrap();
    let rows: Vec<Row> = columns.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows.len(), lines.len());
    for (row, line) in rows.iter().zip(&lines) {
        let cell = |name: &str| row.get_column_iter().find(|(column, _)| *column == name).unwrap().1.clone();
        let text = |name: &str| if let Field::Str(text) = cell(name) { text } else { panic!("{name} is no text in {row}") };
        assert_eq!(serde_json::from_str::<Value>(&text("record")).unwrap(), line["record"]);
        assert_eq!((text("partition").as_str(), text("hash").as_str()), (line["partition"].as_str().unwrap(), line["hash"].as_str().unwrap()));
        assert_eq!(cell("seq"), Field::Long(line["seq"].as_i64().unwrap()));
        assert_eq!((text("id"), text("type")), (line["record"]["id"].as_str().unwrap().into(), line["record"]["type"].as_str().unwrap().into()));
        assert_eq!(cell("recorded_at"), Field::TimestampMicros(line["record"]["recorded_at"].as_i64().unwrap()));
    }
}

#[tokio::test]
async fn a_ledger_that_was_written_anew_is_not_that_of_the_kept_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let (at, data) = (folder.path(), folder.path().join("data"));
    let data_text = data.display().to_string();
    let program = Program::demo(&data, &[]).await;
    program.until(EVENTS, |answer| ids(answer).into_iter().find(|(_, kind)| kind == "DeviceAssigned")).await;
    assert!(program.terminate());
    fs::copy(data.join("checkpoints/demo.txt"), at.join("kept.txt")).unwrap();
    says(&["audit", "verify", "--checkpoints", "kept.txt", "--data", &data_text], at);
    // Another ledger under the same key, whose chain and checkpoints hold in themselves.
    for gone in ["log", "projections", "answers.db", "trees", "checkpoints", "agents", "spool"] {
        let gone = data.join(gone);
        drop(if gone.is_dir() { fs::remove_dir_all(gone) } else { fs::remove_file(gone) });
    }
    let program = Program::demo(&data, &[]).await;
    program.until(EVENTS, |answer| ids(answer).into_iter().find(|(_, kind)| kind == "DeviceAssigned")).await;
    assert!(program.terminate());
    says(&["audit", "verify", "--data", &data_text], at);
    let found = refuses(&["audit", "verify", "--checkpoints", "kept.txt", "--data", &data_text], at);
    assert!(found.contains("written anew") || found.contains("shortened"), "{found}");
    // A new key is vouched for by the old one, and the next checkpoint is signed with it.
    let rotated = says(&["audit", "key", "rotate", "--data", &data_text], at);
    assert!(rotated.contains("vouches for it"), "{rotated}");
    let program = Program::demo(&data, &[]).await;
    assert!(program.terminate());
    let verified = says(&["audit", "verify", "--data", &data_text], at);
    assert!(verified.contains("ledger/demo: 2 checkpoints hold") && !verified.contains("NOTE"), "{verified}");
}
