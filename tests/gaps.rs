//! A wire that is cut and a program that is killed: what is missing is on the ledger, and the machine's case opens and closes by itself.

use crate::{cluster::proxy::Proxy, program::Program, soak::free_address};
use serde_json::{Value, json};
use std::path::Path;

async fn start(folder: &Path, plant: &str, wire: &str) -> Program {
    Program::demo(folder, &["--speed", "60", "--scenario", "normal", "--plant", plant, "--wire", wire]).await
}

/// The summaries of all facts of a kind by the collector, once there are so many.
async fn told(program: &Program, kind: &str, count: usize) -> Vec<String> {
    let query = format!("{{ audit(first: 50, filter: {{ kind: \"{kind}\", actor: \"svc-collector\" }}) {{ nodes {{ summary }} }} }}");
    let summaries = |answer: &Value| -> Vec<String> {
        let nodes = answer["audit"]["nodes"].as_array().into_iter().flatten();
        nodes.filter_map(|node| node["summary"].as_str().map(str::to_string)).collect()
    };
    program.until(&query, |answer| Some(summaries(answer)).filter(|found| found.len() >= count)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_gap_is_on_the_ledger_and_a_silent_device_opens_one_case_that_closes_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let wire = Proxy::new().await;
    let (plant, wired) = (free_address(), wire.address.to_string());
    wire.lead_to(plant);
    let program = start(folder.path(), &plant.to_string(), &wired).await;
    told(&program, "DeviceAssigned", 1).await;
    program.until("{ health { parts { name ok } } }", device_is_well).await;

    wire.cut();
    let fell = told(&program, "DeviceFellSilent", 1).await;
    assert!(fell[0].contains("unit 1 of plc-1 has not answered since"), "{fell:?}");
    // Three checks, a minute of the plant each.
    let alerts = told(&program, "AlertRaised", 1).await;
    assert!(alerts[0].starts_with("collector raised an alert on pump-1"), "{alerts:?}");
    wire.mend();
    let answered = told(&program, "DeviceAnswered", 1).await;
    assert!(answered[0].contains("unit 1 of plc-1 answers again; silent from"), "{answered:?}");
    let cases = "{ cases(first: 10) { nodes { status outcome { outcome } alerts } } }";
    let closed = |answer: &Value| {
        let nodes = answer["cases"]["nodes"].as_array()?.clone();
        nodes.iter().all(|case| case["status"] == json!("CLOSED")).then_some(nodes)
    };
    let closed = program.until(cases, closed).await;
    assert_eq!((closed.len(), closed[0]["outcome"]["outcome"].as_str()), (1, Some("SELF_RECOVERED")), "{closed:?}");

    program.kill();
    let program = start(folder.path(), &plant.to_string(), &wired).await;
    let resumed = told(&program, "CollectionResumed", 1).await;
    assert!(resumed[0].starts_with("nothing was collected from plc-1 from") && resumed[0].ends_with("no collector was running"), "{resumed:?}");
    assert!(program.terminate());
}

fn device_is_well(answer: &Value) -> Option<()> {
    let parts = answer["health"]["parts"].as_array()?;
    parts.iter().find(|part| part["name"] == json!("device plc-1") && part["ok"] == json!(true)).map(|_| ())
}
