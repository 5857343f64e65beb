//! What people and programs get wrong: each gets a clear error that says what to do next, and nothing is lost.

use crate::program::{Program, run, text};
use serde_json::json;
use std::{fs, path::Path};

const PLANT: &str = include_str!("../config/plant.example.toml");

fn furnished(folder: &Path, plant: &str) {
    fs::write(folder.join("plant.toml"), plant).unwrap();
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let settings = format!("policy = {:?}\nrules = {:?}\n", config.join("policy.yaml"), config.join("rules"));
    fs::write(folder.join("millwright.toml"), settings).unwrap();
}

/// What `check` says to this plant file.
fn refused(plant: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    furnished(folder.path(), plant);
    let output = run(&["check"], folder.path());
    assert!(!output.status.success(), "it was accepted: {}", text(&output.stdout));
    text(&output.stderr)
}

#[test]
fn the_example_plant_can_be_used_and_its_addresses_are_echoed_in_one_form() {
    let folder = tempfile::tempdir().unwrap();
    furnished(folder.path(), PLANT);
    let output = run(&["check"], folder.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    assert!(told.contains("1!holding:0:f32") || told.contains("1!hr:0:f32"), "40001 is holding 0: {told}");
}

#[test]
fn the_composed_installation_reads_the_plant_that_is_composed_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let told = text(&run(&["plant", "--at", "127.0.0.1:1502", "--describe"], folder.path()).stdout);
    let shipped = include_str!("../config/compose/plant.toml");
    let described = shipped.split_once('\n').map(|(_, rest)| rest);
    assert_eq!(described, Some(told.as_str()), "write config/compose/plant.toml anew");
}

#[test]
fn an_unknown_key_is_named_and_so_are_the_known_ones() {
    let told = refused(&PLANT.replace("byte_order = \"ABCD\"", "byteorder = \"ABCD\""));
    assert!(told.contains("byteorder"), "{told}");
}

#[test]
fn an_impossible_address_is_refused_with_its_place() {
    for impossible in ["hr:65536", "50001", "hr:-1", "hr:65535"] {
        let told = refused(&PLANT.replace("\"40001\"", &format!("{impossible:?}")));
        let place = told.contains("points[0]") || told.contains("line");
        assert!(place && told.contains("holding 0"), "{impossible}: {told}");
    }
}

#[test]
fn a_signal_that_nobody_described_is_refused() {
    let told = refused(&PLANT.replace("signal = \"pump-1/flow\"", "signal = \"pump-1/flaw\""));
    assert!(told.contains("pump-1/flaw"), "{told}");
}

#[test]
fn a_missing_plant_file_is_answered_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["run"], folder.path());
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("config/plant.example.toml"), "{}", text(&output.stderr));
}

#[test]
fn rows_that_cannot_be_read_are_refused_with_file_and_line_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let map = "time = \"time\"\nlabels = [\"label\"]\n";
    fs::write(folder.path().join("map.toml"), map).unwrap();
    let rows: String = (0..50).map(|second| format!("2026-01-01T00:00:{second:02}Z,{}.5,0\n", 20 + second % 3)).collect();
    let csv = format!("time,flow,label\n{rows}2026-01-01T00:00:50Z,wet,0\n2026-01-01T00:00:10Z,1.0,0\n2026-01-01T00:00:51Z,21.0,0\n");
    fs::write(folder.path().join("a.csv"), csv).unwrap();
    let output = run(&["import", "--format", "csv", "--map", "map.toml", "a.csv"], folder.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("51 rows taken, 2 refused"), "{}", text(&output.stdout));
    let told = text(&output.stderr);
    assert!(told.contains("a.csv:52") && told.contains("a.csv:53"), "{told}");
}

#[test]
fn a_log_of_a_newer_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.csv"), "time,flow\n2026-01-01T00:00:00Z,1\n").unwrap();
    fs::write(folder.path().join("map.toml"), "time = \"time\"\n").unwrap();
    let import = ["import", "--format", "csv", "--map", "map.toml", "a.csv"];
    assert!(run(&import, folder.path()).status.success());
    let ledger = folder.path().join("data/log/ledger.db");
    let database = rusqlite::Connection::open(&ledger).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    let output = run(&import, folder.path());
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("newer"), "{}", text(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_none_get_an_answer_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::demo(&folder.path().join("data"), &[]).await;
    let http = reqwest::Client::new();
    let graphql = format!("{}/graphql", program.url);

    let malformed = http.post(&graphql).header("content-type", "application/json").body("{\"query\": ").send().await.unwrap();
    assert_eq!(malformed.status(), 400);
    let huge = format!("{{\"query\": \"{{ plants {{ site }} }} #{}\"}}", "x".repeat(10 << 20));
    let refused = http.post(&graphql).header("content-type", "application/json").body(huge).send().await.unwrap();
    assert_eq!(refused.status(), 413);
    let elsewhere = http.post(&graphql).header("origin", "http://evil.example").json(&json!({"query": "{ plants { site } }"})).send().await.unwrap();
    assert_eq!(elsewhere.status(), 403);
    let rebound = http.get(format!("{}/health", program.url)).header("host", "evil.example").send().await.unwrap();
    assert_eq!(rebound.status(), 403);
    let unknown = http.post(format!("{}/scenario/load", program.url)).json(&json!("no_such_scenario")).send().await.unwrap();
    assert!(unknown.status().is_client_error());
    assert!(unknown.text().await.unwrap().contains("chronic_wear"), "the known scenarios are named");
    let health = http.get(format!("{}/health", program.url)).send().await.unwrap();
    assert!(health.status().is_success());
}

#[test]
fn no_flag_opens_the_program_to_others() {
    let folder = tempfile::tempdir().unwrap();
    furnished(folder.path(), PLANT);
    let output = run(&["run", "--listen", "0.0.0.0:0"], folder.path());
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("loopback"), "{}", text(&output.stderr));
}

#[test]
fn looking_where_no_log_is_says_how_to_name_one() {
    let folder = tempfile::tempdir().unwrap();
    for look in [&["log", "tail"][..], &["log", "stats"], &["replay", "--to", "1"], &["audit", "export"], &["audit", "verify"]] {
        let output = run(look, folder.path());
        assert!(!output.status.success() && text(&output.stderr).contains("--data"), "{look:?}: {}", text(&output.stderr));
    }
}
