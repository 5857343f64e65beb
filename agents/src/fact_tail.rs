//! A ledger partition as a worker reads it: each new fact in order, as it is committed.

use millwright_domain::{
    codec::{DecodeError, decode},
    envelope::Recorded,
    ports::event_log::{EventLog, LogError},
    position::PartitionId,
};
use std::sync::Arc;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum TailError {
    #[error("could not read {partition}")]
    Log {
        partition: PartitionId,
        #[source]
        cause: LogError,
    },
    #[error("{partition} seq {seq} could not be read as a fact; run `millwright audit verify`")]
    Fact {
        partition: PartitionId,
        seq: u64,
        #[source]
        cause: DecodeError,
    },
}

/// Records asked of the log at a time.
const PAGE: usize = 1_024;

pub struct FactTail {
    log: Arc<dyn EventLog>,
    partition: PartitionId,
    next: u64,
}

impl FactTail {
    /// Has seen nothing yet: every fact there is comes from [`FactTail::next`].
    pub fn from_the_start(log: Arc<dyn EventLog>, partition: PartitionId) -> Self {
        Self { log, partition, next: 0 }
    }

    /// Shows everything there is now. What is committed later comes from [`FactTail::next`].
    pub async fn seen_to_the_end(log: Arc<dyn EventLog>, partition: PartitionId, mut see: impl FnMut(&Recorded)) -> Result<Self, TailError> {
        let mut tail = Self::from_the_start(log, partition);
        loop {
            let facts = tail.read().await?;
            if facts.is_empty() {
                return Ok(tail);
            }
            facts.iter().for_each(&mut see);
        }
    }

    /// The seq that comes next.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// Waits for new facts. Dropping the wait loses nothing.
    pub async fn next(&mut self) -> Result<Vec<Recorded>, TailError> {
        loop {
            let facts = self.read().await?;
            if !facts.is_empty() {
                return Ok(facts);
            }
            self.more().await?;
        }
    }

    /// What there is by now, without waiting for more. Interrupted, it has taken facts that nobody has seen.
    pub async fn up_to_now(&mut self) -> Result<Vec<Recorded>, TailError> {
        let mut all = vec![];
        loop {
            let facts = self.read().await?;
            if facts.is_empty() {
                return Ok(all);
            }
            all.extend(facts);
        }
    }

    /// The next page; empty at the end.
    pub(crate) async fn read(&mut self) -> Result<Vec<Recorded>, TailError> {
        self.read_up_to(PAGE).await
    }

    /// At most so many facts, none at or behind `seq`.
    pub(crate) async fn read_before(&mut self, seq: u64) -> Result<Vec<Recorded>, TailError> {
        let wanted = usize::try_from(seq.saturating_sub(self.next)).map_or(PAGE, |left| left.min(PAGE));
        if wanted == 0 { Ok(vec![]) } else { self.read_up_to(wanted).await }
    }

    async fn read_up_to(&mut self, limit: usize) -> Result<Vec<Recorded>, TailError> {
        let page = self.log.read_ledger(&self.partition, self.next, limit).await.map_err(|cause| self.unreadable(cause))?;
        let mut facts = Vec::with_capacity(page.len());
        for (seq, stored) in page.iter().take(limit) {
            let recorded = decode(&stored.bytes).map_err(|cause| TailError::Fact { partition: self.partition.clone(), seq, cause })?;
            facts.push(recorded);
        }
        if let Some(last) = facts.last() {
            self.next = last.seq + 1;
        }
        Ok(facts)
    }

    /// Other partitions move, too; only ours counts.
    async fn more(&self) -> Result<(), TailError> {
        let mut head = self.log.head().await.map_err(|cause| self.unreadable(cause))?;
        while head.next(&self.partition) <= self.next {
            head = self.log.past(&head).await.map_err(|cause| self.unreadable(cause))?;
        }
        Ok(())
    }

    fn unreadable(&self, cause: LogError) -> TailError {
        TailError::Log { partition: self.partition.clone(), cause }
    }
}
