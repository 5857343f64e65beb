//! Units on a serial line: a pty pair with pymodbus at its other end, and a line in the test's own hands for what no peer does on demand.
#![allow(clippy::unwrap_used)]

#[path = "support/line.rs"]
mod line;
#[path = "support/peer.rs"]
mod peer;
#[path = "support/stage.rs"]
mod stage;
mod support;

use chrono::TimeDelta;
use line::{Cable, Line, framed};
use millwright_domain::{
    ports::write_device::WriteVerdict,
    reading::{Quality, Reading},
};
use millwright_ingest::{collect::probe::probe_device, field::check};
use peer::{Peer, free_port, python};
use serde_json::{Value, json};
use stage::{SOON, Stage, at, checked, configured, points_at, with};
use std::path::Path;
use support::eventually;

/// Of one shape, so that nothing but the question tells their answers apart.
const ALIKE: &[(&str, &str)] = &[("a", "1!hr:20"), ("b", "1!hr:25")];

/// A bus polled ten times a second, each point by a question of its own.
fn bus(more: Value) -> Value {
    let class = json!({ "name": "fast", "interval_ms": 100, "timeout_ms": 300 });
    let usual = json!({ "protocol": "modbus_rtu", "id": "bus", "max_gap": 0, "read_back_ms": 400, "connect_timeout_ms": 1500, "classes": [class] });
    with(usual, &more)
}

async fn on_stage(place: Value, points: &[(&str, &str)]) -> Stage {
    Stage::set(bus(place), points_at(points)).await
}

/// Whatever happened, a good value is the one that stands in that register.
fn assert_good_values_are(stage: &Stage, signal: &str, value: f64) {
    let readings = stage.readings(signal);
    let wrong = readings.iter().filter_map(Reading::good).find(|good| *good != value);
    assert_eq!(wrong, None, "{signal} is {value}");
}

fn serial(python: &Path, cable: &Cable) -> Peer {
    Peer::script(python, "modbus_rtu.py", free_port(), &["serial", cable.far().to_str().unwrap()])
}

#[tokio::test]
async fn the_units_of_a_line_are_read_and_written_in_turns() {
    let Some(python) = python() else { return };
    let cable = Cable::lay();
    let mut peer = serial(&python, &cable);
    let points = [("one", "1!hr:0:f32"), ("two", "2!hr:20"), ("set", "2!hr:30:f32"), ("set_small", "1!hr:33:i16")];
    let stage = on_stage(json!({ "port": cable.near() }), &points).await;
    for signal in ["p/one", "p/two", "p/set"] {
        stage.until_good(signal).await;
    }
    assert_eq!((stage.good("p/two"), stage.good("p/set")), (Some(2_020.0), Some(0.0)));
    assert_eq!(stage.write("p/set", 888.5).await, WriteVerdict::Applied { read_back: 888.5 });
    assert_eq!(stage.write("p/set_small", -5.0).await, WriteVerdict::Applied { read_back: -5.0 });
    assert_eq!(peer.writes(), [(30, vec![0x445E, 0x2000]), (33, vec![65_531])]);
    let connects: Vec<u64> = stage.field.snapshots()[0].units.iter().map(|unit| unit.connects).collect();
    assert_eq!(connects, [1, 1], "both over one line");
    stage.field.stop().await;
    assert_good_values_are(&stage, "p/one", 1_480.0);
}

#[tokio::test]
async fn a_dead_unit_is_left_alone_and_the_living_ones_are_read_on() {
    let Some(python) = python() else { return };
    let cable = Cable::lay();
    let _peer = serial(&python, &cable);
    let stage = on_stage(json!({ "port": cable.near() }), &[("alive", "1!hr:20"), ("dead", "3!hr:0")]).await;
    let dead = |stage: &Stage| stage.field.snapshots()[0].units[1].state;
    eventually("the dead unit is left alone", SOON, || dead(&stage) == "suspended").await;
    stage.until_good("p/alive").await;
    stage.log.clear();
    eventually("the living unit is read on", SOON, || stage.log.count() > 60).await;
    stage.field.stop().await;
    let alive: Vec<_> = stage.log.scans().into_iter().filter(|scan| scan.readings[0].signal.as_str() == "p/alive").collect();
    assert!(alive.iter().all(|scan| scan.readings[0].good() == Some(2_020.0)), "a dead unit spoils no answer of another");
    let widest = alive.windows(2).map(|pair| pair[1].scanned_at.since(pair[0].scanned_at)).max().unwrap();
    assert!(widest < TimeDelta::milliseconds(800), "a timeout now and then, and no more: {widest}");
}

#[tokio::test]
async fn an_answer_that_comes_late_on_the_same_line_is_never_taken_for_the_next_one() {
    let Some(python) = python() else { return };
    let cable = Cable::lay();
    let mut peer = serial(&python, &cable);
    let stage = on_stage(json!({ "port": cable.near() }), ALIKE).await;
    // Within the silence that is waited for, at its end, and long past it.
    for late_ms in [350, 580, 650, 900, 1_400] {
        stage.until_good("p/a").await;
        peer.answers_late(late_ms, 2);
        stage.until("p/a", Quality::BadNoCommunication).await;
    }
    stage.until_good("p/a").await;
    stage.until_good("p/b").await;
    stage.field.stop().await;
    assert_good_values_are(&stage, "p/a", 2_020.0);
    assert_good_values_are(&stage, "p/b", 2_025.0);
}

