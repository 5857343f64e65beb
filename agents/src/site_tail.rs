//! A site as a worker sees it: the state folded from its ledger partition, and each new fact as it is committed.

use millwright_domain::{
    codec::{DecodeError, decode},
    envelope::Recorded,
    ports::event_log::{EventLog, LogError},
    position::PartitionId,
    site::Site,
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

pub struct SiteTail {
    log: Arc<dyn EventLog>,
    partition: PartitionId,
    next: u64,
    pub site: Site,
}

impl SiteTail {
    /// Folds everything there is now. What is committed later comes from [`SiteTail::next`].
    pub async fn at_the_end(log: Arc<dyn EventLog>, partition: PartitionId) -> Result<Self, TailError> {
        let mut tail = Self::from_the_start(log, partition);
        tail.up_to_now().await?;
        Ok(tail)
    }

    /// Folds what there is by now, without waiting for more.
    pub async fn up_to_now(&mut self) -> Result<(), TailError> {
        while !self.read().await?.is_empty() {}
        Ok(())
    }

    /// Folds everything there is now, and shows each fact on the way.
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

    /// Like [`SiteTail::up_to_now`], for a worker that has to do with each fact. Interrupted, it has folded facts that nobody has seen.
    pub async fn facts_up_to_now(&mut self) -> Result<Vec<Recorded>, TailError> {
        let mut all = vec![];
        loop {
            let facts = self.read().await?;
            if facts.is_empty() {
                return Ok(all);
            }
            all.extend(facts);
        }
    }

    /// Folds what was committed before `seq`, for a worker that has seen that much already.
    pub async fn at(log: Arc<dyn EventLog>, partition: PartitionId, seq: u64) -> Result<Self, TailError> {
        let mut tail = Self::from_the_start(log, partition);
        while tail.next < seq {
            let wanted = usize::try_from(seq - tail.next).map_or(PAGE, |left| left.min(PAGE));
            if tail.read_up_to(wanted).await?.is_empty() {
                break;
            }
        }
        Ok(tail)
    }

    /// Has seen nothing yet: every fact there is comes from [`SiteTail::next`].
    pub fn from_the_start(log: Arc<dyn EventLog>, partition: PartitionId) -> Self {
        Self { log, partition, next: 0, site: Site::default() }
    }

    pub fn partition(&self) -> &PartitionId {
        &self.partition
    }
    /// The seq that comes next.
    pub fn position(&self) -> u64 {
        self.next
    }

    /// Waits for new facts and returns them, already folded in. Dropping the wait loses nothing.
    pub async fn next(&mut self) -> Result<Vec<Recorded>, TailError> {
        loop {
            let facts = self.read().await?;
            if !facts.is_empty() {
                return Ok(facts);
            }
            self.more().await?;
        }
    }

    /// Other partitions move, too; only ours counts.
    async fn more(&self) -> Result<(), TailError> {
        let mut head = self.log.head().await.map_err(|cause| self.unreadable(cause))?;
        while head.next(&self.partition) <= self.next {
            head = self.log.past(&head).await.map_err(|cause| self.unreadable(cause))?;
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<Vec<Recorded>, TailError> {
        self.read_up_to(PAGE).await
    }

    async fn read_up_to(&mut self, limit: usize) -> Result<Vec<Recorded>, TailError> {
        let page = self.log.read_ledger(&self.partition, self.next, limit).await.map_err(|cause| self.unreadable(cause))?;
        let mut facts = Vec::with_capacity(page.len());
        for (seq, stored) in page.iter().take(limit) {
            let recorded = decode(&stored.bytes).map_err(|cause| TailError::Fact { partition: self.partition.clone(), seq, cause })?;
            facts.push(recorded);
        }
        for fact in &facts {
            self.site.evolve_recorded(fact);
            self.next = fact.seq + 1;
        }
        Ok(facts)
    }

    fn unreadable(&self, cause: LogError) -> TailError {
        TailError::Log { partition: self.partition.clone(), cause }
    }
}
