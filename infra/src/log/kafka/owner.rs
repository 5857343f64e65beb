//! The right to append to one ledger partition: taking it over, and committing so that what is acknowledged is what all will read.

use super::{
    failure::{Gone, NoAnswer, fits, lost, unavailable},
    options::KafkaOptions,
    placing::share_of,
    record::{barrier, outgoing},
    transactor::{Failure, Transactor},
    view::View,
};
use crate::log::ownership::ownership;
use async_trait::async_trait;
use millwright_domain::{
    Timestamp,
    chain::{ChainTip, StoredRecord},
    envelope::Draft,
    ports::event_log::{LogError, Owner},
    position::PartitionId,
};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// Whoever fenced us writes within this, and then it is known what became of our last commit.
const DOUBT: Duration = Duration::from_secs(3);

pub(super) struct KafkaOwner {
    view: Arc<View>,
    transactor: Option<Transactor>,
    partition: PartitionId,
    tip: ChainTip,
    patience: Duration,
}

impl KafkaOwner {
    /// Fence, read everything that was written before, begin the next epoch, and read that back: only then decide.
    pub(super) async fn take_over(
        options: &KafkaOptions,
        view: Arc<View>,
        partition: &PartitionId,
        owner: &str,
        now: Timestamp,
    ) -> Result<Self, LogError> {
        view.caught_up(options.patience).await?;
        let share = share_of(partition, options.ledger_partitions);
        let started = Transactor::start(options, partition.name(), share).await;
        let transactor = started.map_err(|failure| failure.into_error(partition))?;
        let patience = options.patience;
        let mut taking = Self { view, transactor: Some(transactor), partition: partition.clone(), tip: ChainTip::default(), patience };
        taking.pass_barrier().await?;
        let end = taking.view.end(partition)?;
        taking.tip = ChainTip { epoch: end.tip.epoch + 1, ..end.tip };
        let owned = ownership(partition, owner, taking.tip.epoch, end.own_version + 1, now);
        taking.commit(vec![owned], now).await?;
        Ok(taking)
    }

    /// The last stable offset would not do: other partitions may share the Kafka partition. A record of our own behind
    /// everything that the former owner managed to write does.
    async fn pass_barrier(&self) -> Result<(), LogError> {
        let token = Uuid::new_v4();
        let passed = self.view.barrier(token);
        let transactor = self.transactor.as_ref().ok_or_else(|| unavailable("taking a partition over", Gone))?;
        transactor.write(vec![barrier(&self.partition, token)]).await.map_err(|failure| failure.into_error(&self.partition))?;
        match tokio::time::timeout(self.patience, passed).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(gone)) => Err(unavailable("taking a partition over", gone)),
            Err(_elapsed) => Err(unavailable("taking a partition over", NoAnswer(self.patience))),
        }
    }

    /// Whether what was committed is what all readers take in.
    async fn admitted(&self, after: &ChainTip) -> Result<bool, LogError> {
        self.view.reached(&self.partition, after.next_seq, self.patience).await?;
        Ok(self.view.holds(&self.partition, after) == Some(true))
    }

    async fn write(&self, transactor: &Transactor, batch: &[Draft], records: &[StoredRecord], after: &ChainTip) -> Result<(), LogError> {
        let written = transactor.write(outgoing(&self.partition, &self.tip, batch, records)).await;
        let admitted = match &written {
            Ok(()) => self.admitted(after).await?,
            // Fenced in the middle of a commit: it stands or it does not, and the one who fenced us shows which.
            Err(Failure { fatal: true, in_doubt: true, .. }) => {
                self.view.settled(&self.partition, after, DOUBT).await;
                self.view.holds(&self.partition, after) == Some(true)
            }
            Err(_) => false,
        };
        match written {
            _ if admitted => Ok(()),
            Ok(()) => Err(lost(&self.partition, "another owner's facts are in the place of ours; own it anew")),
            Err(failure) => Err(failure.into_error(&self.partition)),
        }
    }
}

#[async_trait]
impl Owner for KafkaOwner {
    fn partition(&self) -> &PartitionId {
        &self.partition
    }

    fn tip(&self) -> ChainTip {
        self.tip
    }

    async fn commit(&mut self, batch: Vec<Draft>, now: Timestamp) -> Result<Vec<StoredRecord>, LogError> {
        let mut after = self.tip;
        let records: Vec<StoredRecord> = batch.iter().map(|draft| after.append(draft, &self.partition, now)).collect();
        if self.transactor.is_some() {
            records.iter().try_for_each(|record| fits(record.bytes.len()))?;
        }
        // Taken while a commit is under way, so that one which was given up half-way leaves the owner spent.
        let Some(transactor) = self.transactor.take() else {
            return Err(lost(&self.partition, "an earlier commit failed or was given up; own the partition anew"));
        };
        if !records.is_empty() {
            self.write(&transactor, &batch, &records, &after).await?;
        }
        self.tip = after;
        self.transactor = Some(transactor);
        Ok(records)
    }
}

impl Failure {
    fn into_error(self, partition: &PartitionId) -> LogError {
        if self.fatal {
            return lost(partition, format_args!("{}; own it anew", self.cause));
        }
        unavailable("writing the ledger", self.cause)
    }
}
