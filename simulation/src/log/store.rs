//! What is durable: ledgers with their chain and their owner's epoch, readings, and commits of which nobody knows yet what becomes of them.

use crate::{
    chance::Chance,
    life::TrueTime,
    trace::{Step, Trace},
};
use millwright_domain::{
    Event, Timestamp,
    chain::{ChainTip, StoredRecord},
    codec::decode,
    envelope::{Draft, StreamId},
    ids::{EventId, derived},
    ports::event_log::{Committed, LogError},
    position::{PartitionId, Position},
    reading::Scan,
    site::PartitionOwned,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Partitions of the readings lane.
const READINGS: usize = 2;

/// What becomes of a commit that has reached the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Durable,
    /// Written, not synced; nobody is told. Durable or gone at the next change of owners, gone at the next power cut.
    Hanging,
    Refused,
}

#[derive(Default)]
struct Ledger {
    tip: ChainTip,
    records: Vec<StoredRecord>,
    /// How many facts its own stream has.
    of_partition: u64,
    hanging: Option<(Vec<Draft>, Timestamp)>,
    /// Records before this one survive a power cut. Differs from all only for the log that lies.
    synced: usize,
}

#[derive(Default)]
struct State {
    ledgers: BTreeMap<PartitionId, Ledger>,
    readings: [Vec<Scan>; READINGS],
}

struct Shared {
    state: Mutex<State>,
    moved: Notify,
    chance: Chance,
    trace: Trace,
    time: TrueTime,
    /// A planted bug: says that a commit is durable before it is.
    lies: bool,
}

/// Clones are one log.
#[derive(Clone)]
pub struct Store(Arc<Shared>);

impl Store {
    pub fn new(chance: Chance, trace: Trace, time: TrueTime, lies: bool) -> Self {
        Self(Arc::new(Shared { state: Mutex::default(), moved: Notify::new(), chance, trace, time, lies }))
    }

    /// The epoch of a new owner. What hung is durable or gone from here on.
    pub fn own(&self, partition: &PartitionId, owner: &str, now: Timestamp) -> u64 {
        let hanging = self.state().ledgers.entry(partition.clone()).or_default().hanging.take();
        if let Some((batch, handed_over)) = hanging
            && self.0.chance.per_mille(500)
        {
            self.keep(partition, &batch, handed_over);
        }
        let draft = {
            let mut state = self.state();
            let ledger = state.ledgers.entry(partition.clone()).or_default();
            ledger.tip.epoch += 1;
            owned(partition, ledger.tip.epoch, ledger.of_partition + 1, owner, now)
        };
        let epoch = self.tip(partition).epoch;
        self.keep(partition, &[draft], now);
        epoch
    }

    /// `Err` if another owner has taken over.
    pub fn commit(&self, partition: &PartitionId, epoch: u64, batch: &[Draft], now: Timestamp, fate: Fate) -> Result<Vec<StoredRecord>, LogError> {
        let found = self.tip(partition).epoch;
        if found != epoch {
            return Err(LogError::Lost { partition: partition.clone(), why: format!("epoch {found} has begun") });
        }
        match fate {
            Fate::Durable => Ok(self.keep(partition, batch, now)),
            Fate::Refused => Ok(vec![]),
            Fate::Hanging => {
                if let Some(ledger) = self.state().ledgers.get_mut(partition) {
                    ledger.hanging = Some((batch.to_vec(), now));
                }
                Ok(vec![])
            }
        }
    }

    fn keep(&self, partition: &PartitionId, batch: &[Draft], now: Timestamp) -> Vec<StoredRecord> {
        let kept = {
            let mut state = self.state();
            let ledger = state.ledgers.entry(partition.clone()).or_default();
            let kept: Vec<StoredRecord> = batch.iter().map(|draft| ledger.tip.append(draft, partition, now)).collect();
            ledger.records.extend(kept.iter().cloned());
            ledger.of_partition += batch.iter().filter(|draft| draft.stream == StreamId::partition()).count() as u64;
            if !self.0.lies || self.0.chance.per_mille(700) {
                ledger.synced = ledger.records.len();
            }
            kept
        };
        for stored in &kept {
            if let Ok(fact) = decode(&stored.bytes) {
                let step = Step::Kept { partition: partition.clone(), stored: stored.clone(), fact: Box::new(fact) };
                self.0.trace.push(self.0.time.now(), step);
            }
        }
        self.0.moved.notify_waiters();
        kept
    }

