//! What is S7's own, against python-snap7's server: types, areas, requests, refusals, bits. What every protocol keeps is in `contract/`.
#![cfg(feature = "s7")]
#![allow(clippy::unwrap_used)]

mod support;

#[path = "support/peer.rs"]
mod peer;
#[path = "support/stage.rs"]
mod stage;

use chrono::TimeDelta;
use millwright_domain::{ports::write_device::WriteVerdict, reading::Quality};
use millwright_ingest::collect::probe::probe_device;
use peer::{Peer, free_port, python};
use serde_json::{Value, json};
use stage::{SOON, Stage, checked, points_at, with};
use support::eventually;

fn peer() -> Option<Peer> {
    Some(Peer::script(&python()?, "s7_faulty.py", free_port(), &[]))
}

/// A controller polled ten times a second. `more` are settings of its own.
fn controller(peer: &Peer, more: Value) -> Value {
    let class = json!({ "name": "fast", "interval_ms": 100, "timeout_ms": 500 });
    let address = peer.address().to_string();
    with(json!({ "protocol": "s7", "address": address, "read_back_ms": 300, "connect_timeout_ms": 1000, "classes": [class] }), &more)
}

/// Each text is the state of a machine.
fn points(places: &[(&str, &str)]) -> Vec<Value> {
    let mut points = points_at(places);
    for text in points.iter_mut().filter(|point| point["address"].as_str().unwrap().contains("STRING")) {
        text["texts"] = json!({ "RUN": 1.0, "STOP": 0.0 });
    }
    points
}

async fn on_stage(peer: &Peer, places: &[(&str, &str)], more: Value) -> Stage {
    Stage::set(controller(peer, more), points(places)).await
}

fn written(peer: &mut Peer) -> Vec<(String, f64)> {
    serde_json::from_value(peer.ask("{\"ask\": \"writes\"}")["writes"].clone()).unwrap()
}

/// How many items each read asked for.
fn reads(peer: &mut Peer) -> Vec<u8> {
    serde_json::from_value(peer.ask("{\"ask\": \"reads\"}")["reads"].clone()).unwrap()
}

#[tokio::test]
async fn every_type_and_every_area_arrives() {
    let Some(peer) = peer() else { return };
    let two_to_53 = 9_007_199_254_740_992.0;
    let expected = [
        ("bit", "DB2.DBX0.3", 1.0),
        ("no_bit", "DB2.X0.4", 0.0),
        ("byte", "DB2.DBB1", 200.0),
        ("sint", "DB2.DBB1:SINT", -56.0),
        ("word", "DB2.W4", 50_000.0),
        ("int", "DB2.I6", -12_345.0),
        ("dword", "DB2.DW8", 4_000_000_000.0),
        ("dint", "DB2,DI12", -2_000_000_000.0),
        ("lword", "DB2.LWORD16", two_to_53),
        ("lint", "DB2.LI24", -two_to_53),
        ("real", "%DB2.DBD32:REAL", 3.25),
        ("lreal", "DB2.LR36", -1e100),
        ("state", "DB2.DBB50:STRING[8]", 1.0),
        ("memory", "MB7", 107.0),
        ("memory_bit", "M1.0", 1.0),
        ("input", "EW2", f64::from(52 * 256 + 53)),
        ("periphery", "PIW4", f64::from(54 * 256 + 55)),
        ("output", "QD0", f64::from(0x0001_0203)),
        ("far", "DB3:1999:BYTE", f64::from(1_999 % 256)),
    ];
    let points = expected.map(|(name, place, _)| (name, place));
    let stage = on_stage(&peer, &points, json!({})).await;
    stage.until_good("far").await;
    for (name, place, value) in expected {
        assert_eq!(stage.good(name), Some(value), "{place}");
    }
    stage.field.stop().await;
}

