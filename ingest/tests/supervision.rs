//! Devices that fall silent, collectors that are killed, values that say nothing new: what is told of it, and what is not.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "support/rogue.rs"]
mod rogue;

use chrono::TimeDelta;
use millwright_commands::{Command, Gap};
use millwright_domain::{
    case::AlertRaised,
    ids::DeviceId,
    reading::{Quality, Scan},
};
use millwright_ingest::{
    device::DeviceConfig,
    field::{Field, FieldSettings, check},
    simulator::demo::demo_plant,
};
use rogue::{honest, rogue};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use support::{MemoryLog, TestClock, eventually};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(20);

fn plc() -> DeviceId {
    "plc-1".parse().unwrap()
}

/// A device of two units that answers as long as it is told to, and its collector in a time-lapse.
struct Stage {
    field: Arc<Field>,
    log: Arc<MemoryLog>,
    answers: Arc<AtomicBool>,
    supervising: JoinHandle<()>,
    stop: CancellationToken,
}

impl Stage {
    async fn set(speed: f64, points: Value) -> Self {
        let answers = Arc::new(AtomicBool::new(true));
        let answering = answers.clone();
        // Unit 2 always answers.
        let address = rogue(move |_, request| (request[6] == 2 || answering.load(Ordering::SeqCst)).then(|| honest(request))).await;
        Self::of(speed, points, address, answers, MemoryLog::new(), 1).await
    }
    async fn of(speed: f64, points: Value, address: SocketAddr, answers: Arc<AtomicBool>, log: Arc<MemoryLog>, epoch: u64) -> Self {
        let plant = demo_plant();
        let config: DeviceConfig = serde_json::from_value(json!({
            "protocol": "modbus_tcp", "id": "plc-1", "address": address.to_string(),
            "classes": [{ "name": "fast", "interval_ms": 1_000, "timeout_ms": 20 }], "points": points,
        }))
        .unwrap();
        let settings = FieldSettings { speed, ..FieldSettings::default() };
        let field = Arc::new(Field::start(&plant, check(&[config], &plant).unwrap(), TestClock::new(speed), log.clone(), settings));
        field.judged();
        let (stop, supervised) = (CancellationToken::new(), field.clone());
        let stopped = stop.clone();
        let supervising = tokio::spawn(async move { supervised.supervise(stopped).await });
        field.take(&plc(), epoch).await.unwrap();
        Self { field, log, answers, supervising, stop }
    }
    /// What is told next.
    async fn told(&self) -> Command {
        let item = tokio::time::timeout(SOON, self.field.news()).await.unwrap().remove(0);
        self.field.told(&item.id);
        item.command
    }
    async fn end(self) {
        self.stop.cancel();
        self.supervising.await.unwrap();
        self.field.stop().await;
    }
}

fn one_point() -> Value {
    json!([{ "signal": "pump-1/flow", "address": "1!input:77" }])
}

fn gap(command: Command) -> Gap {
    let Command::ReportGap(report) = command else { panic!("{command:?}") };
    report.gap
}

#[tokio::test]
async fn a_silence_is_told_while_it_lasts_and_when_it_is_over() {
    let stage = Stage::set(60.0, one_point()).await;
    eventually("scans", SOON, || stage.log.count() > 5).await;
    stage.answers.store(false, Ordering::SeqCst);
    let Gap::FellSilent(fell) = gap(stage.told().await) else { panic!("it lasts") };
    assert_eq!((&fell.device, fell.epoch, fell.unit), (&plc(), 1, 1));
    assert!(fell.why.contains("no answer within 20 ms"), "{}", fell.why);
    let snapshot = stage.field.snapshots().remove(0);
    assert_eq!(snapshot.units[0].silent_since, Some(fell.since));
    stage.answers.store(true, Ordering::SeqCst);
    let Gap::Answered(answered) = gap(stage.told().await) else { panic!("it is over") };
    assert_eq!((answered.since, answered.unit, answered.gaps), (fell.since, 1, 1));
    let scans = stage.log.scans();
    let is_missing = |scan: &&Scan| scan.readings.iter().all(|reading| reading.quality() == Quality::BadNoCommunication);
    let missing: Vec<&Scan> = scans.iter().filter(is_missing).collect();
    assert!(missing.iter().all(|scan| answered.since < scan.scanned_at && scan.scanned_at < answered.until), "the gap holds all that is missing");
    assert!(answered.missed.unwrap() >= missing.len() as u64);
    assert_eq!(stage.field.snapshots()[0].gaps, 1);
    stage.end().await;
}

#[tokio::test]
async fn after_a_kill_the_log_itself_says_what_was_missed() {
    let stage = Stage::set(60.0, one_point()).await;
    eventually("scans", SOON, || stage.log.count() > 5).await;
    let Stage { field, log, answers, supervising, .. } = stage;
    // Killed: nothing is stopped in order.
    supervising.abort();
    drop(field);
    drop(supervising.await);
    let last = log.scans().last().unwrap().clone();
    let address = rogue(|_, request| Some(honest(request))).await;
    let stage = Stage::of(60.0, one_point(), address, answers, log, 4).await;
    let Gap::Resumed(resumed) = gap(stage.told().await) else { panic!("it is resumed") };
    let first = stage.log.scans().iter().find(|scan| scan.epoch == 4).unwrap().clone();
    // The successor's time-lapse begins at the time on the wall, behind where the killed one had come to: a gap never ends before it began.
    let until = first.scanned_at.max(last.scanned_at);
    assert_eq!((resumed.epoch, resumed.former_epoch, resumed.since, resumed.until), (4, 1, last.scanned_at, until));
    stage.field.take(&plc(), 7).await.unwrap();
    let Gap::Resumed(resumed) = gap(stage.told().await) else { panic!("it is resumed") };
    assert_eq!((resumed.epoch, resumed.former_epoch), (7, 4));
    stage.end().await;
}

