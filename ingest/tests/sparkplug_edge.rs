//! Sparkplug B against an edge node whose payloads pysparkplug makes: births, deaths early and late, aliases, gaps, and commands.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "support/broker.rs"]
mod broker;
#[path = "support/peer.rs"]
mod peer;
#[path = "support/stage.rs"]
mod stage;

use broker::{Broker, mosquitto};
use chrono::TimeDelta;
use millwright_domain::{Timestamp, ports::write_device::WriteVerdict, reading::Quality};
use peer::{Peer, free_port, python};
use serde_json::{Value, json};
use stage::{SOON, Stage, at};
use support::eventually;

fn both() -> Option<(Broker, Peer)> {
    let (python, mosquitto) = (python()?, mosquitto()?);
    let port = free_port();
    let broker = Broker::start(mosquitto, port);
    Some((broker, Peer::script(&python, "sparkplug_edge.py", port, &[])))
}

fn node(broker: &Broker) -> Value {
    json!({ "protocol": "sparkplug", "address": broker.address().to_string(), "keep_alive_s": 1, "group": "plant", "node": "gw-1" })
}
fn rebirths(edge: &mut Peer) -> u64 {
    edge.ask("{}")["rebirths"].as_u64().unwrap()
}

#[tokio::test]
async fn every_type_arrives_as_the_birth_says_by_alias_alone() {
    let Some((broker, _edge)) = both() else { return };
    let mut mode = at("mode", "pump:Mode");
    mode["texts"] = json!({ "RUN": 1.0 });
    let names = ["Speed", "Torque", "Cold", "Frost", "Running"];
    let mut points: Vec<Value> = names.iter().map(|name| at(&name.to_lowercase(), &format!("plant/gw-1/pump/{name}"))).collect();
    points.extend([mode, at("uptime", ":Uptime"), at("table", "pump:Table")]);
    let stage = Stage::set(node(&broker), points).await;
    for (name, value) in [("speed", 1_480.0), ("torque", -12.0), ("cold", -300.0), ("frost", -5.0), ("running", 1.0), ("mode", 1.0), ("uptime", 5.0)]
    {
        stage.until_good(name).await;
        assert!(stage.values(name).iter().all(|seen| *seen == value), "{name}: {:?}", stage.values(name));
    }
    stage.until("table", Quality::BadConfiguration).await;
    let now: Timestamp = chrono::Utc::now().into();
    assert!(now.since(stage.last("speed").unwrap().source_time.unwrap()) < TimeDelta::seconds(5), "the metric's own time");
    stage.field.stop().await;
}

