//! What is EtherNet/IP's own, against cpppo's server and a strict controller: arrays, members, bits, texts, few packets, one tag a request.
#![allow(clippy::unwrap_used)]

#[path = "support/peer.rs"]
mod peer;
mod support;

use millwright_domain::{
    plant::{Asset, Plant, Signal, Source},
    quantity::{QuantityKind, Unit},
    reading::Quality,
};
use millwright_ingest::{
    collect::probe::probe_device,
    device::{Device, DeviceConfig},
    field::{Field, FieldSettings, check},
};
use peer::{Peer, free_port, python};
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use support::{MemoryLog, TestClock, eventually, taken};

const SOON: Duration = Duration::from_secs(10);

/// A device with a signal for each tag; `settings` are the protocol's own.
fn device(at: SocketAddr, settings: &Value, tags: &[(&str, Value)]) -> (Plant, Device) {
    let signals = tags.iter().map(|(name, _)| Signal {
        id: format!("p/{name}").parse().unwrap(),
        device: "plc".parse().unwrap(),
        kind: QuantityKind::Generic,
        unit: Unit::One,
        range: None,
        writable: None,
    });
    let (id, text) = ("p".parse().unwrap(), String::new);
    let asset = Asset { id, name: text(), area: text(), line: text(), cell: None, class: text(), signals: signals.collect() };
    let plant = Plant { site: "s".parse().unwrap(), name: text(), source: Source::Live, assets: vec![asset] };
    let mut config = json!({
        "protocol": "ethernet_ip", "id": "plc", "address": at.to_string(),
        "classes": [{ "name": "fast", "interval_ms": 100, "timeout_ms": 500 }], "points": [],
    });
    for (key, value) in settings.as_object().unwrap() {
        config[key] = value.clone();
    }
    let point = |(name, point): &(&str, Value)| {
        let mut point = if point.is_string() { json!({ "address": point }) } else { point.clone() };
        point["signal"] = format!("p/{name}").into();
        point
    };
    config["points"] = tags.iter().map(point).collect();
    let config: DeviceConfig = serde_json::from_value(config).unwrap();
    let device = check(&[config], &plant).unwrap().remove(0);
    (plant, device)
}

struct Stage {
    field: Field,
    log: Arc<MemoryLog>,
}

impl Stage {
    async fn set(peer: &Peer, settings: &Value, tags: &[(&str, Value)]) -> Self {
        let (plant, device) = device(peer.address(), settings, tags);
        let log = MemoryLog::new();
        let field = taken(Field::start(&plant, vec![device], TestClock::new(1.0), log.clone(), FieldSettings::default())).await;
        Self { field, log }
    }
    fn good(&self, name: &str) -> Option<f64> {
        self.log.last(&format!("p/{name}"))?.good()
    }
    fn quality(&self, name: &str) -> Option<Quality> {
        self.log.last(&format!("p/{name}")).map(|reading| reading.quality())
    }
    async fn until_good(&self, name: &str) {
        eventually(&format!("{name} is good"), SOON, || self.good(name).is_some()).await;
    }
    async fn until(&self, name: &str, quality: Quality) {
        eventually(&format!("{name} is {quality:?}"), SOON, || self.quality(name) == Some(quality)).await;
    }
}