#[tokio::test]
async fn twenty_five_points_take_two_requests() {
    let Some(mut peer) = peer() else { return };
    let named: Vec<(String, String)> = (0..25).map(|number| (format!("n{number}"), format!("DB3.DBB{}", number * 75))).collect();
    let points: Vec<(&str, &str)> = named.iter().map(|(name, place)| (name.as_str(), place.as_str())).collect();
    let stage = on_stage(&peer, &points, json!({})).await;
    stage.until_good("n24").await;
    for (number, (name, _)) in named.iter().enumerate() {
        assert_eq!(stage.good(name), Some((number * 75 % 256) as f64), "{name}");
    }
    let saved = stage.field.snapshots()[0].saved;
    stage.field.stop().await;
    assert_eq!(saved.requests_saved * 2, saved.requests * 23);
    assert!(saved.bytes_saved > 0, "{saved:?}");
    let reads = reads(&mut peer);
    assert!(reads.chunks_exact(2).all(|pair| pair == [19, 6]), "items in each request: {reads:?}");
}

#[tokio::test]
async fn what_does_not_exist_is_bad_at_its_own_point_alone() {
    let Some(mut peer) = peer() else { return };
    // The last two would be one item; DB1 ends between them.
    let points = [("good", "DB1.DBD0:REAL"), ("no_block", "DB9.DBW0"), ("no_string", "DB1.S0.4"), ("last", "DB1.DBW62"), ("past", "DB1.DBW64")];
    let stage = on_stage(&peer, &points, json!({})).await;
    stage.until_good("last").await;
    assert_eq!((stage.good("good"), stage.good("last")), (Some(1_480.0), Some(0.0)));
    for bad in ["no_block", "no_string", "past"] {
        assert_eq!(stage.quality(bad), Some(Quality::BadConfiguration), "{bad}");
    }
    let scans = stage.log.count();
    eventually("a few scans more", SOON, || stage.log.count() > scans + 3).await;
    assert_eq!(stage.connects(), 1, "a refusal is an answer");
    stage.field.stop().await;
    let reads = reads(&mut peer);
    assert_eq!(reads[..3], [3, 2, 4], "asked for apart at once, and so from then on: {reads:?}");
    assert!(reads[2..].iter().all(|items| *items == 4), "{reads:?}");
}

#[tokio::test]
async fn a_bit_is_written_as_a_bit_and_its_neighbours_stay() {
    let Some(mut peer) = peer() else { return };
    let points = [("set_bit", "DB2.DBX0.1"), ("byte", "DB2.DBB0"), ("set_memory", "M1.3"), ("memory", "MB1"), ("set_output", "QW4")];
    let stage = on_stage(&peer, &points, json!({})).await;
    stage.until_good("set_output").await;
    assert_eq!(stage.write("set_bit", 1.0).await, WriteVerdict::Applied { read_back: 1.0 });
    assert_eq!(stage.write("set_memory", 1.0).await, WriteVerdict::Applied { read_back: 1.0 });
    assert_eq!(stage.write("set_output", 4_711.0).await, WriteVerdict::Applied { read_back: 4_711.0 });
    assert!(matches!(stage.write("set_bit", 0.5).await, WriteVerdict::NotApplied { why } if why.contains("neither 0 nor 1")));
    assert!(matches!(stage.write("set_output", 70_000.0).await, WriteVerdict::NotApplied { why } if why.contains("does not fit into WORD")));
    stage.until_good("memory").await;
    assert_eq!((stage.good("byte"), stage.good("memory")), (Some(f64::from(0b0100_1011)), Some(f64::from(101 | 1 << 3))));
    let sent = [("DB2.DBX0.1", 1.0), ("M1.3", 1.0), ("QW4", 4_711.0)];
    assert_eq!(written(&mut peer), sent.map(|(name, value)| (name.to_string(), value)));
    stage.field.stop().await;
}

#[tokio::test]
async fn a_scan_every_hundred_milliseconds_is_kept() {
    let Some(peer) = peer() else { return };
    let stage = on_stage(&peer, &[("speed", "DB1.DBD0:REAL"), ("word", "DB2.W4"), ("memory", "MW0")], json!({})).await;
    stage.log.clear();
    stage.until_good("speed").await;
    eventually("thirty scans", SOON, || stage.log.count() >= 30).await;
    let punctuality = stage.field.snapshots()[0].punctuality;
    stage.field.stop().await;
    let scans = stage.log.scans();
    let took = scans[29].scanned_at.since(scans[0].scanned_at);
    assert!(took > TimeDelta::milliseconds(2_650), "not faster than it was told: {took}");
    // On a busy machine single scans are late for reasons of their own; a device that cannot keep up is late every time.
    assert!(punctuality.late_share < 0.5, "{punctuality:?}");
}