#[tokio::test]
async fn a_node_that_dies_is_missed_at_once_and_born_again_it_is_believed_under_its_new_aliases() {
    let Some((broker, mut edge)) = both() else { return };
    let stage = Stage::set(node(&broker), vec![at("torque", "pump:Torque"), at("twenty", "pump:Twenty"), at("uptime", ":Uptime")]).await;
    stage.until_good("torque").await;
    for _ in 0..3 {
        edge.ask(r#"{"die": true}"#);
        stage.until("torque", Quality::BadNoCommunication).await;
        stage.until("uptime", Quality::BadNoCommunication).await;
        edge.ask(r#"{"born": true}"#);
        stage.until_good("torque").await;
        stage.until_good("uptime").await;
    }
    assert_eq!(stage.connects(), 1);
    edge.kill();
    stage.until("torque", Quality::BadNoCommunication).await;
    stage.field.stop().await;
    assert!(stage.values("torque").iter().all(|value| *value == -12.0) && stage.values("twenty").iter().all(|value| *value == 2_020.0));
}

#[tokio::test]
async fn a_late_death_of_a_former_session_ends_nothing() {
    let Some((broker, mut edge)) = both() else { return };
    let stage = Stage::set(node(&broker), vec![at("torque", "pump:Torque")]).await;
    stage.until_good("torque").await;
    edge.ask(r#"{"born": true}"#);
    stage.until_good("torque").await;
    stage.log.clear();
    edge.ask(r#"{"late_death": 0}"#);
    eventually("it tells on", SOON, || stage.values("torque").len() > 10).await;
    let readings: Vec<_> = stage.log.scans().into_iter().flat_map(|scan| scan.readings).collect();
    assert!(readings.iter().all(|reading| reading.good() == Some(-12.0)), "{readings:?}");
    stage.field.stop().await;
}

#[tokio::test]
async fn a_device_dies_and_is_born_by_itself() {
    let Some((broker, mut edge)) = both() else { return };
    let stage = Stage::set(node(&broker), vec![at("torque", "pump:Torque"), at("uptime", ":Uptime")]).await;
    stage.until_good("torque").await;
    edge.ask(r#"{"device_dies": true}"#);
    stage.until("torque", Quality::BadNoCommunication).await;
    assert_eq!(stage.good("uptime"), Some(5.0));
    edge.ask(r#"{"device_born": true}"#);
    stage.until_good("torque").await;
    stage.field.stop().await;
}

#[tokio::test]
async fn who_comes_later_asks_for_the_births_and_after_a_gap_asks_again() {
    let Some((broker, mut edge)) = both() else { return };
    edge.ask(r#"{"born": true}"#);
    let stage = Stage::set(node(&broker), vec![at("torque", "pump:Torque")]).await;
    stage.until_good("torque").await;
    assert_eq!(rebirths(&mut edge), 1);
    edge.ask(r#"{"deaf": true}"#);
    edge.ask(r#"{"skip": 1}"#);
    stage.until("torque", Quality::UncertainStale).await;
    eventually("it was asked", SOON, || rebirths(&mut edge) == 2).await;
    edge.ask(r#"{"deaf": false}"#);
    edge.ask(r#"{"born": true}"#);
    stage.until_good("torque").await;
    assert_eq!(rebirths(&mut edge), 2, "not asked with every message");
    stage.field.stop().await;
    assert!(stage.values("torque").iter().all(|value| *value == -12.0));
}

#[tokio::test]
async fn where_it_is_forbidden_nobody_asks_for_births_and_nothing_counts_without_them() {
    let Some((broker, mut edge)) = both() else { return };
    let mut settings = node(&broker);
    settings["request_rebirth"] = false.into();
    let stage = Stage::set(settings, vec![at("torque", "pump:Torque")]).await;
    stage.until("torque", Quality::BadNoCommunication).await;
    assert_eq!((rebirths(&mut edge), stage.values("torque")), (0, vec![]));
    edge.ask(r#"{"born": true}"#);
    stage.until_good("torque").await;
    stage.field.stop().await;
}

#[tokio::test]
async fn old_news_are_a_scan_of_their_own_time_and_null_is_no_value() {
    let Some((broker, mut edge)) = both() else { return };
    let stage = Stage::set(node(&broker), vec![at("torque", "pump:Torque")]).await;
    stage.until_good("torque").await;
    edge.ask(r#"{"silent": true}"#);
    edge.ask(r#"{"tell": {"name": "Torque", "value": -77, "historical": true, "ago_s": 3600}}"#);
    eventually("the old one came", SOON, || stage.values("torque").contains(&-77.0)).await;
    let scans = stage.log.scans();
    let old = scans.iter().find(|scan| scan.readings.iter().any(|reading| reading.value() == Some(-77.0))).unwrap();
    let age = old.received_at.since(old.scanned_at);
    assert!((3_590..3_620).contains(&age.num_seconds()), "{age}");
    edge.ask(r#"{"tell": {"name": "Torque", "null": true}}"#);
    stage.until("torque", Quality::BadNotANumber).await;
    stage.field.stop().await;
}

#[tokio::test]
async fn bytes_that_are_no_payload_are_bad_and_what_follows_is_doubted_until_the_next_birth() {
    let Some((broker, mut edge)) = both() else { return };
    let stage = Stage::set(node(&broker), vec![at("torque", "pump:Torque"), at("uptime", ":Uptime")]).await;
    stage.until_good("torque").await;
    edge.ask(r#"{"silent": true}"#);
    edge.ask(r#"{"deaf": true}"#);
    for hex in ["ff00ff", "12", "7b226122", "0b0b0b"] {
        stage.log.clear();
        edge.ask(&json!({ "publish": { "topic": "spBv1.0/plant/DDATA/gw-1/pump", "payload_hex": hex } }).to_string());
        stage.until("torque", Quality::BadNotANumber).await;
    }
    edge.ask(r#"{"silent": false}"#);
    stage.until("torque", Quality::UncertainStale).await;
    edge.ask(r#"{"deaf": false}"#);
    edge.ask(r#"{"born": true}"#);
    stage.until_good("torque").await;
    assert_eq!(stage.connects(), 1);
    stage.field.stop().await;
    assert!(stage.values("torque").iter().all(|value| *value == -12.0));
}

#[tokio::test]
async fn a_command_has_the_type_of_the_birth_and_is_said_once() {
    let Some((mut broker, mut edge)) = both() else { return };
    let points = vec![at("set", "pump:Set"), at("set_torque", "pump:Torque"), at("set_frost", "pump:Frost"), at("set_stubborn", "pump:Stubborn")];
    let stage = Stage::set(node(&broker), points).await;
    stage.until_good("set_frost").await;
    assert_eq!(stage.write("set", 888.5).await, WriteVerdict::Applied { read_back: 888.5 });
    assert_eq!(stage.write("set_torque", -40.0).await, WriteVerdict::Applied { read_back: -40.0 });
    assert_eq!(stage.write("set_frost", -6.0).await, WriteVerdict::Applied { read_back: -6.0 });
    assert!(matches!(stage.write("set_frost", 200.0).await, WriteVerdict::NotApplied { why } if why.contains("does not fit into Int8")));
    assert!(matches!(stage.write("set_stubborn", 9.0).await, WriteVerdict::NotApplied { why } if why.contains("still reads 7")));
    broker.kill();
    stage.until("set", Quality::BadNoCommunication).await;
    assert!(matches!(stage.write("set", 1.0).await, WriteVerdict::NotApplied { .. }));
    broker.start_again();
    stage.until_good("set").await;
    edge.ask(r#"{"die": true}"#);
    stage.until("set", Quality::BadNoCommunication).await;
    assert!(matches!(stage.write("set", 2.0).await, WriteVerdict::NotApplied { .. }), "the dead are told nothing");
    assert_eq!(edge.values_written(), [888.5, -40.0, -6.0, 9.0]);
    stage.field.stop().await;
}
