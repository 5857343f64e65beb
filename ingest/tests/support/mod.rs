//! What the field's tests stand on: a clock, a log that keeps scans in memory, and waiting for a condition with a limit.
#![allow(dead_code, clippy::unwrap_used, reason = "each test binary uses its own part")]

use async_trait::async_trait;
use millwright_domain::{
    Now, Timestamp,
    chain::StoredRecord,
    ports::{
        clock::Clock,
        event_log::{Committed, EventLog, LogError, Owner},
    },
    position::{PartitionId, Position},
    reading::{Reading, Scan},
};
use millwright_ingest::field::Field;
use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Wall time as it is; plant time runs `speed` times as fast from the start on.
pub struct TestClock {
    started: Instant,
    wall: Timestamp,
    pub speed: f64,
}

impl TestClock {
    pub fn new(speed: f64) -> Arc<Self> {
        Arc::new(Self { started: Instant::now(), wall: chrono::Utc::now().into(), speed })
    }
    fn shown(&self, speed: f64) -> Timestamp {
        Timestamp::from_micros(self.wall.micros() + (self.started.elapsed().as_secs_f64() * speed * 1e6) as i64)
    }
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Now {
        Now { wall: self.shown(1.0), plant: self.shown(self.speed) }
    }
    async fn plant_reaches(&self, at: Timestamp) {
        let left = at.since(self.now().plant).to_std().unwrap_or_default();
        tokio::time::sleep(left.div_f64(self.speed)).await;
    }
    async fn wall_reaches(&self, at: Timestamp) {
        tokio::time::sleep(at.since(self.now().wall).to_std().unwrap_or_default()).await;
    }
}

/// A log that keeps scans in memory, and can be away.
#[derive(Default)]
pub struct MemoryLog {
    scans: Mutex<Vec<Scan>>,
    away: AtomicBool,
    hanging: tokio::sync::watch::Sender<bool>,
}

impl MemoryLog {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }
    pub fn goes_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }
    /// While it hangs, it neither takes nor refuses.
    pub fn hangs(&self, hanging: bool) {
        self.hanging.send_replace(hanging);
    }
    pub fn scans(&self) -> Vec<Scan> {
        self.scans.lock().unwrap().clone()
    }
    pub fn count(&self) -> usize {
        self.scans.lock().unwrap().len()
    }
    /// The last reading of a signal.
    pub fn last(&self, signal: &str) -> Option<Reading> {
        let scans = self.scans.lock().unwrap();
        scans.iter().rev().find_map(|scan| scan.readings.iter().find(|reading| reading.signal.as_str() == signal).cloned())
    }
    pub fn clear(&self) {
        self.scans.lock().unwrap().clear();
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn own(&self, partition: &PartitionId, _owner: &str, _now: Timestamp) -> Result<Box<dyn Owner>, LogError> {
        Err(LogError::Lost { partition: partition.clone(), why: "this log keeps readings only".into() })
    }
    async fn append_readings(&self, scans: Vec<Scan>) -> Result<Position, LogError> {
        self.hanging.subscribe().wait_for(|hanging| !hanging).await.unwrap();
        if self.away.load(Ordering::SeqCst) {
            return Err(LogError::Unavailable { doing: "appending", cause: Box::new(io::Error::other("away")) });
        }
        let mut kept = self.scans.lock().unwrap();
        kept.extend(scans);
        Ok(Position::at(PartitionId::readings(0), kept.len() as u64))
    }
    async fn read_ledger(&self, _partition: &PartitionId, from: u64, _limit: usize) -> Result<Committed<StoredRecord>, LogError> {
        Ok(Committed::up_to(0, from, []))
    }
    async fn read_readings(&self, _partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<Scan>, LogError> {
        let scans = self.scans();
        let mark = scans.len() as u64;
        Ok(Committed::up_to(mark, from, (0..mark).zip(scans).skip(from as usize).take(limit)))
    }
    async fn head(&self) -> Result<Position, LogError> {
        Ok(Position::at(PartitionId::readings(0), self.count() as u64))
    }
    async fn past(&self, _seen: &Position) -> Result<Position, LogError> {
        self.head().await
    }
}

/// A field that holds all its devices under epoch 1.
pub async fn taken(field: Field) -> Field {
    for device in field.devices() {
        field.take(&device, 1).await.unwrap();
    }
    field
}

/// Waits until `true_now` holds; panics with `what` after `limit`.
#[track_caller]
pub fn eventually(what: &str, limit: Duration, mut true_now: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let until = Instant::now() + limit;
        while !true_now() {
            assert!(Instant::now() < until, "{place}: not within {limit:?}: {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
