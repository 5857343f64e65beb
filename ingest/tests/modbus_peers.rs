//! What is Modbus's own, against two pymodbus servers: tables, byte orders, exceptions, units. What every protocol keeps is in `contract/`.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "support/peer.rs"]
mod peer;
#[path = "support/stage.rs"]
mod stage;

use chrono::TimeDelta;
use millwright_domain::{ports::write_device::WriteVerdict, reading::Quality};
use peer::{Peer, free_port, python};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use stage::{SOON, Stage, points_at};
use std::time::Duration;
use support::eventually;

/// Polled ten times a second.
fn device(peer: &Peer) -> Value {
    json!({
        "protocol": "modbus_tcp", "address": peer.address().to_string(), "max_gap": 4, "read_back_ms": 300, "connect_timeout_ms": 1000,
        "classes": [{ "name": "fast", "interval_ms": 100, "timeout_ms": 300 }],
    })
}

async fn on_stage(peer: &Peer, points: &[(&str, &str)]) -> Stage {
    Stage::set(device(peer), points_at(points)).await
}

fn four() -> Vec<Value> {
    let mut points = points_at(&[("speed", "holding:0:f32"), ("temp", "hr:2:REAL"), ("vib", "400005:f32"), ("current", "1!holding:6:f32")]);
    points[3]["range"] = json!({ "low": 0.0, "high": 10.0 });
    points
}

fn assert_four(stage: &Stage) {
    assert_eq!((stage.good("p/speed"), stage.good("p/temp")), (Some(1_480.0), Some(61.5)));
    assert!((stage.good("p/vib").unwrap() - 2.1).abs() < 1e-6);
    let current = stage.log.last("p/current").unwrap();
    assert_eq!(current.quality(), Quality::UncertainOutOfRange, "its range ends at 10");
    assert!((current.value().unwrap() - 12.4).abs() < 1e-6);
}

#[tokio::test]
async fn both_peers_values_arrive_as_they_are() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    for peer in [Peer::faulty(&python, free_port()), Peer::simulator(&python, folder.path())] {
        let stage = Stage::set(device(&peer), four()).await;
        stage.until_good("p/speed").await;
        assert_four(&stage);
        let saved = stage.field.snapshots()[0].saved;
        assert_eq!(saved.requests_saved, 3 * saved.requests, "four values in one request");
        stage.field.stop().await;
    }
}

#[tokio::test]
async fn the_simulators_integers_arrive_in_the_byte_order_that_was_asked_for() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let peer = Peer::simulator(&python, folder.path());
    let stage = on_stage(&peer, &[("count", "holding:10"), ("bit", "holding:10.0"), ("wide", "holding:14:u32")]).await;
    stage.until_good("p/wide").await;
    assert_eq!((stage.good("p/count"), stage.good("p/bit"), stage.good("p/wide")), (Some(4_711.0), Some(1.0), Some(305_419_896.0)));
    stage.field.stop().await;
}

#[tokio::test]
async fn the_four_tables_are_apart_and_a_coil_is_switched() {
    let Some(python) = python() else { return };
    let peer = Peer::faulty(&python, free_port());
    let points =
        [("c0", "4!coil:0"), ("c1", "4!coil:1"), ("d15", "4!discrete:15"), ("h2", "4!holding:2"), ("i2", "4!input:2"), ("set_coil", "4!co:4")];
    let stage = on_stage(&peer, &points).await;
    stage.until_good("p/set_coil").await;
    let values = ["p/c0", "p/c1", "p/d15", "p/h2", "p/i2", "p/set_coil"].map(|signal| stage.good(signal));
    assert_eq!(values, [Some(1.0), Some(0.0), Some(1.0), Some(102.0), Some(202.0), Some(0.0)]);
    assert_eq!(stage.write("p/set_coil", 1.0).await, WriteVerdict::Applied { read_back: 1.0 });
    assert!(matches!(stage.write("p/set_coil", 0.5).await, WriteVerdict::NotApplied { why } if why.contains("neither 0 nor 1")));
    stage.field.stop().await;
}

/// Registers that show when an answer is torn, late or somebody else's.
const TELLTALES: [(&str, &str); 5] =
    [("seq", "holding:10"), ("complement", "holding:11"), ("twenty", "holding:20"), ("twentynine", "holding:29"), ("speed", "holding:0:f32")];

/// Whatever happened on the way, a good value is the one that the device holds at that place.
fn assert_no_value_is_wrong(stage: &Stage) {
    for scan in stage.log.scans() {
        let good = |signal: &str| scan.readings.iter().find(|reading| reading.signal.as_str() == signal).and_then(|reading| reading.good());
        assert!(good("p/seq").zip(good("p/complement")).is_none_or(|(seq, complement)| seq + complement == 65_535.0), "{scan:?}");
        assert!(good("p/twenty").is_none_or(|value| value == 2_020.0) && good("p/twentynine").is_none_or(|value| value == 2_029.0), "{scan:?}");
        assert!(good("p/speed").is_none_or(|value| value == 1_480.0), "{scan:?}");
    }
}

