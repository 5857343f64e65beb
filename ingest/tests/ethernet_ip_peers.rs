//! What is EtherNet/IP's own, against cpppo's server and a strict controller: arrays, members, bits, texts, few packets, one tag a request.
#![allow(clippy::unwrap_used)]

#[path = "support/peer.rs"]
mod peer;
#[path = "support/stage.rs"]
mod stage;
mod support;

use millwright_domain::reading::Quality;
use millwright_ingest::collect::probe::probe_device;
use peer::{Peer, free_port, python};
use serde_json::{Value, json};
use stage::{SOON, Stage, at, checked, points_at, with};
use support::eventually;

/// Polled ten times a second; `more` are settings of its own.
fn device(peer: &Peer, more: &Value) -> Value {
    let class = json!({ "name": "fast", "interval_ms": 100, "timeout_ms": 500 });
    let address = peer.address().to_string();
    with(json!({ "protocol": "ethernet_ip", "address": address, "read_back_ms": 1_000, "connect_timeout_ms": 3_000, "classes": [class] }), more)
}

fn requests(peer: &mut Peer) -> u64 {
    peer.ask("{\"ask\": \"writes\"}")["requests"].as_u64().unwrap()
}

fn each_peer(python: &std::path::Path) -> [(Peer, Value); 3] {
    let micro800 = "ethernet_ip_micro800.py";
    [
        (Peer::script(python, "ethernet_ip_logix.py", free_port(), &[]), json!({})),
        (Peer::script(python, micro800, free_port(), &["logix"]), json!({ "slot": 0 })),
        (Peer::script(python, micro800, free_port(), &[]), json!({ "style": "micro800" })),
    ]
}

#[tokio::test]
async fn elements_members_bits_and_texts_arrive_from_every_peer() {
    let Some(python) = python() else { return };
    let mut mode = at("mode", "Mode");
    (mode["type"], mode["texts"]) = ("string".into(), json!({ "STOP": 0.0, "RUN": 1.0 }));
    let mut wanted = points_at(&[
        ("element", "Temps[2]"),
        ("member", "Pump.Flow:LREAL"),
        ("bit_1", "Status.1"),
        ("bit_2", "status.2"),
        ("bit_31", "Status.31:BOOL"),
        ("word", "STATUS:DINT"),
        ("running", "Running:BOOL"),
        ("past_the_end", "Temps[4]"),
    ]);
    wanted.push(mode);
    for (peer, settings) in each_peer(&python) {
        let stage = Stage::set(device(&peer, &settings), wanted.clone()).await;
        for (name, value) in [
            ("element", 22.5),
            ("member", 31.25),
            ("bit_1", 1.0),
            ("bit_2", 0.0),
            ("bit_31", 1.0),
            ("word", f64::from(0b1010 + i32::MIN)),
            ("running", 1.0),
            ("mode", 1.0),
        ] {
            stage.until_good(name).await;
            assert_eq!(stage.good(name), Some(value), "{name} of {settings}");
        }
        stage.until("past_the_end", Quality::BadConfiguration).await;
        stage.field.stop().await;
    }
}

#[tokio::test]
async fn thirty_tags_take_two_requests_and_each_keeps_its_own_value() {
    let Some(python) = python() else { return };
    let wanted: Vec<Value> = (0..30).map(|number| at(&format!("line{number}"), &format!("Line_{number:02}:DINT"))).collect();
    for (peer, settings) in each_peer(&python) {
        let stage = Stage::set(device(&peer, &settings), wanted.clone()).await;
        stage.until_good("line29").await;
        for number in 0..30 {
            assert_eq!(stage.good(&format!("line{number}")), Some(f64::from(100 + number)));
        }
        let saved = stage.field.snapshots()[0].saved;
        let rounds = (saved.requests + saved.requests_saved) / 30;
        let expected = if settings["style"] == "micro800" { 30 } else { 2 };
        assert_eq!(saved.requests, expected * rounds, "{settings}");
        stage.field.stop().await;
    }
}

