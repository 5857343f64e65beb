//! For tests, here and in crates that show projections: a log in memory, and a site's facts recorded as a real log records them.
#![allow(clippy::unwrap_used, reason = "what panics here fails a test, which is what it is for")]

pub mod postgres;
pub mod road;

use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    chain::{ChainTip, StoredRecord},
    codec,
    envelope::{Draft, StreamId},
    ids::{ActorId, EventId, SiteId, derived},
    ports::event_log::{Committed, EventLog, LogError, Owner},
    position::{Lane, PartitionId, Position},
    reading::Scan,
    site::PartitionOwned,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex},
};
use tokio::sync::watch;

/// A log that forgets everything with the test. Remembers which partitions were read.
#[derive(Clone)]
pub struct MemoryLog {
    state: Arc<Mutex<State>>,
    head: watch::Sender<Position>,
}

#[derive(Default)]
struct State {
    ledger: BTreeMap<PartitionId, (ChainTip, Vec<StoredRecord>)>,
    readings: Vec<Scan>,
    /// What retention has left of the readings begins here.
    readings_from: u64,
    asked_for: BTreeSet<PartitionId>,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self { state: Arc::default(), head: watch::Sender::new(Position::default()) }
    }
}

impl MemoryLog {
    /// Ledger partitions that somebody has read from.
    pub fn asked_for(&self) -> BTreeSet<PartitionId> {
        self.state.lock().unwrap().asked_for.clone()
    }
    /// Appends drafts as an owner would.
    pub fn record(&self, partition: &PartitionId, drafts: &[Draft], now: Timestamp) -> Vec<StoredRecord> {
        let mut state = self.state.lock().unwrap();
        let (tip, records) = state.ledger.entry(partition.clone()).or_default();
        let stored: Vec<StoredRecord> = drafts.iter().map(|draft| tip.append(draft, partition, now)).collect();
        records.extend(stored.iter().cloned());
        let next = tip.next_seq;
        self.head.send_modify(|head| head.advance(partition, next));
        stored
    }
    /// As retention does.
    pub fn drop_readings_before(&self, seq: u64) {
        self.state.lock().unwrap().readings_from = seq;
    }
    /// Another log with those facts that were recorded at or before a time.
    pub fn up_to(&self, as_of: Timestamp) -> Self {
        let mut cut = State::default();
        let mut head = Position::default();
        for (partition, (_, records)) in &self.state.lock().unwrap().ledger {
            let is_before = |record: &&StoredRecord| codec::decode(&record.bytes).unwrap().recorded_at <= as_of;
            let kept: Vec<StoredRecord> = records.iter().take_while(is_before).cloned().collect();
            head.advance(partition, kept.len() as u64);
            cut.ledger.insert(partition.clone(), (ChainTip::default(), kept));
        }
        Self { state: Arc::new(Mutex::new(cut)), head: watch::Sender::new(head) }
    }
    /// Appends bytes that nobody encoded.
    pub fn record_bytes(&self, partition: &PartitionId, bytes: Vec<u8>) {
        let mut state = self.state.lock().unwrap();
        let (tip, records) = state.ledger.entry(partition.clone()).or_default();
        let hash = millwright_domain::chain::link(tip.hash, tip.next_seq, &bytes);
        records.push(StoredRecord { seq: tip.next_seq, hash, bytes });
        (tip.hash, tip.next_seq) = (hash, tip.next_seq + 1);
        let next = tip.next_seq;
        self.head.send_modify(|head| head.advance(partition, next));
    }
}

struct MemoryOwner {
    log: MemoryLog,
    partition: PartitionId,
}

