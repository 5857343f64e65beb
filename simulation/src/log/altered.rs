//! A log as it looks through faulty eyes: some facts are read as something that nobody knows. For planted bugs only.

use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    chain::{ChainTip, StoredRecord},
    codec::{decode, encode},
    ports::event_log::{Committed, EventLog, LogError, Owner},
    position::{PartitionId, Position},
    reading::Scan,
};
use std::sync::Arc;

/// Which facts are not seen.
pub type Blind = Arc<dyn Fn(&Event) -> bool + Send + Sync>;

pub struct Altered {
    pub log: Arc<dyn EventLog>,
    pub blind_to: Blind,
}

impl Altered {
    fn seen(&self, partition: &PartitionId, stored: StoredRecord) -> StoredRecord {
        let Some(mut fact) = decode(&stored.bytes).ok().filter(|fact| (self.blind_to)(&fact.event)) else { return stored };
        fact.event = Event::Unknown { kind: "Overlooked".into(), schema: 1, data: serde_json::Value::Null };
        let place = ChainTip { next_seq: fact.seq, hash: stored.hash, recorded_at: fact.recorded_at, epoch: fact.epoch };
        StoredRecord { bytes: encode(&fact.draft(), partition, &place), ..stored }
    }
}

#[async_trait]
impl EventLog for Altered {
    async fn own(&self, partition: &PartitionId, owner: &str, now: Timestamp) -> Result<Box<dyn Owner>, LogError> {
        self.log.own(partition, owner, now).await
    }
    async fn append_readings(&self, scans: Vec<Scan>) -> Result<Position, LogError> {
        self.log.append_readings(scans).await
    }
    async fn read_ledger(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<StoredRecord>, LogError> {
        let page = self.log.read_ledger(partition, from, limit).await?;
        let mark = page.next();
        Ok(Committed::up_to(mark, from, page.into_items().map(|(seq, stored)| (seq, self.seen(partition, stored)))))
    }
    async fn read_readings(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<Scan>, LogError> {
        self.log.read_readings(partition, from, limit).await
    }
    async fn head(&self) -> Result<Position, LogError> {
        self.log.head().await
    }
    async fn past(&self, seen: &Position) -> Result<Position, LogError> {
        self.log.past(seen).await
    }
}