#[tokio::test]
async fn a_unit_that_fails_three_checks_raises_one_alert_for_its_machine_and_not_for_its_neighbour() {
    let points = json!([{ "signal": "pump-1/flow", "address": "1!input:77" }, { "signal": "pump-1/pressure", "address": "2!input:78" }]);
    let stage = Stage::set(300.0, points).await;
    eventually("scans", SOON, || stage.log.count() > 5).await;
    stage.answers.store(false, Ordering::SeqCst);
    let alert: AlertRaised = loop {
        match stage.told().await {
            Command::RaiseAlert(raise) => break raise.alert,
            Command::ReportGap(_) => {}
            other => panic!("{other:?}"),
        }
    };
    let about: Vec<&str> = alert.evidence.iter().map(|one| one.signal.as_str()).collect();
    assert_eq!((alert.asset.as_str(), alert.detector.as_str(), about, alert.evidence[0].current), ("pump-1", "collector", vec!["pump-1/flow"], 77.0));
    eventually("further checks fail", SOON, || stage.field.snapshots()[0].units[0].failed_checks >= 5).await;
    let snapshot = stage.field.snapshots().remove(0);
    assert_eq!((snapshot.units[1].failed_checks, snapshot.restarts), (0, 0), "the other unit is well, so the collector is");
    stage.answers.store(true, Ordering::SeqCst);
    eventually("it is well again", SOON, || stage.field.snapshots()[0].units[0].failed_checks == 0).await;
    stage.end().await;
}

#[tokio::test]
async fn a_device_that_goes_on_failing_is_collected_from_anew_under_the_same_epoch_and_numbers_go_on() {
    let stage = Stage::set(300.0, one_point()).await;
    eventually("scans", SOON, || stage.log.count() > 5).await;
    stage.answers.store(false, Ordering::SeqCst);
    eventually("it is started anew", SOON, || stage.field.snapshots().first().is_some_and(|device| device.restarts >= 2)).await;
    stage.answers.store(true, Ordering::SeqCst);
    eventually("it answers", SOON, || stage.field.snapshots().first().is_some_and(|device| device.is_connected())).await;
    let log = stage.log.clone();
    stage.end().await;
    let numbers: Vec<(u64, u64)> = log.scans().iter().map(|scan| (scan.epoch, scan.scan)).collect();
    assert_eq!(numbers, (0..numbers.len() as u64).map(|number| (1, number)).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_value_that_says_nothing_new_is_left_out_and_a_scan_of_such_values_is_none() {
    let still = json!({ "absolute": 1.0, "heartbeat_s": 60 });
    let points = json!([{ "signal": "pump-1/flow", "address": "1!input:77", "report": still }]);
    let stage = Stage::set(300.0, points).await;
    eventually("many polls", SOON, || stage.field.snapshots()[0].punctuality.polls >= 600).await;
    let snapshot = stage.field.snapshots().remove(0);
    let polled = snapshot.punctuality.polls;
    // One each heartbeat; polls that were skipped on a busy machine make them fewer.
    assert!((2..=polled / 20).contains(&snapshot.scans) && snapshot.left_out + snapshot.scans + 2 >= polled, "{snapshot:?}");
    stage.answers.store(false, Ordering::SeqCst);
    eventually("missing at once", SOON, || stage.log.last("pump-1/flow").is_some_and(|reading| reading.quality().is_bad())).await;
    stage.answers.store(true, Ordering::SeqCst);
    eventually("and good at once", SOON, || stage.log.last("pump-1/flow").is_some_and(|reading| reading.good() == Some(77.0))).await;
    let log = stage.log.clone();
    stage.end().await;
    let scans = log.scans();
    assert!(scans.windows(2).all(|pair| pair[1].scan == pair[0].scan + 1), "numbers stay dense");
    let longest = scans.windows(2).map(|pair| pair[1].scanned_at.since(pair[0].scanned_at)).max().unwrap();
    assert!(longest <= TimeDelta::seconds(90), "{longest}");
}

#[tokio::test]
async fn beside_a_reported_point_the_others_are_read_as_ever() {
    let still = json!({ "swinging_door": 1.0 });
    let points =
        json!([{ "signal": "pump-1/flow", "address": "1!input:77", "report": still }, { "signal": "pump-1/pressure", "address": "1!input:900" }]);
    let stage = Stage::set(300.0, points).await;
    eventually("scans", SOON, || stage.log.count() >= 100).await;
    let scans = stage.log.scans();
    stage.end().await;
    let with = |signal: &str| scans.iter().filter(|scan| scan.readings.iter().any(|reading| reading.signal.as_str() == signal)).count();
    assert_eq!(with("pump-1/pressure"), scans.len());
    assert!((1..=20).contains(&with("pump-1/flow")), "{}", with("pump-1/flow"));
}