#[tokio::test]
async fn the_controller_is_asked_for_the_place_that_was_configured() {
    let Some(mut peer) = peer() else { return };
    for (more, place) in [
        (json!({}), "0301"),
        (json!({ "slot": 2 }), "0302"),
        (json!({ "connection": "op", "rack": 1, "slot": 3 }), "0223"),
        (json!({ "connection": "pg" }), "0101"),
    ] {
        let stage = on_stage(&peer, &[("speed", "DB1.DBD0:REAL")], more).await;
        stage.until_good("speed").await;
        assert_eq!(peer.ask("{\"ask\": \"partner\"}")["partner"], place);
        stage.field.stop().await;
    }
}

#[tokio::test]
async fn a_controller_that_permits_nothing_says_so_at_every_point_and_takes_no_write() {
    let Some(mut peer) = peer() else { return };
    let stage = on_stage(&peer, &[("speed", "DB1.DBD0:REAL"), ("set", "DB1.DBD30:REAL")], json!({})).await;
    stage.until_good("set").await;
    peer.ask("{\"refuse\": true}");
    eventually("nothing is permitted", SOON, || stage.quality("speed") == Some(Quality::BadConfiguration)).await;
    let verdict = stage.write("set", 5.0).await;
    assert!(matches!(&verdict, WriteVerdict::NotApplied { why } if why.contains("PUT/GET")), "{verdict:?}");
    assert_eq!(stage.connects(), 1);
    peer.ask("{\"refuse\": false}");
    stage.until_good("speed").await;
    assert_eq!(written(&mut peer), []);
    stage.field.stop().await;
}

#[tokio::test]
async fn longer_frames_are_used_where_they_are_granted_and_said_where_not() {
    let Some(mut peer) = peer() else { return };
    let named: Vec<(String, String)> = (0..100).map(|number| (format!("n{number}"), format!("DB3.DBD{}", number * 4))).collect();
    let points: Vec<(&str, &str)> = named.iter().map(|(name, place)| (name.as_str(), place.as_str())).collect();
    let stage = on_stage(&peer, &points, json!({ "pdu_bytes": 480 })).await;
    stage.until_good("n99").await;
    stage.field.stop().await;
    assert!(reads(&mut peer).iter().all(|items| *items == 1), "400 bytes are one item");
    let stage = on_stage(&peer, &points, json!({ "pdu_bytes": 960 })).await;
    eventually("it cannot connect", SOON, || stage.quality("n0") == Some(Quality::BadNoCommunication)).await;
    let why = stage.last_error();
    assert!(why.contains("frames of 480 bytes, not of 960"), "{why}");
    stage.field.stop().await;
}

#[tokio::test]
async fn a_person_who_checks_sees_the_text_and_what_else_the_bytes_could_be() {
    let Some(peer) = peer() else { return };
    let points = points(&[("state", "DB2.DBB50:STRING[8]"), ("int", "DB2.DBW6:INT"), ("absent", "DB9.DBW0"), ("bit", "DB2.DBX0.0")]);
    let probed = probe_device(&checked(controller(&peer, json!({})), points)).await;
    assert_eq!((probed[0].text.as_deref(), &probed[0].value), (Some("RUN"), &Ok(1.0)));
    assert_eq!((&probed[1].value, &probed[1].others), (&Ok(-12_345.0), &vec![("WORD".to_string(), 53_191.0)]));
    assert!(probed[2].value.as_ref().unwrap_err().contains("no such block"), "{:?}", probed[2]);
    assert_eq!((probed[3].address.as_str(), &probed[3].value), ("DB2.DBX0.0:BOOL", &Ok(1.0)));
}
