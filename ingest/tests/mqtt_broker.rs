//! MQTT against a machine on paho-mqtt behind mosquitto: what comes in which shape, what the broker keeps, and what nobody sends twice.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "support/broker.rs"]
mod broker;
#[path = "support/peer.rs"]
mod peer;
#[path = "support/stage.rs"]
mod stage;

use broker::{Broker, mosquitto};
use millwright_domain::{Timestamp, ports::write_device::WriteVerdict, reading::Quality};
use peer::{Peer, free_port, python};
use serde_json::{Value, json};
use stage::{SOON, Stage, at};
use support::{MemoryLog, eventually};

fn both() -> Option<(Broker, Peer)> {
    let (python, mosquitto) = (python()?, mosquitto()?);
    let port = free_port();
    let broker = Broker::start(mosquitto, port);
    Some((broker, Peer::script(&python, "mqtt_machine.py", port, &[])))
}

fn device(broker: &Broker) -> Value {
    json!({ "protocol": "mqtt", "address": broker.address().to_string(), "keep_alive_s": 1 })
}
fn publish(machine: &mut Peer, what: Value) {
    machine.ask(&json!({ "publish": what }).to_string());
}
fn silence(machine: &mut Peer) {
    machine.ask(r#"{"silent": true}"#);
}

#[tokio::test]
async fn bare_values_json_words_and_times_arrive_as_they_are() {
    let Some((broker, _machine)) = both() else { return };
    let mut settings = device(&broker);
    settings["timestamp"] = "/ts".into();
    let mut mode = at("mode", "plant/pump-1/state#/mode");
    mode["texts"] = json!({ "RUN": 3.0, "STOP": 0.0 });
    let points = vec![
        at("bare", "plant/pump-1/speed"),
        at("speed", "plant/pump-1/state#/speed"),
        at("running", "plant/pump-1/state#/running"),
        at("word", "plant/pump-1/mode"),
        at("nothing", "plant/pump-1/state#/nothing"),
        at("whole", "plant/pump-1/state"),
        mode,
    ];
    let stage = Stage::set(settings, points).await;
    stage.until_good("speed").await;
    stage.until_good("bare").await;
    assert_eq!(["bare", "speed", "running", "mode"].map(|name| stage.good(name)), [Some(1_480.0), Some(1_480.0), Some(1.0), Some(3.0)]);
    stage.until("word", Quality::BadNotANumber).await;
    assert_eq!((stage.quality("nothing"), stage.quality("whole")), (Some(Quality::BadNotANumber), Some(Quality::BadConfiguration)));
    let measured = stage.last("speed").unwrap().source_time.unwrap();
    let now: Timestamp = chrono::Utc::now().into();
    assert!(now.since(measured).num_seconds().abs() < 5, "{measured:?} is the machine's own time");
    assert_eq!(stage.last("bare").unwrap().source_time, None);
    stage.field.stop().await;
}

#[tokio::test]
async fn a_broker_that_is_killed_or_silent_is_missed_at_once_and_found_again() {
    let Some((mut broker, _machine)) = both() else { return };
    let stage = Stage::set(device(&broker), vec![at("speed", "plant/pump-1/speed")]).await;
    stage.until_good("speed").await;
    broker.kill();
    stage.until("speed", Quality::BadNoCommunication).await;
    broker.start_again();
    stage.until_good("speed").await;
    broker.pause();
    stage.until("speed", Quality::BadNoCommunication).await;
    eventually("the silence is noticed", SOON, || stage.last_error().contains("said nothing for 1 s") || stage.last_error().contains("no answer"))
        .await;
    broker.resume();
    stage.until_good("speed").await;
    stage.field.stop().await;
    assert!(stage.values("speed").iter().all(|value| *value == 1_480.0));
}

#[tokio::test]
async fn a_payload_that_makes_no_sense_is_bad_at_its_own_points_and_ends_nothing() {
    let Some((broker, mut machine)) = both() else { return };
    let points = vec![at("bare", "odd/bare"), at("inner", "odd/json#/a/b"), at("speed", "plant/pump-1/speed")];
    let stage = Stage::set(device(&broker), points).await;
    stage.until_good("speed").await;
    let long = "9".repeat(100_000);
    let odd: [(&str, &[u8], &str, Option<Quality>); 12] = [
        ("odd/bare", b"12.5", "bare", Some(Quality::Good)),
        ("odd/bare", b"\xFF\xFE\x00", "bare", Some(Quality::BadNotANumber)),
        ("odd/bare", b"NaN", "bare", Some(Quality::BadNotANumber)),
        ("odd/bare", b"", "bare", Some(Quality::BadNotANumber)),
        ("odd/bare", long.as_bytes(), "bare", Some(Quality::BadNotANumber)),
        ("odd/bare", b"{\"v\":1}", "bare", Some(Quality::BadConfiguration)),
        ("odd/json", b"{\"a\":{\"b\":-7}}", "inner", Some(Quality::Good)),
        ("odd/json", b"{\"a\":{\"b\":", "inner", Some(Quality::BadNotANumber)),
        ("odd/json", b"{\"a\":{\"c\":1}}", "inner", Some(Quality::BadConfiguration)),
        ("odd/json", b"{\"a\":{\"b\":[1]}}", "inner", Some(Quality::BadConfiguration)),
        ("odd/json", b"{\"a\":{\"b\":null}}", "inner", Some(Quality::BadNotANumber)),
        ("odd/json", b"\x00\x01\x02", "inner", Some(Quality::BadNotANumber)),
    ];
    for (topic, payload, name, quality) in odd {
        stage.log.clear();
        let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
        publish(&mut machine, json!({ "topic": topic, "payload_hex": hex }));
        let what = format!("{name} is {quality:?} after {:?}", String::from_utf8_lossy(&payload[..payload.len().min(20)]));
        eventually(&what, SOON, || stage.quality(name) == quality).await;
    }
    stage.until_good("speed").await;
    assert_eq!(stage.connects(), 1);
    stage.field.stop().await;
}

#[tokio::test]
async fn a_packet_larger_than_allowed_ends_the_connection_and_is_never_a_value() {
    let Some((broker, mut machine)) = both() else { return };
    let mut settings = device(&broker);
    (settings["max_packet_kb"], settings["qos"]) = (2.into(), 0.into());
    let stage = Stage::set(settings, vec![at("bare", "odd/bare"), at("speed", "plant/pump-1/speed")]).await;
    stage.until_good("speed").await;
    publish(&mut machine, json!({ "topic": "odd/bare", "payload": format!("1{}", " ".repeat(5_000)) }));
    eventually("it is connected anew", SOON, || stage.connects() > 1).await;
    stage.until_good("speed").await;
    stage.field.stop().await;
    assert_eq!(stage.values("bare"), [0.0; 0]);
}

#[tokio::test]
async fn a_retained_value_is_doubted_until_a_live_one_comes() {
    let Some((broker, mut machine)) = both() else { return };
    publish(&mut machine, json!({ "topic": "kept/value", "payload": "41", "retain": true, "qos": 1 }));
    let stage = Stage::set(device(&broker), vec![at("value", "kept/value")]).await;
    stage.until("value", Quality::UncertainStale).await;
    assert_eq!(stage.last("value").unwrap().value(), Some(41.0));
    publish(&mut machine, json!({ "topic": "kept/value", "payload": "42", "retain": true, "qos": 1 }));
    eventually("the live one is good", SOON, || stage.good("value") == Some(42.0)).await;
    stage.field.stop().await;
}

#[tokio::test]
async fn what_is_published_while_we_are_away_arrives_whole_and_in_order() {
    let Some((broker, mut machine)) = both() else { return };
    silence(&mut machine);
    let count = |machine: &mut Peer, many: u32| publish(machine, json!({ "topic": "counted", "payload": "{n}", "qos": 1, "count": many }));
    let log = MemoryLog::new();
    let first = Stage::on(log.clone(), device(&broker), vec![at("counted", "counted")]).await;
    eventually("it is connected", SOON, || first.connects() == 1).await;
    publish(&mut machine, json!({ "topic": "counted", "payload": "-1", "qos": 1 }));
    first.until_good("counted").await;
    first.field.stop().await;
    count(&mut machine, 3_000);
    let again = Stage::on(log.clone(), device(&broker), vec![at("counted", "counted")]).await;
    eventually("the last one is there", SOON, || again.good("counted") == Some(2_999.0)).await;
    again.field.stop().await;
    let values = again.values("counted");
    let kept = values.iter().filter(|value| **value >= 0.0);
    assert!(kept.copied().eq((0..3_000).map(f64::from)), "3000 in order: {} came", values.len());
}

#[tokio::test]
async fn what_is_not_on_the_log_when_the_collector_dies_is_told_again_to_the_next_one() {
    let Some((broker, mut machine)) = both() else { return };
    silence(&mut machine);
    let log = MemoryLog::new();
    let first = Stage::on(log.clone(), device(&broker), vec![at("counted", "counted")]).await;
    eventually("it is connected", SOON, || first.connects() == 1).await;
    publish(&mut machine, json!({ "topic": "counted", "payload": "-1", "qos": 1 }));
    first.until_good("counted").await;
    log.hangs(true);
    publish(&mut machine, json!({ "topic": "counted", "payload": "{n}", "qos": 1, "count": 500 }));
    eventually("it is all on its way, as far as the broker goes", SOON, || first.field.waiting().in_memory > 0).await;
    // Without a goodbye.
    drop(first);
    let next = Stage::set(device(&broker), vec![at("counted", "counted")]).await;
    eventually("the last one is there", SOON, || next.good("counted") == Some(499.0)).await;
    next.field.stop().await;
    let values = next.values("counted");
    assert!(values.iter().filter(|value| **value >= 0.0).copied().eq((0..500).map(f64::from)), "500 in order: {} came", values.len());
}

#[tokio::test]
async fn topics_of_a_former_configuration_are_given_up() {
    let Some((broker, mut machine)) = both() else { return };
    let former = Stage::set(device(&broker), vec![at("speed", "plant/pump-1/speed"), at("old", "former/topic")]).await;
    former.until_good("speed").await;
    former.field.stop().await;
    let stage = Stage::set(device(&broker), vec![at("speed", "plant/pump-1/speed")]).await;
    for _ in 0..2 {
        publish(&mut machine, json!({ "topic": "former/topic", "payload": "1", "qos": 1 }));
        stage.until_good("speed").await;
    }
    assert_eq!(stage.connects(), 1);
    stage.field.stop().await;
}

#[tokio::test]
async fn a_command_is_said_once_in_the_shape_that_was_asked_for_and_read_back() {
    let Some((mut broker, mut machine)) = both() else { return };
    let points = vec![
        at("set_bare", "plant/pump-1/state#/set > plant/pump-1/set"),
        at("set_inner", "plant/pump-1/state#/set > plant/pump-1/set#/value"),
        at("set_stubborn", "plant/pump-1/state#/stubborn > plant/pump-1/stubborn/set"),
    ];
    let stage = Stage::set(device(&broker), points).await;
    stage.until_good("set_bare").await;
    assert_eq!(stage.write("set_bare", 888.5).await, WriteVerdict::Applied { read_back: 888.5 });
    assert_eq!(stage.write("set_inner", -4.0).await, WriteVerdict::Applied { read_back: -4.0 });
    assert!(matches!(stage.write("set_stubborn", 9.0).await, WriteVerdict::NotApplied { why } if why.contains("still reads 7")));
    broker.kill();
    stage.until("set_bare", Quality::BadNoCommunication).await;
    assert!(matches!(stage.write("set_bare", 1.0).await, WriteVerdict::NotApplied { .. }));
    broker.start_again();
    stage.until_good("set_bare").await;
    let payloads = &machine.ask(r#"{"ask": "payloads"}"#)["payloads"];
    assert_eq!(payloads, &json!(["888.5", r#"{"value":-4}"#, "9"]), "nothing came twice, and nothing that was not sent came later");
    stage.field.stop().await;
}

#[tokio::test]
async fn a_command_that_the_machine_could_not_hear_is_unknown_and_is_not_kept_for_it() {
    let Some(python) = python() else { return };
    let Some((broker, mut machine)) = both() else { return };
    let stage = Stage::set(device(&broker), vec![at("set", "plant/pump-1/state#/set > plant/pump-1/set")]).await;
    stage.until_good("set").await;
    silence(&mut machine);
    machine.kill();
    let verdict = stage.write("set", 5.0).await;
    assert!(matches!(&verdict, WriteVerdict::Unknown { why } if why.contains("could not be read back")), "{verdict:?}");
    let mut machine = Peer::script(&python, "mqtt_machine.py", broker.address().port(), &[]);
    stage.until_good("set").await;
    assert_eq!(machine.values_written(), [0.0; 0]);
    stage.field.stop().await;
}
