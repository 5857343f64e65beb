//! The right to append to one partition: chains, encodes and packs in the caller's task, and leaves the disk to the writer.

use super::{
    failure::storage,
    lane::Lane,
    ledger::{LedgerJob, pack},
};
use async_trait::async_trait;
use millwright_domain::{
    Timestamp,
    chain::{ChainTip, StoredRecord},
    envelope::{Draft, StreamId},
    ports::event_log::{LogError, Owner},
    position::PartitionId,
};
use std::{path::PathBuf, sync::Arc};

pub(super) struct EmbeddedOwner {
    pub lane: Arc<Lane<LedgerJob>>,
    pub path: PathBuf,
    pub partition: PartitionId,
    pub tip: ChainTip,
    /// Set while a commit is under way, so that one which was given up half-way leaves the owner spent:
    /// nobody here knows then whether its facts are on the log.
    pub spent: bool,
}

#[async_trait]
impl Owner for EmbeddedOwner {
    fn partition(&self) -> &PartitionId {
        &self.partition
    }

    fn tip(&self) -> ChainTip {
        self.tip
    }

    async fn commit(&mut self, batch: Vec<Draft>, now: Timestamp) -> Result<Vec<StoredRecord>, LogError> {
        if self.spent {
            let why = "an earlier commit failed or was given up; own the partition anew".into();
            return Err(LogError::Lost { partition: self.partition.clone(), why });
        }
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.spent = true;
        let before = self.tip;
        let mut after = before;
        let records: Vec<StoredRecord> = batch.iter().map(|draft| after.append(draft, &self.partition, now)).collect();
        let batches = pack(&records, after.recorded_at).map_err(|cause| storage("append to the ledger", &self.path, cause))?;
        let own_version = batch.iter().filter(|draft| draft.stream == StreamId::partition()).map(|draft| draft.version).max();
        let partition = self.partition.clone();
        self.lane.ask(|reply| LedgerJob::Append { partition, before, after, own_version, batches, reply }).await?;
        self.tip = after;
        self.spent = false;
        Ok(records)
    }
}