#[async_trait]
impl Owner for MemoryOwner {
    fn partition(&self) -> &PartitionId {
        &self.partition
    }
    fn tip(&self) -> ChainTip {
        self.log.state.lock().unwrap().ledger.get(&self.partition).map(|(tip, _)| *tip).unwrap_or_default()
    }
    async fn commit(&mut self, batch: Vec<Draft>, now: Timestamp) -> Result<Vec<StoredRecord>, LogError> {
        Ok(self.log.record(&self.partition, &batch, now))
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn own(&self, partition: &PartitionId, owner: &str, now: Timestamp) -> Result<Box<dyn Owner>, LogError> {
        let epoch = {
            let mut state = self.state.lock().unwrap();
            let (tip, _) = state.ledger.entry(partition.clone()).or_default();
            tip.epoch += 1;
            tip.epoch
        };
        let owned = Event::from(PartitionOwned { epoch, owner: owner.into() });
        let id = derived(&partition.to_string(), "owned", epoch as u32);
        let draft = Draft {
            id: EventId(id),
            stream: StreamId::partition(),
            version: epoch,
            occurred_at: now,
            actor: "svc-log".parse().unwrap(),
            command: None,
            causation: None,
            correlation: id,
            event: owned,
        };
        self.record(partition, &[draft], now);
        Ok(Box::new(MemoryOwner { log: self.clone(), partition: partition.clone() }))
    }
    async fn append_readings(&self, scans: Vec<Scan>) -> Result<Position, LogError> {
        let mut state = self.state.lock().unwrap();
        state.readings.extend(scans);
        let position = Position::at(PartitionId::readings(0), state.readings.len() as u64);
        self.head.send_modify(|head| head.merge(&position));
        Ok(position)
    }
    async fn read_ledger(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<StoredRecord>, LogError> {
        let mut state = self.state.lock().unwrap();
        state.asked_for.insert(partition.clone());
        let records = state.ledger.get(partition).map(|(_, records)| records.as_slice()).unwrap_or_default();
        let kept = records.iter().skip(from as usize).take(limit).map(|record| (record.seq, record.clone()));
        Ok(Committed::up_to(records.len() as u64, from, kept))
    }
    async fn read_readings(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<Scan>, LogError> {
        assert_eq!(partition.lane(), Lane::Readings);
        let state = self.state.lock().unwrap();
        let from = from.max(state.readings_from);
        let kept = state.readings.iter().enumerate().skip(from as usize).take(limit).map(|(seq, scan)| (seq as u64, scan.clone()));
        Ok(Committed::up_to(state.readings.len() as u64, from, kept))
    }
    async fn head(&self) -> Result<Position, LogError> {
        Ok(self.head.borrow().clone())
    }
    async fn past(&self, seen: &Position) -> Result<Position, LogError> {
        let mut head = self.head.subscribe();
        let head = head.wait_for(|head| !seen.covers(head)).await.expect("the log holds the sender");
        Ok(head.clone())
    }
}

/// Records facts on one site's partition, numbering streams and keeping time.
pub struct Recorder {
    pub log: MemoryLog,
    pub partition: PartitionId,
    versions: HashMap<StreamId, u64>,
    now: Timestamp,
    number: u32,
}

impl Recorder {
    pub fn on(log: &MemoryLog, site: &SiteId) -> Self {
        Self::at(log, PartitionId::site(site))
    }
    pub fn at(log: &MemoryLog, partition: PartitionId) -> Self {
        Self { log: log.clone(), partition, versions: HashMap::new(), now: Timestamp::from_secs(1_700_000_000), number: 0 }
    }
    /// Each fact a second after the last.
    pub fn record(&mut self, stream: StreamId, actor: &str, event: impl Into<Event>) -> &mut Self {
        let actor: ActorId = actor.parse().unwrap();
        self.now = self.now + chrono::TimeDelta::seconds(1);
        self.number += 1;
        let version = self.versions.entry(stream.clone()).or_default();
        *version += 1;
        let id = derived(&self.partition.to_string(), "fact", self.number);
        let draft = Draft {
            id: EventId(id),
            stream,
            version: *version,
            occurred_at: self.now,
            actor,
            command: None,
            causation: None,
            correlation: id,
            event: event.into(),
        };
        self.log.record(&self.partition, &[draft], self.now);
        self
    }
    pub fn now(&self) -> Timestamp {
        self.now
    }
}

/// Changes a database of tables by hand, as nobody should; says how many rows.
pub async fn by_hand(database: &std::path::Path, sql: &'static str) -> u64 {
    use sqlx::Connection;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
    let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    let changed = sqlx::query(sql).execute(&mut db).await.unwrap().rows_affected();
    db.close().await.unwrap();
    changed
}
