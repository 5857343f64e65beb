//! One program's right to append to a partition, over its link: a commit can fail before it is durable, after, or so that nobody knows.

use super::{link::Link, store::Fate};
use crate::trace::Step;
use async_trait::async_trait;
use millwright_domain::{
    Timestamp,
    chain::{ChainTip, StoredRecord},
    envelope::Draft,
    ports::event_log::{LogError, Owner},
    position::PartitionId,
};
use std::sync::atomic::Ordering;

pub(super) struct OwnerOverLink {
    pub link: Link,
    pub partition: PartitionId,
    pub epoch: u64,
    pub tip: ChainTip,
    pub spent: bool,
}

#[async_trait]
impl Owner for OwnerOverLink {
    fn partition(&self) -> &PartitionId {
        &self.partition
    }
    fn tip(&self) -> ChainTip {
        self.tip
    }
    async fn commit(&mut self, batch: Vec<Draft>, now: Timestamp) -> Result<Vec<StoredRecord>, LogError> {
        if self.spent {
            return Err(LogError::Lost { partition: self.partition.clone(), why: "a commit failed before".into() });
        }
        // Whatever happens on the way, this owner is spent unless it is told that all went well.
        self.spent = true;
        let records = self.attempt(batch, now).await?;
        self.spent = false;
        Ok(records)
    }
}

impl OwnerOverLink {
    async fn attempt(&mut self, batch: Vec<Draft>, now: Timestamp) -> Result<Vec<StoredRecord>, LogError> {
        const DOING: &str = "committing";
        self.link.request(DOING).await?;
        let fate = self.fate();
        let records = self.link.store.commit(&self.partition, self.epoch, &batch, now, fate)?;
        if fate != Fate::Durable {
            return Err(LogError::Unavailable { doing: DOING, cause: "the commit did not come through".into() });
        }
        self.link.reply(DOING).await?;
        self.tip = self.link.store.tip(&self.partition);
        if let Some(last) = records.last() {
            // Others may have gone on since; ours ends with our last record.
            (self.tip.next_seq, self.tip.hash, self.tip.epoch) = (last.seq + 1, last.hash, self.epoch);
        }
        let told = records.iter().map(|record| (record.seq, record.hash)).collect();
        let step = Step::Acknowledged { node: self.link.node, partition: self.partition.clone(), records: told };
        self.link.trace.push(self.link.time.now(), step);
        Ok(records)
    }

    fn fate(&self) -> Fate {
        if self.link.weather.calm.load(Ordering::Relaxed) {
            return Fate::Durable;
        }
        match self.link.chance.from(0..1_000) {
            0..6 => Fate::Hanging,
            6..12 => Fate::Refused,
            _ => Fate::Durable,
        }
    }
}
