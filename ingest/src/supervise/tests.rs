//! Work that ends by a panic, on a protocol made for it.

use super::*;
use crate::{
    device::{Device, DeviceConfig},
    field::{FieldSettings, check},
    gate::Gate,
    protocol::{Answer, CannotConnect, PointNo, Protocol, Request, Value, Wire, WireError},
    simulator::demo::demo_plant,
};
use async_trait::async_trait;
use millwright_domain::{
    Now,
    chain::StoredRecord,
    ports::{
        clock::Clock,
        event_log::{Committed, EventLog, LogError, Owner},
        write_device::WriteDevice,
    },
    position::{PartitionId, Position},
    reading::Scan,
};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

/// Every tenth question is one too many for it.
#[derive(Debug, Default)]
struct Fragile(Arc<AtomicU64>);

#[async_trait]
impl Protocol for Fragile {
    fn line_of(&self, _: u16) -> usize {
        0
    }
    fn plan(&self, points: &[PointNo]) -> Vec<Request> {
        vec![points.to_vec()]
    }
    fn fits(&self, _: PointNo, _: f64) -> Result<(), String> {
        Ok(())
    }
    fn resolution(&self, _: PointNo) -> f64 {
        0.0
    }
    async fn connect(&self, _: usize) -> Result<Box<dyn Wire>, CannotConnect> {
        Ok(Box::new(Self(self.0.clone())))
    }
}

#[async_trait]
impl Wire for Fragile {
    async fn read(&mut self, points: &[PointNo]) -> Result<Vec<Answer>, WireError> {
        let asked = self.0.fetch_add(1, Ordering::SeqCst);
        assert!(asked % 10 != 9, "a library that panics");
        Ok(points.iter().map(|_| Ok(Value::number(1.0))).collect())
    }
    async fn write(&mut self, _: PointNo, _: f64, _: &Arc<Gate>) -> Result<(), WireError> {
        Err(WireError::broken("it is only read"))
    }
}

#[derive(Default)]
struct Scans(Mutex<Vec<Scan>>);

#[async_trait]
impl EventLog for Scans {
    async fn own(&self, partition: &PartitionId, _: &str, _: Timestamp) -> Result<Box<dyn Owner>, LogError> {
        Err(LogError::Lost { partition: partition.clone(), why: "this log keeps readings only".into() })
    }
    async fn append_readings(&self, scans: Vec<Scan>) -> Result<Position, LogError> {
        self.0.lock().unwrap().extend(scans);
        self.head().await
    }
    async fn read_ledger(&self, _: &PartitionId, from: u64, _: usize) -> Result<Committed<StoredRecord>, LogError> {
        Ok(Committed::up_to(0, from, []))
    }
    async fn read_readings(&self, _: &PartitionId, from: u64, _: usize) -> Result<Committed<Scan>, LogError> {
        Ok(Committed::up_to(0, from, []))
    }
    async fn head(&self) -> Result<Position, LogError> {
        Ok(Position::default())
    }
    async fn past(&self, _: &Position) -> Result<Position, LogError> {
        self.head().await
    }
}

struct Wall;

#[async_trait]
impl Clock for Wall {
    fn now(&self) -> Now {
        Now::both(chrono::Utc::now().into())
    }
    async fn plant_reaches(&self, _: Timestamp) {
        std::future::pending().await
    }
    async fn wall_reaches(&self, _: Timestamp) {
        std::future::pending().await
    }
}

fn fragile() -> Device {
    let config: DeviceConfig = serde_json::from_value(serde_json::json!({
        "protocol": "modbus_tcp", "id": "plc-1", "address": "127.0.0.1:1", "classes": [{ "name": "fast", "interval_ms": 5 }],
        "points": [{ "signal": "pump-1/flow", "address": "input:1" }],
    }))
    .unwrap();
    let device = check(&[config], &demo_plant()).unwrap().remove(0);
    Device { protocol: Arc::new(Fragile::default()), ..device }
}

#[tokio::test]
async fn a_keeper_that_panics_is_noticed_and_its_device_is_collected_from_anew_in_the_same_numbers() {
    let log = Arc::new(Scans::default());
    let field = Arc::new(Field::start(&demo_plant(), vec![fragile()], Arc::new(Wall), log.clone(), FieldSettings::default()));
    let (stop, supervised) = (CancellationToken::new(), field.clone());
    let stopped = stop.clone();
    let supervising = tokio::spawn(async move { supervised.supervise(stopped).await });
    let device: DeviceId = "plc-1".parse().unwrap();
    field.take(&device, 3).await.unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while field.snapshots().first().is_none_or(|device| device.restarts < 3) {
        assert!(Instant::now() < until, "it is not started anew: {:?}", field.snapshots());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(field.held_under(&device), Some(3));
    stop.cancel();
    supervising.await.unwrap();
    field.stop().await;
    let scans = log.0.lock().unwrap();
    assert!(scans.len() > 20 && scans.iter().enumerate().all(|(number, scan)| (scan.epoch, scan.scan) == (3, number as u64)));
}

#[test]
fn one_that_ends_again_at_once_is_begun_ever_later_and_one_that_ran_well_at_once() {
    let (start, mut restarts) = (Instant::now(), Restarts::of(&"plc-1".parse().unwrap(), 1));
    let mut now = start;
    for _ in 0..12 {
        restarts.is_due("panic".into(), now);
        now += restarts.backoff.remaining(now);
        restarts.begins(now);
    }
    restarts.is_due("panic".into(), now);
    assert!(restarts.backoff.remaining(now) >= LONGEST / 2, "{:?}", restarts.backoff.remaining(now));
    restarts.forget();
    let later = now + RAN_WELL * 2;
    restarts.is_due("panic".into(), later);
    assert!(restarts.backoff.admits(later) && restarts.count() == 12);
}
