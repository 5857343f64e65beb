//! The demo on Apache Kafka: the whole road as on the embedded log, and a second demo that goes on where the first ended.

use crate::{
    cluster::servers::Kafka,
    program::{millwright, text},
};
use millwright_domain::Timestamp;
use serde_json::{Value, json};
use std::{path::Path, process::Output};
use uuid::Uuid;

struct OnKafka<'a> {
    folder: &'a Path,
    bootstrap: String,
    prefix: String,
}

impl OnKafka<'_> {
    fn told(&self, arguments: &[&str]) -> Output {
        let settings = [("LOG__ENGINE", "kafka"), ("KAFKA__BOOTSTRAP", &self.bootstrap), ("KAFKA__PREFIX", &self.prefix), ("CLUSTER__NODE", "demo")];
        let mut command = millwright();
        command.args(arguments).arg("--data").arg(self.folder.join("data")).current_dir(self.folder);
        command.envs(settings.map(|(name, value)| (format!("MILLWRIGHT_{name}"), value)));
        let output = command.output().expect("the program starts");
        assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
        output
    }
    fn demo(&self) -> Value {
        let output = self.told(&["demo", "--headless", "--until-closed", "1", "--json", "--log-level", "warn"]);
        serde_json::from_slice(&output.stdout).expect("one JSON object")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_headless_demo_walks_the_whole_road_on_kafka_and_another_goes_on_from_there() {
    let Some(kafka) = Kafka::shared().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = OnKafka { folder: folder.path(), bootstrap: kafka.bootstrap, prefix: format!("demo-{}", Uuid::new_v4().simple()) };
    place.told(&["kafka", "init"]);
    let first = place.demo();
    let case = &first["cases"][0];
    assert_eq!((&case["cause"], &case["truth"]), (&json!("bearing_wear"), &json!("bearing_wear")), "{first}");
    assert_eq!((&case["action_stage"], &case["outcome"]), (&json!("completed"), &json!("repaired")), "{first}");
    place.told(&["audit", "verify"]);

    let second = place.demo();
    let closed = second["cases"].as_array().unwrap().iter().filter(|case| case["outcome"] == "repaired").count();
    assert_eq!(closed, 2, "{second}");
    assert!(second["readings"].as_u64() > first["readings"].as_u64(), "{second}");
    assert!(second["cases"][1]["seconds_to_alert"].as_f64().is_some_and(|seconds| seconds > 0.0), "it did not go back in time: {second}");
    the_past_and_a_backup_are_there_as_well(&place);
}

fn the_past_and_a_backup_are_there_as_well(place: &OnKafka<'_>) {
    let exported = text(&place.told(&["audit", "export"]).stdout);
    let facts: Vec<Value> = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["record"].take()).collect();
    let recorded = |kind: &str| {
        let fact = facts.iter().find(|fact| fact["type"] == kind).unwrap_or_else(|| panic!("no {kind} in {exported}"));
        Timestamp::from_micros(fact["recorded_at"].as_i64().unwrap())
    };
    let (waiting, done) = (recorded("ActionProposed").to_string(), recorded("OutcomeRecorded").to_string());
    let told = place.told(&["replay", "--compare", &waiting, &done, "--json"]);
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let differs = |one: &Value| one["before"] == "awaiting_approval" && one["after"] == "completed";
    assert!(told["differences"].as_array().unwrap().iter().any(differs), "{told}");
    let backup = place.folder.join("backup");
    place.told(&["backup", "--to", backup.to_str().unwrap()]);
    let mut checked = 0;
    for file in std::fs::read_dir(&backup).unwrap().map(|file| file.unwrap().path()).filter(|file| file.extension().is_some_and(|end| end == "jsonl"))
    {
        place.told(&["audit", "verify", "--file", file.to_str().unwrap()]);
        checked += 1;
    }
    assert!(checked >= 2, "the site's ledger and the platform's");
}
