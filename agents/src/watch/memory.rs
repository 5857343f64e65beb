//! A log, answers and a clock in memory, for the watch's tests.

use async_trait::async_trait;
use millwright_domain::{
    Event, Now, Timestamp,
    action::Observed,
    chain::{ChainTip, StoredRecord},
    codec::decode,
    envelope::{Draft, StreamId},
    ids::{CommandId, SignalId, SiteId},
    ports::{
        answers::{Answers, AnswersError, Given},
        clock::Clock,
        event_log::{Committed, EventLog, LogError, Owner},
        live_readings::LiveReadings,
    },
    position::{PartitionId, Position},
    reading::Scan,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};
use tokio::sync::watch;

#[derive(Default)]
struct State {
    tip: ChainTip,
    ledger: Vec<StoredRecord>,
    readings: Vec<Scan>,
}

/// One site and one partition of readings.
#[derive(Clone)]
pub struct MemoryLog {
    state: Arc<Mutex<State>>,
    partition: PartitionId,
    head: watch::Sender<Position>,
}

impl MemoryLog {
    pub fn of(site: &SiteId) -> Self {
        Self { state: Arc::default(), partition: PartitionId::site(site), head: watch::Sender::new(Position::default()) }
    }
    /// Whether whoever has come to `position` has read every scan.
    pub fn is_all_before(&self, position: &Position) -> bool {
        position.next(&PartitionId::readings(0)) >= self.state.lock().unwrap().readings.len() as u64
    }
    pub fn facts(&self) -> Vec<(StreamId, Event)> {
        let facts = self.state.lock().unwrap().ledger.iter().map(|record| decode(&record.bytes).unwrap()).collect::<Vec<_>>();
        facts.into_iter().map(|fact| (fact.stream, fact.event)).collect()
    }
    /// As a command's owner would.
    pub fn record(&self, drafts: &[Draft], now: Timestamp) -> Vec<StoredRecord> {
        let mut state = self.state.lock().unwrap();
        let stored: Vec<StoredRecord> = drafts.iter().map(|draft| state.tip.append(draft, &self.partition, now)).collect();
        state.ledger.extend(stored.iter().cloned());
        let next = state.tip.next_seq;
        self.head.send_modify(|head| head.advance(&self.partition, next));
        stored
    }
    pub fn measure(&self, scans: Vec<Scan>) {
        let mut state = self.state.lock().unwrap();
        state.readings.extend(scans);
        let next = state.readings.len() as u64;
        self.head.send_modify(|head| head.advance(&PartitionId::readings(0), next));
    }
}

struct MemoryOwner(MemoryLog);

#[async_trait]
impl Owner for MemoryOwner {
    fn partition(&self) -> &PartitionId {
        &self.0.partition
    }
    fn tip(&self) -> ChainTip {
        self.0.state.lock().unwrap().tip
    }
    async fn commit(&mut self, batch: Vec<Draft>, now: Timestamp) -> Result<Vec<StoredRecord>, LogError> {
        Ok(self.0.record(&batch, now))
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn own(&self, _: &PartitionId, _: &str, _: Timestamp) -> Result<Box<dyn Owner>, LogError> {
        Ok(Box::new(MemoryOwner(self.clone())))
    }
    async fn append_readings(&self, scans: Vec<Scan>) -> Result<Position, LogError> {
        self.measure(scans);
        self.head().await
    }
    async fn read_ledger(&self, _: &PartitionId, from: u64, limit: usize) -> Result<Committed<StoredRecord>, LogError> {
        let state = self.state.lock().unwrap();
        let kept = state.ledger.iter().skip(from as usize).take(limit).map(|record| (record.seq, record.clone()));
        Ok(Committed::up_to(state.ledger.len() as u64, from, kept))
    }
    async fn read_readings(&self, _: &PartitionId, from: u64, limit: usize) -> Result<Committed<Scan>, LogError> {
        // A pause, so that a test can end the reader between two pages.
        tokio::task::yield_now().await;
        let state = self.state.lock().unwrap();
        let kept = (from..).zip(state.readings.iter().skip(from as usize).take(limit).cloned());
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

#[derive(Default)]
pub struct MemoryAnswers(Mutex<HashMap<CommandId, Given>>);

impl Answers for MemoryAnswers {
    fn first(&self, _: &PartitionId, command: CommandId) -> Result<Option<Given>, AnswersError> {
        Ok(self.0.lock().unwrap().get(&command).cloned())
    }
    fn learn(&self, _: &PartitionId, answers: Vec<(CommandId, Given)>, _: u64) -> Result<(), AnswersError> {
        self.0.lock().unwrap().extend(answers);
        Ok(())
    }
    fn learned_to(&self, _: &PartitionId) -> Result<u64, AnswersError> {
        Ok(0)
    }
}

/// A clock that stands.
pub struct Standing(pub Timestamp);

#[async_trait]
impl Clock for Standing {
    fn now(&self) -> Now {
        Now::both(self.0)
    }
    async fn plant_reaches(&self, _: Timestamp) {
        tokio::task::yield_now().await;
    }
    async fn wall_reaches(&self, _: Timestamp) {
        tokio::task::yield_now().await;
    }
}

pub struct NothingLive;

impl LiveReadings for NothingLive {
    fn latest(&self, _: &SiteId, _: &SignalId) -> Option<Observed> {
        None
    }
}
