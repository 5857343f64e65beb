//! Real recordings of a water circuit, where they are at hand: how well the detectors do, and the same road for imported readings.

use crate::program::{run, text};
use serde_json::Value;
use std::path::PathBuf;

/// The recordings' folder; without it the test says that it was skipped, and in CI that is a failure.
fn valve1() -> Option<PathBuf> {
    let shared = std::env::var("MILLWRIGHT_SHARED").map_or_else(|_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = shared.join("data/skab/valve1");
    if folder.exists() {
        return Some(folder);
    }
    let skipped = format!("SKIPPED: no recordings at {}; set MILLWRIGHT_SHARED to the folder that holds data/", folder.display());
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{skipped}");
    eprintln!("{skipped}");
    None
}

#[test]
fn faults_of_a_real_valve_are_found_and_normal_running_is_left_alone() {
    let Some(folder) = valve1() else { return };
    let out = tempfile::tempdir().unwrap();
    let output = run(&["evaluate", "--protocol", "skab", folder.to_str().unwrap(), "--json", "--predictions", "out.csv"], out.path());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let figure = |name: &str| report[name].as_f64().unwrap();
    assert!(figure("f1") >= 0.80, "{report}");
    assert!(figure("far") <= 0.20, "{report}");
    let predictions = std::fs::read_to_string(out.path().join("out.csv")).unwrap();
    assert!(predictions.starts_with("file,row,score,alarm\n0.csv,400,"), "every row from 400 on");
    assert_eq!(predictions.lines().count() as u64, 1 + report["scored_rows"].as_u64().unwrap());
}

#[test]
fn recordings_go_the_same_road_once_and_act_on_nothing() {
    let Some(folder) = valve1() else { return };
    let place = tempfile::tempdir().unwrap();
    let file = folder.join("0.csv");
    let import = ["import", "--format", "skab", file.to_str().unwrap()];
    let first = run(&import, place.path());
    assert!(first.status.success(), "{}", text(&first.stderr));
    assert!(text(&first.stdout).contains("1147 rows taken, 0 refused"), "{}", text(&first.stdout));
    let state = |place: &std::path::Path| -> Value { serde_json::from_slice(&run(&["replay", "--to", "100000", "--json"], place).stdout).unwrap() };
    let before = state(place.path());
    assert!(!before["cases"].as_array().unwrap().is_empty(), "{before}");
    assert!(before["cases"].as_array().unwrap().iter().all(|case| case["actions"].as_array().unwrap().is_empty()), "an import acts on nothing");
    run(&import, place.path());
    assert_eq!(state(place.path())["cases"], before["cases"], "the same file again adds nothing");

    let rules = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config/rules");
    let settings = format!("rules = {rules:?}\n[monitor]\nlearning_s = 400\n");
    std::fs::write(place.path().join("millwright.toml"), settings).unwrap();
    let same = run(&["replay", "--rules", rules.to_str().unwrap(), "--json"], place.path());
    assert!(same.status.success(), "{}", text(&same.stderr));
    let difference: Value = serde_json::from_slice(&same.stdout).unwrap();
    assert_eq!((difference["only_before"].as_array().map(Vec::len), difference["only_after"].as_array().map(Vec::len)), (Some(0), Some(0)));
}