#[tokio::test]
async fn an_answer_held_back_until_the_very_next_question_is_told_apart_from_its_own() {
    let line = Line::new(|bus, question| {
        let answer = Line::register(question, 2_000 + u16::from(question[3]));
        // The third question is answered only when somebody asks again, a moment before the answer to that.
        let held = std::mem::take(&mut bus.held);
        bus.asked += 1;
        match (bus.asked % 9, held.is_empty()) {
            (3, true) => {
                bus.held = answer;
                vec![]
            }
            (_, true) => vec![answer],
            (_, false) => vec![held, answer],
        }
    })
    .await;
    let stage = on_stage(json!({ "address": line.address.to_string() }), ALIKE).await;
    for _ in 0..3 {
        stage.until("p/b", Quality::BadNoCommunication).await;
        stage.until_good("p/a").await;
        stage.until_good("p/b").await;
        // What was seen on the way.
        assert_good_values_are(&stage, "p/a", 2_020.0);
        assert_good_values_are(&stage, "p/b", 2_025.0);
    }
    stage.field.stop().await;
}

#[tokio::test]
async fn a_port_that_disappears_is_no_communication_until_it_is_back() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cable = Cable::lay_in(folder.path());
    let peer = serial(&python, &cable);
    let stage = on_stage(json!({ "port": cable.near() }), ALIKE).await;
    stage.until_good("p/a").await;
    drop((peer, cable));
    stage.until("p/a", Quality::BadNoCommunication).await;
    stage.until_it_says("plugged in").await;
    let cable = Cable::lay_in(folder.path());
    let _peer = serial(&python, &cable);
    stage.until_good("p/a").await;
    stage.until_good("p/b").await;
    stage.field.stop().await;
    assert_good_values_are(&stage, "p/a", 2_020.0);
}

#[tokio::test]
async fn an_adapter_that_echoes_gives_values_once_that_is_said_and_the_error_says_so_before() {
    let line = Line::new(|_bus, question| vec![[question.to_vec(), Line::register(question, 7)].concat()]).await;
    let at = line.address.to_string();
    let stage = on_stage(json!({ "address": at, "echo": true }), ALIKE).await;
    stage.until_good("p/a").await;
    assert_eq!(stage.good("p/a"), Some(7.0));
    stage.field.stop().await;
    let stage = on_stage(json!({ "address": at }), ALIKE).await;
    stage.until_it_says("echo = true").await;
    stage.field.stop().await;
    assert!(stage.log.scans().iter().flat_map(|scan| &scan.readings).all(|reading| reading.good().is_none()));
}

/// A right answer, spoiled.
type Spoiled = fn(&[u8]) -> Vec<u8>;

#[tokio::test]
async fn what_is_no_answer_to_the_question_is_never_a_value() {
    let wrong: [Spoiled; 6] = [
        |question| framed(&[2, 3, 2, question[3], 7]),
        |question| framed(&[1, 4, 2, question[3], 7]),
        |_| framed(&[1, 3, 4, 0, 7, 0, 7]),
        |_| vec![1, 3, 2, 0, 7, 0, 0],
        |_| framed(&[1, 3, 2, 0, 7])[..5].to_vec(),
        |_| [&[0xFF], framed(&[1, 3, 2, 0, 7]).as_slice()].concat(),
    ];
    for (number, answer) in wrong.into_iter().enumerate() {
        let line = Line::new(move |_bus, question| vec![answer(question)]).await;
        let stage = on_stage(json!({ "address": line.address.to_string() }), ALIKE).await;
        stage.until("p/a", Quality::BadNoCommunication).await;
        stage.until("p/b", Quality::BadNoCommunication).await;
        stage.field.stop().await;
        let readings = stage.log.scans().into_iter().flat_map(|scan| scan.readings);
        assert!(readings.into_iter().all(|reading| reading.value().is_none()), "the {number}. wrong answer");
    }
}

#[tokio::test]
async fn a_line_that_never_goes_quiet_is_not_asked_and_says_why() {
    let line = Line::babbling().await;
    let stage = on_stage(json!({ "address": line.address.to_string() }), ALIKE).await;
    stage.until_it_says("does not go quiet").await;
    stage.field.stop().await;
    assert_eq!(line.questions(), 0);
}

#[tokio::test]
async fn check_shows_what_each_unit_of_the_line_answers_and_which_one_does_not() {
    let Some(python) = python() else { return };
    let cable = Cable::lay();
    let _peer = serial(&python, &cable);
    let points = points_at(&[("dead", "3!hr:0"), ("one", "1!hr:0:f32"), ("too", "3!hr:1"), ("two", "2!hr:20")]);
    let device = checked(bus(json!({ "port": cable.near() })), points);
    let [dead, one, too, two] = &probe_device(&device).await[..] else { panic!("four points") };
    assert_eq!((&one.value, &two.value), (&Ok(1_480.0), &Ok(2_020.0)));
    assert_eq!(one.others.len(), 3, "one for each other byte order");
    assert!(dead.value.as_ref().unwrap_err().contains("unit 3 does not answer"), "{:?}", dead.value);
    assert_eq!(dead.value, too.value);
}

#[test]
fn two_devices_on_one_line_are_refused_whatever_they_call_it() {
    let folder = tempfile::tempdir().unwrap();
    let (port, other) = (folder.path().join("ttyUSB0"), folder.path().join("by-id"));
    std::fs::write(&port, "").unwrap();
    std::os::unix::fs::symlink(&port, &other).unwrap();
    let (plant, config) = configured(bus(json!({ "port": port })), vec![at("a", "hr:0")]);
    let (mut both, also) = configured(bus(json!({ "id": "also", "port": other })), vec![at("b", "2!hr:0")]);
    both.assets[0].signals.extend(plant.assets[0].signals.clone());
    let refused = check(&[config, also], &both).unwrap_err().to_string();
    assert!(refused.contains("device also: port") && refused.contains("device bus") && refused.contains("into one device"), "{refused}");
}