fn tags<'a>(tags: &[(&'a str, &str)]) -> Vec<(&'a str, Value)> {
    tags.iter().map(|(name, address)| (*name, Value::from(*address))).collect()
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
    let mut wanted = tags(&[
        ("element", "Temps[2]"),
        ("member", "Pump.Flow:LREAL"),
        ("bit_1", "Status.1"),
        ("bit_2", "status.2"),
        ("bit_31", "Status.31:BOOL"),
        ("word", "STATUS:DINT"),
        ("running", "Running:BOOL"),
        ("past_the_end", "Temps[4]"),
    ]);
    wanted.push(("mode", json!({ "address": "Mode", "type": "string", "texts": { "STOP": 0.0, "RUN": 1.0 } })));
    for (peer, settings) in each_peer(&python) {
        let stage = Stage::set(&peer, &settings, &wanted).await;
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
    let named: Vec<(String, Value)> = (0..30).map(|number| (format!("line{number}"), format!("Line_{number:02}:DINT").into())).collect();
    let wanted: Vec<(&str, Value)> = named.iter().map(|(name, address)| (name.as_str(), address.clone())).collect();
    for (peer, settings) in each_peer(&python) {
        let stage = Stage::set(&peer, &settings, &wanted).await;
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
    let stage =
        Stage::set(&peer, &json!({}), &tags(&[("speed", "Speed"), ("absent", "Absent"), ("wrong", "Wrong:REAL"), ("twenty", "Twenty")])).await;
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
    let stage = Stage::set(&peer, &json!({}), &wanted).await;
    for (number, name) in names.iter().enumerate() {
        stage.until_good(name).await;
        assert_eq!(stage.good(name), Some(number as f64));
    }
    stage.field.stop().await;
}

#[tokio::test]
async fn a_micro800_is_scanned_ten_times_a_second_without_a_miss() {
    let Some(python) = python() else { return };
    let peer = Peer::script(&python, "ethernet_ip_micro800.py", free_port(), &[]);
    let named: Vec<(String, Value)> = (0..20).map(|number| (format!("line{number}"), format!("Line_{number:02}").into())).collect();
    let wanted: Vec<(&str, Value)> = named.iter().map(|(name, address)| (name.as_str(), address.clone())).collect();
    let stage = Stage::set(&peer, &json!({ "style": "micro800" }), &wanted).await;
    eventually("twenty scans", SOON, || stage.log.count() >= 20).await;
    let punctuality = stage.field.snapshots()[0].punctuality;
    assert!(punctuality.polls >= 20 && punctuality.overruns == 0 && punctuality.skipped == 0, "{punctuality:?}");
    stage.field.stop().await;
    let scans = stage.log.scans();
    assert!(scans.iter().flat_map(|scan| &scan.readings).all(|reading| reading.good().is_some()));
}

#[tokio::test]
async fn a_wrong_style_or_slot_is_told_as_what_it_is() {
    let Some(python) = python() else { return };
    let micro800 = Peer::script(&python, "ethernet_ip_micro800.py", free_port(), &[]);
    let logix = Peer::script(&python, "ethernet_ip_micro800.py", free_port(), &["logix"]);
    for (peer, settings, hint, quality) in [
        (&micro800, json!({}), "style = \"micro800\"", Quality::BadConfiguration),
        (&logix, json!({ "slot": 3 }), "nothing at this slot", Quality::BadNoCommunication),
    ] {
        let (_, device) = device(peer.address(), &settings, &tags(&[("speed", "Speed"), ("twenty", "Twenty")]));
        let why = probe_device(&device).await.remove(0).value.unwrap_err();
        assert!(why.contains(hint), "{why}");
        let stage = Stage::set(peer, &settings, &tags(&[("speed", "Speed"), ("twenty", "Twenty")])).await;
        stage.until("speed", quality).await;
        stage.until("twenty", quality).await;
        stage.field.stop().await;
    }
    // Without a slot the controller is asked directly, and in packets.
    let stage = Stage::set(&logix, &json!({ "slot": "none" }), &tags(&[("speed", "Speed"), ("twenty", "Twenty")])).await;
    stage.until_good("twenty").await;
    stage.field.stop().await;
}

#[tokio::test]
async fn a_wrong_type_names_both_types() {
    let Some(python) = python() else { return };
    for (peer, settings) in each_peer(&python) {
        let (_, device) = device(peer.address(), &settings, &tags(&[("wrong", "Wrong:REAL"), ("absent", "Absent")]));
        let probed = probe_device(&device).await;
        let why = probed[0].value.clone().unwrap_err();
        assert!(why.contains("DINT on the device") && why.contains("configured as REAL"), "{why}");
        assert!(probed[1].value.clone().unwrap_err().contains("check"), "{:?}", probed[1].value);
    }
}
