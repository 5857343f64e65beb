//! The log in Kafka: three topics, one owner a partition by transactions, and one rule by which all read.
//!
//! - `<prefix>.ledger`: a record is a fact, in CloudEvents' binary mode; a commit is one transaction. `admission.rs` says which
//!   records count, and because everybody judges them in the same order, everybody agrees.
//! - `<prefix>.readings`: a record is a scan, by device. `<prefix>.commands` is the cluster's.
//!
//! What is acknowledged was read back first: our own follower has admitted it by the rule that every other reader applies.

mod admission;
mod client;
mod cold;
mod failure;
mod follower;
mod index;
pub mod membership;
mod options;
mod owner;
pub mod placing;
mod readings;
mod record;
mod replicas;
pub mod topics;
mod transactor;
mod view;

pub use options::KafkaOptions;
pub use readings::bare;
pub use topics::TopicError;

use async_trait::async_trait;
use cold::ColdReaders;
use failure::{Closed, unavailable};
use follower::Follower;
use index::Index;
use millwright_domain::{
    Timestamp,
    chain::StoredRecord,
    ports::event_log::{Committed, EventLog, LogError, Owner},
    position::{PartitionId, Position},
    reading::Scan,
};
use owner::KafkaOwner;
use readings::{ReadingsLane, ReadingsWriter};
use std::{
    collections::HashMap,
    error::Error as StdError,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};
use thiserror::Error;
use view::{Recent, View};

#[derive(Debug, Error)]
pub enum OpenError {
    #[error(transparent)]
    Topics(#[from] TopicError),
    #[error(transparent)]
    Log(#[from] LogError),
}

pub struct KafkaLog {
    options: KafkaOptions,
    view: Arc<View>,
    cold: Arc<ColdReaders>,
    lane: ReadingsLane,
    writer: Arc<ReadingsWriter>,
    stop: Arc<AtomicBool>,
    follower: Mutex<Option<JoinHandle<()>>>,
    /// Two takeovers of one partition in this process would only fence each other.
    taking_over: Mutex<HashMap<PartitionId, Arc<tokio::sync::Mutex<()>>>>,
}

impl KafkaLog {
    /// Opens the log if its topics are as they must be. Reading begins at once; whoever asks waits until it has caught up.
    pub async fn open(options: KafkaOptions) -> Result<Self, OpenError> {
        let cluster = topics::check(&options).await?;
        let view = Arc::new(View::default());
        let stop = Arc::new(AtomicBool::new(false));
        let about = format!("{} of cluster {cluster}, {} partitions", options.ledger_topic(), options.ledger_partitions);
        let index = Arc::new(Index::open(&options.index, &about));
        let made = {
            let (options, view, index, stop) = (options.clone(), view.clone(), index.clone(), stop.clone());
            tokio::task::spawn_blocking(move || Follower::new(&options, view, index, stop)).await
        };
        let failed = |cause: Box<dyn StdError + Send + Sync>| unavailable("opening the log", cause);
        let follower = made.map_err(|cause| failed(cause.into()))?.map_err(|cause| failed(cause.into()))?;
        let thread = std::thread::Builder::new().name("ledger-follower".into()).spawn(move || follower.run());
        Ok(Self {
            cold: Arc::new(ColdReaders::new(options.clone(), index)),
            lane: ReadingsLane::new(&options, view.clone()),
            writer: Arc::new(ReadingsWriter::new(&options).map_err(|cause| failed(cause.into()))?),
            follower: Mutex::new(Some(thread.map_err(|cause| failed(cause.into()))?)),
            options,
            view,
            stop,
            taking_over: Mutex::default(),
        })
    }

    /// Sends out what was appended, notes how far was read, and ends the threads.
    pub async fn close(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.lane.close();
        let (writer, cold) = (self.writer.clone(), self.cold.clone());
        let thread = self.follower.lock().unwrap_or_else(PoisonError::into_inner).take();
        let closed = tokio::task::spawn_blocking(move || {
            writer.close();
            cold.close();
            thread.is_none_or(|thread| thread.join().is_ok())
        });
        if !closed.await.unwrap_or(false) {
            tracing::error!("closing the log failed: a thread of it had ended before");
        }
    }

    /// Records on the ledger's topic that were read since the opening and are no facts: a former owner's, repeats, strangers'.
    pub fn dropped_records(&self) -> u64 {
        self.view.dropped()
    }

    /// Everything of the ledger that was committed before the log was opened.
    async fn caught_up(&self) -> Result<(), LogError> {
        self.view.caught_up(self.options.patience).await
    }
}

impl Drop for KafkaLog {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.lane.close();
    }
}

#[async_trait]
impl EventLog for KafkaLog {
    async fn own(&self, partition: &PartitionId, owner: &str, now: Timestamp) -> Result<Box<dyn Owner>, LogError> {
        let turn = self.taking_over.lock().unwrap_or_else(PoisonError::into_inner).entry(partition.clone()).or_default().clone();
        let _turn = turn.lock().await;
        Ok(Box::new(KafkaOwner::take_over(&self.options, self.view.clone(), partition, owner, now).await?))
    }

    async fn append_readings(&self, scans: Vec<Scan>) -> Result<Position, LogError> {
        let position = self.writer.clone().append(scans).await?;
        self.view.publish(&position);
        Ok(position)
    }

    async fn read_ledger(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<StoredRecord>, LogError> {
        self.caught_up().await?;
        let mark = self.view.head().next(partition);
        let records = match self.view.recent(partition, from, limit)? {
            Recent::Records(records) => records,
            Recent::Older => {
                let (cold, partition) = (self.cold.clone(), partition.clone());
                let read = tokio::task::spawn_blocking(move || cold.read(&partition, from, limit, mark)).await;
                read.unwrap_or_else(|cause| Err(unavailable("reading the ledger", cause)))?
            }
        };
        Ok(Committed::up_to(mark, from, records.into_iter().map(|record| (record.seq, record))))
    }

    async fn read_readings(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<Scan>, LogError> {
        self.lane.read(partition, from, limit).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        self.caught_up().await?;
        self.lane.start().await?;
        Ok(self.view.head())
    }

    async fn past(&self, seen: &Position) -> Result<Position, LogError> {
        self.head().await?;
        let (mut heads, mut following) = (self.view.heads(), self.view.following());
        let ended = |cause: Box<dyn StdError + Send + Sync>| unavailable("waiting for the log", cause);
        tokio::select! {
            head = heads.wait_for(|head| !seen.covers(head)) => head.map(|head| head.clone()).map_err(|cause| ended(cause.into())),
            end = following.wait_for(|following| following.closed || following.failed.is_some()) => match end {
                Ok(end) => Err(end.failed.as_ref().map_or_else(|| ended(Closed.into()), |damage| damage.error())),
                Err(cause) => Err(ended(cause.into())),
            }
        }
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
