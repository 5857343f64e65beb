//! The collector reads and writes the simulated plant over real Modbus TCP, into a log.
#![allow(clippy::unwrap_used)]

mod support;

use millwright_domain::{
    action::WriteOrder,
    ports::{
        clock::Clock,
        plant_control::PlantControl,
        write_device::{WriteDevice, WriteVerdict},
    },
    reading::Quality,
};
use millwright_ingest::{
    collect::probe::probe_device,
    field::{Field, FieldSettings, check},
    simulator::{
        demo::{demo_device, demo_plant, shipped_scenarios},
        plant::{SimulatedPlant, TruthTeller},
        scenario::Scenario,
        serve::serve,
    },
};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use support::{MemoryLog, TestClock, eventually, taken};
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(5);

struct Stage {
    plant: Arc<SimulatedPlant>,
    address: SocketAddr,
    log: Arc<MemoryLog>,
    clock: Arc<TestClock>,
    truths: Arc<Mutex<Vec<(String, f64)>>>,
    stop: CancellationToken,
}

impl Stage {
    /// A served plant, sixty times as fast as life.
    async fn set(scenario: Scenario) -> Self {
        let clock = TestClock::new(60.0);
        let truths = Arc::new(Mutex::new(Vec::new()));
        let told = truths.clone();
        let tell: TruthTeller = Box::new(move |_at, truth| told.lock().unwrap().push((truth.fault.to_string(), truth.severity)));
        let plant = Arc::new(SimulatedPlant::new(7, scenario, shipped_scenarios(), clock.clone(), 60.0, tell));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, plant.clone(), stop.clone()));
        tokio::spawn(plant.clone().run(stop.clone()));
        Self { plant, address, log: MemoryLog::new(), clock, truths, stop }
    }
    async fn field(&self) -> Field {
        let plant = demo_plant();
        let devices = check(&[demo_device(self.address)], &plant).unwrap();
        let settings = FieldSettings { speed: 60.0, ..FieldSettings::default() };
        taken(Field::start(&plant, devices, self.clock.clone(), self.log.clone(), settings)).await
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn order(value: f64) -> WriteOrder {
    WriteOrder { device: "plc-1".parse().unwrap(), signal: "pump-1/speed_setpoint".parse().unwrap(), value, tolerance: 1.0 }
}

#[tokio::test]
async fn scans_of_the_simulated_plant_arrive_in_the_log_dense_and_in_order() {
    let stage = Stage::set(Scenario::normal()).await;
    let field = stage.field().await;
    eventually("sixty scans", SOON, || stage.log.count() >= 60).await;
    let snapshot = field.snapshots().remove(0);
    field.stop().await;

    let scans = stage.log.scans();
    for (number, scan) in scans.iter().enumerate() {
        assert_eq!((scan.scan, scan.readings.len()), (number as u64, 10));
        assert!(scan.readings.iter().all(|reading| reading.quality() == Quality::Good), "{scan:?}");
    }
    assert!(scans.windows(2).all(|pair| pair[0].scanned_at < pair[1].scanned_at));
    assert!((stage.log.last("pump-1/flow").unwrap().good().unwrap() - 100.0).abs() < 5.0);
    assert!((stage.log.last("pump-1/motor_temperature").unwrap().good().unwrap() - 62.0).abs() < 3.0);
    assert_eq!((snapshot.units[0].state, snapshot.units[0].connects, snapshot.dropped), ("connected", 1, 0));
    assert_eq!(snapshot.saved.requests_saved, snapshot.saved.requests * 4, "ten values in two requests");
}

#[tokio::test]
async fn a_setpoint_is_written_read_back_and_obeyed() {
    let stage = Stage::set(Scenario::normal()).await;
    let field = stage.field().await;
    let send_by = stage.clock.now().wall + chrono::TimeDelta::seconds(2);
    assert_eq!(field.write_once(&order(888.0), 1, send_by).await.verdict, WriteVerdict::Applied { read_back: 888.0 });
    eventually("the pump turns more slowly", SOON, || {
        stage.log.last("pump-1/speed").and_then(|speed| speed.good()).is_some_and(|speed| (speed - 888.0).abs() < 20.0)
    })
    .await;
    assert_eq!(field.read_back(&order(0.0)).await, Ok(888.0));
    field.stop().await;
}

#[tokio::test]
async fn nothing_is_sent_once_its_time_has_passed() {
    let stage = Stage::set(Scenario::normal()).await;
    let field = stage.field().await;
    let send_by = stage.clock.now().wall - chrono::TimeDelta::milliseconds(1);
    let verdict = field.write_once(&order(888.0), 1, send_by).await.verdict;
    assert!(matches!(&verdict, WriteVerdict::NotApplied { why } if why.contains("time to send it had passed")), "{verdict:?}");
    assert_eq!(field.read_back(&order(0.0)).await, Ok(1_480.0));
    field.stop().await;
}

#[tokio::test]
async fn a_value_that_the_controller_refuses_was_certainly_not_written() {
    let stage = Stage::set(Scenario::normal()).await;
    let field = stage.field().await;
    let send_by = stage.clock.now().wall + chrono::TimeDelta::seconds(2);
    let verdict = field.write_once(&order(9_000.0), 1, send_by).await.verdict;
    assert!(matches!(&verdict, WriteVerdict::NotApplied { why } if why.contains("exception 3")), "{verdict:?}");
    field.stop().await;
}

#[tokio::test]
async fn while_the_log_is_away_scans_wait_then_arrive_without_a_gap() {
    let stage = Stage::set(Scenario::normal()).await;
    stage.log.goes_away(true);
    let field = stage.field().await;
    eventually("thirty scans wait", SOON, || field.snapshots()[0].scans >= 30).await;
    assert_eq!(stage.log.count(), 0);
    stage.log.goes_away(false);
    eventually("they arrive", SOON, || stage.log.count() >= 30).await;
    field.stop().await;
    assert!(stage.log.scans().iter().enumerate().all(|(number, scan)| scan.scan == number as u64));
}

#[tokio::test]
async fn a_scenario_is_loaded_started_and_repaired_and_what_was_wrong_is_told_apart() {
    let stage = Stage::set(Scenario::normal()).await;
    let clogged =
        serde_json::json!({ "name": "clog", "faults": [{ "fault": "clogging", "asset": "pump-1", "start_s": 1, "severity": 0.5, "shape": "step" }] });
    let loaded = stage.plant.load(clogged).await.unwrap();
    assert_eq!((loaded.scenario.as_str(), loaded.running, loaded.remaining_steps), ("clog", false, 1));
    stage.plant.start().await.unwrap();
    eventually("the clog begins", SOON, || !stage.truths.lock().unwrap().is_empty()).await;
    stage.plant.repair("pump-1").await.unwrap();
    assert_eq!(*stage.truths.lock().unwrap(), [("clogging".to_string(), 0.5), ("clogging".to_string(), 0.0)]);
    assert!(stage.plant.repair("pump-9").await.is_err());
    assert!(stage.plant.load("no_such".into()).await.unwrap_err().to_string().contains("chronic_wear"));
}

#[tokio::test]
async fn a_probe_shows_each_point_in_all_four_byte_orders() {
    let stage = Stage::set(Scenario::normal()).await;
    let device = check(&[demo_device(stage.address)], &demo_plant()).unwrap().remove(0);
    let probed = probe_device(&device).await;
    assert_eq!(probed.len(), 10);
    let speed = probed.iter().find(|line| line.signal.as_str() == "pump-1/speed_setpoint").unwrap();
    assert_eq!((speed.address.as_str(), &speed.value, speed.others.len()), ("1!holding:0:f32", &Ok(1_480.0), 3));
}