#[tokio::test]
async fn a_tag_that_a_real_controller_does_not_have_costs_the_others_no_request() {
    let Some(python) = python() else { return };
    let mut peer = Peer::script(&python, "ethernet_ip_micro800.py", free_port(), &["logix"]);
    let points = points_at(&[("speed", "Speed"), ("absent", "Absent"), ("wrong", "Wrong:REAL"), ("twenty", "Twenty")]);
    let stage = Stage::set(device(&peer, &json!({})), points).await;
    stage.until("absent", Quality::BadConfiguration).await;
    stage.until("wrong", Quality::BadConfiguration).await;
    assert_eq!((stage.good("speed"), stage.good("twenty")), (Some(1_480.0), Some(2_020.0)));
    eventually("it goes on", SOON, || stage.log.count() > 10).await;
    stage.field.stop().await;
    let scans = stage.log.count() as u64;
    assert!(requests(&mut peer) <= scans + 1, "one packet a scan, and nothing asked twice");
}

#[tokio::test]
async fn texts_that_have_no_room_beside_others_are_asked_for_alone() {
    let Some(python) = python() else { return };
    let peer = Peer::script(&python, "ethernet_ip_micro800.py", free_port(), &["logix"]);
    let names: Vec<String> = (0..10).map(|number| format!("text{number}")).collect();
    let point = |number: usize| json!({ "address": format!("Text_{number}"), "texts": { (number.to_string().repeat(80)): number } });
    let wanted: Vec<(&str, Value)> = names.iter().enumerate().map(|(number, name)| (name.as_str(), point(number))).collect();
    let stage = Stage::set(device(&peer, &json!({})), points_at(&wanted)).await;
    for (number, name) in names.iter().enumerate() {
        stage.until_good(name).await;
        assert_eq!(stage.good(name), Some(number as f64));
    }
    stage.field.stop().await;
}

#[tokio::test]
async fn a_micro800_keeps_up_with_ten_scans_of_twenty_tags_a_second() {
    let Some(python) = python() else { return };
    let peer = Peer::script(&python, "ethernet_ip_micro800.py", free_port(), &[]);
    let points = (0..20).map(|number| at(&format!("line{number}"), &format!("Line_{number:02}"))).collect();
    let stage = Stage::set(device(&peer, &json!({ "style": "micro800" })), points).await;
    let whole = || stage.log.scans().iter().filter(|scan| scan.readings.iter().all(|reading| reading.good().is_some())).count();
    eventually("twenty scans with all of their values", SOON, || whole() >= 20).await;
    let punctuality = stage.field.snapshots()[0].punctuality;
    stage.field.stop().await;
    // On a busy machine single scans are late or time out for reasons of their own; a device that cannot keep up is late every time.
    assert!(punctuality.late_share < 0.5, "{punctuality:?}");
    assert!(whole() * 2 > stage.log.count(), "{} of {} scans had all of their values", whole(), stage.log.count());
}

#[tokio::test]
async fn a_wrong_style_or_slot_is_told_as_what_it_is() {
    let Some(python) = python() else { return };
    let micro800 = Peer::script(&python, "ethernet_ip_micro800.py", free_port(), &[]);
    let logix = Peer::script(&python, "ethernet_ip_micro800.py", free_port(), &["logix"]);
    let points = || points_at(&[("speed", "Speed"), ("twenty", "Twenty")]);
    for (peer, settings, hint, quality) in [
        (&micro800, json!({}), "style = \"micro800\"", Quality::BadConfiguration),
        (&logix, json!({ "slot": 3 }), "nothing at this slot", Quality::BadNoCommunication),
    ] {
        let why = probe_device(&checked(device(peer, &settings), points())).await.remove(0).value.unwrap_err();
        assert!(why.contains(hint), "{why}");
        let stage = Stage::set(device(peer, &settings), points()).await;
        stage.until("speed", quality).await;
        stage.until("twenty", quality).await;
        stage.field.stop().await;
    }
    // Without a slot the controller is asked directly, and in packets.
    let stage = Stage::set(device(&logix, &json!({ "slot": "none" })), points()).await;
    stage.until_good("twenty").await;
    stage.field.stop().await;
}

#[tokio::test]
async fn a_wrong_type_names_both_types() {
    let Some(python) = python() else { return };
    for (peer, settings) in each_peer(&python) {
        let points = points_at(&[("wrong", "Wrong:REAL"), ("absent", "Absent")]);
        let probed = probe_device(&checked(device(&peer, &settings), points)).await;
        let why = probed[0].value.clone().unwrap_err();
        assert!(why.contains("DINT on the device") && why.contains("configured as REAL"), "{why}");
        assert!(probed[1].value.clone().unwrap_err().contains("check"), "{:?}", probed[1].value);
    }
}