    /// Makes the first `count` of these durable.
    pub fn measure(&self, scans: &[Scan], count: usize) -> Position {
        let mut position = Position::default();
        for scan in scans.iter().take(count) {
            let lane = usize::from(scan.device.as_str().bytes().last().unwrap_or(0)) % READINGS;
            let partition = PartitionId::readings(lane as u32);
            let seq = {
                let mut state = self.state();
                state.readings[lane].push(scan.clone());
                state.readings[lane].len() as u64 - 1
            };
            position.advance(&partition, seq + 1);
            self.0.trace.push(self.0.time.now(), Step::Measured { partition, seq, scan: Box::new(scan.clone()) });
        }
        self.0.moved.notify_waiters();
        position
    }

    /// The machine under the log loses its power: whatever was not synced is gone.
    pub fn power_cut(&self) {
        let mut state = self.state();
        for ledger in state.ledgers.values_mut() {
            ledger.hanging = None;
            if ledger.synced < ledger.records.len() {
                ledger.records.truncate(ledger.synced);
                let last = ledger.records.last();
                let fact = last.and_then(|record| decode(&record.bytes).ok());
                ledger.tip = fact.zip(last).map_or_else(ChainTip::default, |(fact, last)| ChainTip {
                    next_seq: last.seq + 1,
                    hash: last.hash,
                    recorded_at: fact.recorded_at,
                    epoch: fact.epoch,
                });
            }
        }
    }

    pub fn tip(&self, partition: &PartitionId) -> ChainTip {
        self.state().ledgers.get(partition).map(|ledger| ledger.tip).unwrap_or_default()
    }
    pub fn ledger(&self, partition: &PartitionId, from: u64, limit: usize) -> Committed<StoredRecord> {
        let state = self.state();
        let records = state.ledgers.get(partition).map(|ledger| ledger.records.as_slice()).unwrap_or_default();
        let kept = records.iter().skip(from as usize).take(limit).map(|record| (record.seq, record.clone()));
        Committed::up_to(records.len() as u64, from, kept)
    }
    pub fn readings(&self, partition: &PartitionId, from: u64, limit: usize) -> Committed<Scan> {
        let state = self.state();
        let lane = partition.name().parse::<usize>().ok().and_then(|lane| state.readings.get(lane));
        let scans = lane.map(Vec::as_slice).unwrap_or_default();
        let kept = (from..).zip(scans.iter().skip(from as usize).take(limit).cloned());
        Committed::up_to(scans.len() as u64, from, kept)
    }
    pub fn head(&self) -> Position {
        let state = self.state();
        let mut head = Position::default();
        for (partition, ledger) in &state.ledgers {
            head.advance(partition, ledger.records.len() as u64);
        }
        for (lane, scans) in (0..).zip(&state.readings) {
            head.advance(&PartitionId::readings(lane), scans.len() as u64);
        }
        head
    }
    pub async fn past(&self, seen: &Position) -> Position {
        loop {
            let moved = self.0.moved.notified();
            let head = self.head();
            if !seen.covers(&head) {
                return head;
            }
            moved.await;
        }
    }
    /// Every fact there is, for those who look at the whole.
    pub fn all(&self) -> Vec<(PartitionId, Vec<StoredRecord>)> {
        self.state().ledgers.iter().map(|(partition, ledger)| (partition.clone(), ledger.records.clone())).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn owned(partition: &PartitionId, epoch: u64, version: u64, owner: &str, now: Timestamp) -> Draft {
    let id = derived(&partition.to_string(), "owned", u32::try_from(epoch).unwrap_or(u32::MAX));
    Draft {
        id: EventId(id),
        stream: StreamId::partition(),
        version,
        occurred_at: now,
        actor: "svc-log".parse().expect("a literal that is a name"),
        command: None,
        causation: None,
        correlation: id,
        event: Event::from(PartitionOwned { epoch, owner: owner.into() }),
    }
}
