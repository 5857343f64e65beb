//! A site as a worker sees it: the state folded from its ledger partition, and each new fact as it is committed.

use crate::fact_tail::{FactTail, TailError};
use millwright_domain::{envelope::Recorded, ports::event_log::EventLog, position::PartitionId, site::Site};
use std::sync::Arc;

pub struct SiteTail {
    facts: FactTail,
    pub site: Site,
}

impl SiteTail {
    /// Folds everything there is now. What is committed later comes from [`SiteTail::next`].
    pub async fn at_the_end(log: Arc<dyn EventLog>, partition: PartitionId) -> Result<Self, TailError> {
        let mut tail = Self::from_the_start(log, partition);
        tail.up_to_now().await?;
        Ok(tail)
    }

    /// Folds what was committed before `seq`, for a worker that has seen that much already.
    pub async fn at(log: Arc<dyn EventLog>, partition: PartitionId, seq: u64) -> Result<Self, TailError> {
        let mut tail = Self::from_the_start(log, partition);
        loop {
            let facts = tail.facts.read_before(seq).await?;
            if facts.is_empty() {
                return Ok(tail);
            }
            tail.fold(&facts);
        }
    }

    fn from_the_start(log: Arc<dyn EventLog>, partition: PartitionId) -> Self {
        Self { facts: FactTail::from_the_start(log, partition), site: Site::default() }
    }

    /// Folds what there is by now, without waiting for more.
    pub async fn up_to_now(&mut self) -> Result<(), TailError> {
        loop {
            let facts = self.facts.read().await?;
            if facts.is_empty() {
                return Ok(());
            }
            self.fold(&facts);
        }
    }

    /// Like [`SiteTail::up_to_now`], for a worker that has to do with each fact. Interrupted, it has folded facts that nobody has seen.
    pub async fn facts_up_to_now(&mut self) -> Result<Vec<Recorded>, TailError> {
        let mut all = vec![];
        loop {
            let facts = self.facts.read().await?;
            if facts.is_empty() {
                return Ok(all);
            }
            self.fold(&facts);
            all.extend(facts);
        }
    }

    /// Waits for new facts and returns them, already folded in. Dropping the wait loses nothing.
    pub async fn next(&mut self) -> Result<Vec<Recorded>, TailError> {
        let facts = self.facts.next().await?;
        self.fold(&facts);
        Ok(facts)
    }

    /// The seq that comes next.
    pub fn position(&self) -> u64 {
        self.facts.position()
    }

    fn fold(&mut self, facts: &[Recorded]) {
        facts.iter().for_each(|fact| self.site.evolve_recorded(fact));
    }
}