#[tokio::test]
async fn each_exception_becomes_the_quality_of_its_own_point_alone() {
    let Some(python) = python() else { return };
    let peer = Peer::faulty(&python, free_port());
    let points = [("good", "holding:29"), ("gap", "holding:33"), ("absent", "holding:36"), ("faulty", "holding:50"), ("nobody", "3!holding:0")];
    let stage = on_stage(&peer, &points).await;
    stage.until_good("p/good").await;
    eventually("every point was read", SOON, || stage.quality("p/nobody").is_some() && stage.quality("p/faulty").is_some()).await;
    assert_eq!(stage.quality("p/absent"), Some(Quality::BadConfiguration));
    assert_eq!(stage.quality("p/faulty"), Some(Quality::BadDeviceFault));
    assert_eq!(stage.quality("p/nobody"), Some(Quality::BadNoCommunication));
    assert_eq!((stage.good("p/good"), stage.good("p/gap")), (Some(2_029.0), Some(0.0)));
    stage.field.stop().await;
}

#[tokio::test]
async fn a_dead_unit_never_delays_another() {
    let Some(python) = python() else { return };
    let peer = Peer::faulty(&python, free_port());
    let stage = on_stage(&peer, &[("alive", "1!holding:20"), ("dead", "2!holding:0")]).await;
    eventually("the dead unit is left alone", SOON, || stage.field.snapshots()[0].units[1].state == "suspended").await;
    stage.log.clear();
    stage.until_good("p/alive").await;
    eventually("the living unit is read on", SOON, || stage.log.count() > 20).await;
    stage.field.stop().await;
    let alive: Vec<_> = stage.log.scans().into_iter().filter(|scan| scan.readings[0].signal.as_str() == "p/alive").collect();
    let widest = alive.windows(2).map(|pair| pair[1].scanned_at.since(pair[0].scanned_at)).max().unwrap();
    assert!(alive.iter().all(|scan| scan.readings[0].good() == Some(2_020.0)));
    assert!(widest < TimeDelta::milliseconds(300), "a timeout of the dead one would have shown: {widest}");
}

#[tokio::test]
async fn a_write_arrives_once_and_is_read_back() {
    let Some(python) = python() else { return };
    let mut peer = Peer::faulty(&python, free_port());
    let stage = on_stage(&peer, &[("set_speed", "holding:30:f32"), ("set_small", "holding:32:i16"), ("set_wide", "holding:33:i16")]).await;
    stage.until_good("p/set_speed").await;
    assert_eq!(stage.write("p/set_speed", 888.5).await, WriteVerdict::Applied { read_back: 888.5 });
    assert_eq!(stage.write("p/set_small", -5.0).await, WriteVerdict::Applied { read_back: -5.0 });
    assert!(matches!(stage.write("p/set_wide", 40_000.0).await, WriteVerdict::NotApplied { why } if why.contains("does not fit")));
    assert_eq!(peer.writes(), [(30, vec![0x445E, 0x2000]), (32, vec![65_531])]);
    stage.field.stop().await;
}

#[tokio::test]
#[ignore = "long: a minute of seeded trouble"]
async fn a_minute_of_pauses_restarts_and_late_answers_shows_no_wrong_value() {
    let Some(python) = python() else { return };
    let seed = 20_260_101;
    println!("seed {seed}");
    let mut luck = ChaCha8Rng::seed_from_u64(seed);
    let port = free_port();
    let mut peer = Peer::faulty(&python, port);
    let stage = on_stage(&peer, &TELLTALES).await;
    let until = std::time::Instant::now() + Duration::from_secs(60);
    while std::time::Instant::now() < until {
        let scans = stage.log.count();
        match luck.random_range(0..3) {
            0 => peer.answers_late(luck.random_range(50..900), luck.random_range(1..4)),
            1 => {
                peer.pause();
                eventually("a few scans", SOON, || stage.log.count() > scans + 3).await;
                peer.resume();
            }
            _ => {
                peer.kill();
                peer = Peer::faulty(&python, port);
            }
        }
        eventually("a few scans", SOON, || stage.log.count() > scans + luck.random_range(5..10)).await;
    }
    eventually("it recovers", Duration::from_secs(40), || stage.good("p/speed") == Some(1_480.0)).await;
    stage.field.stop().await;
    assert_no_value_is_wrong(&stage);
}
