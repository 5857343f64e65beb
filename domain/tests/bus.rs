//! The published JSON Schemas of the messages on a bus are those of the code, take what we send, and refuse what is not.
//! After a change that is meant: `BLESS=1 cargo test -p millwright-domain --test bus`.

use jsonschema::Validator;
use millwright_domain::bus;
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/mqtt")
}

fn file_name(name: &str) -> String {
    format!("{name}.schema.json")
}

fn published(name: &str) -> Validator {
    let text = fs::read_to_string(folder().join(file_name(name))).expect("a published schema");
    let schema: Value = serde_json::from_str(&text).expect("JSON");
    jsonschema::validator_for(&schema).unwrap_or_else(|error| panic!("{name} is no schema: {error}"))
}

const CASE: &str = "0190f0a0-0000-7000-8000-000000000001";

fn figure() -> Value {
    json!({"signal": "pump-1/vibration", "kind": "vibration", "feature": "drift", "magnitude": 4.2, "current": 3.4, "expected": 2.0,
        "window_s": 300, "ts": "2026-01-15T08:30:00.000000Z"})
}

/// One of each, as the program sends them.
fn examples() -> Vec<(&'static str, Value)> {
    let with_head = |name: &'static str, mut fields: Value| {
        let head = json!({"id": "5b1f7f0e-6f0c-5d2c-9a46-6d0b8f0d9a11", "ts": "2026-01-15T08:30:00.250000Z", "site": "demo", "asset": "pump-1", "case": CASE});
        fields.as_object_mut().expect("fields").extend(head.as_object().expect("fields").clone());
        (name, fields)
    };
    let action = json!({"action": CASE, "name": "slow_pump_to_75pct", "stage": "awaiting_approval"});
    vec![
        ("telemetry", json!({"ts": "2026-01-15T08:30:00Z", "speed": 1480.0, "motor": {"current": 12.5, "running": true}})),
        with_head("alert", json!({"severity": "high", "detector": "drift", "late": false, "evidence": [figure()]})),
        with_head(
            "diagnosis",
            json!({"cause": "bearing_wear", "confidence": 0.9, "by": "rules@1", "explanation": "it rumbles", "evidence_for": [figure()],
                "evidence_against": [], "suggests": ["slow_pump_to_75pct"]}),
        ),
        with_head(
            "ticket",
            json!({"status": "open", "stage": "awaiting_approval", "severity": "high", "cause": "bearing_wear",
                "opened_at": "2026-01-15T08:30:00.000000Z", "actions": [action], "link": format!("/#/cases/{CASE}")}),
        ),
        with_head("feedback", json!({"outcome": "repaired", "by": "person", "closes": true, "diagnosed": "bearing_wear", "evidence": []})),
    ]
}

#[test]
fn the_published_schemas_are_those_of_the_code() {
    let mut expected = BTreeSet::new();
    for (name, schema) in bus::schemas() {
        let file = folder().join(file_name(name));
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(folder()).expect("docs/mqtt");
            fs::write(&file, format!("{:#}\n", schema.as_value())).expect("docs/mqtt can be written");
        }
        let text = fs::read_to_string(&file).unwrap_or_default();
        let as_published = serde_json::from_str::<Value>(&text).is_ok_and(|published| published == *schema.as_value());
        assert!(as_published, "docs/mqtt/{name}.schema.json is not what the code says; BLESS=1 writes it anew, if the change is meant");
        expected.insert(file_name(name));
    }
    let entries = fs::read_dir(folder()).expect("docs/mqtt");
    let there: BTreeSet<String> = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name")).collect();
    assert_eq!(there, expected, "five schemas, and no other file");
}

#[test]
fn each_message_is_as_its_schema_says_and_reads_back_as_it_was() {
    for (name, example) in examples() {
        let problems: Vec<String> = published(name).iter_errors(&example).map(|problem| problem.to_string()).collect();
        assert!(problems.is_empty(), "{name}: {problems:#?}");
        let again = match name {
            "telemetry" => serde_json::to_value(serde_json::from_value::<bus::Telemetry>(example.clone()).expect(name)),
            "alert" => serde_json::to_value(serde_json::from_value::<bus::Alert>(example.clone()).expect(name)),
            "diagnosis" => serde_json::to_value(serde_json::from_value::<bus::Diagnosis>(example.clone()).expect(name)),
            "ticket" => serde_json::to_value(serde_json::from_value::<bus::Ticket>(example.clone()).expect(name)),
            _ => serde_json::to_value(serde_json::from_value::<bus::Feedback>(example.clone()).expect(name)),
        };
        let (again, example) = (again.expect("JSON"), without_times(example));
        assert_eq!(without_times(again), example, "{name}");
    }
}

/// Times are compared as schemas see them: 08:30:00Z and 08:30:00.000000Z are one.
fn without_times(mut message: Value) -> Value {
    if let Some(fields) = message.as_object_mut() {
        fields.remove("ts");
    }
    message
}

#[test]
fn a_message_without_one_of_its_required_fields_or_with_one_of_another_kind_is_refused() {
    for (name, example) in examples().into_iter().filter(|(name, _)| *name != "telemetry") {
        let schema = published(name);
        let fields: Vec<String> = example.as_object().expect("fields").keys().cloned().collect();
        for field in &fields {
            let mut wrong = example.clone();
            wrong[field] = json!([[[]]]);
            assert!(!schema.is_valid(&wrong), "{name}: a {field} of another kind passed");
        }
        for field in ["id", "ts", "site", "asset", "case"] {
            let mut wrong = example.clone();
            wrong.as_object_mut().expect("fields").remove(field);
            assert!(!schema.is_valid(&wrong), "{name} without {field} passed");
        }
    }
}

#[test]
fn telemetry_may_tell_its_time_in_words_in_milliseconds_or_not_at_all() {
    let schema = published("telemetry");
    for told in [json!({"ts": 1_768_465_800_250.0, "speed": 1480}), json!({"speed": 1480}), json!({"ts": "2026-01-15T08:30:00Z"})] {
        assert!(schema.is_valid(&told), "{told}");
        serde_json::from_value::<bus::Telemetry>(told).expect("it reads");
    }
    assert!(!schema.is_valid(&json!({"ts": {"sec": 1}})) && !schema.is_valid(&json!([1480])));
}
