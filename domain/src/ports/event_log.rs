//! The log. Two engines keep these promises (embedded, Kafka), and one contract suite holds both to them.
//!
//! - `commit` returns only when every fact of the batch is durable; otherwise none of it is, and the owner is spent.
//! - `seq` is dense per ledger partition, from 0. Engines' own offsets stay inside the engine.
//! - Reading yields nothing past the durable, gap-free mark: [`Committed`] cannot be made to hold it.
//! - Readings are at least once, in order per device; folds skip what they have seen ([`crate::reading::LastScan`]).

use crate::{
    Timestamp,
    chain::{ChainTip, StoredRecord},
    envelope::Draft,
    position::{PartitionId, Position},
    reading::Scan,
};
use async_trait::async_trait;
use std::error::Error as StdError;
use thiserror::Error;

type Cause = Box<dyn StdError + Send + Sync>;

#[derive(Debug, Error)]
pub enum LogError {
    /// Trying again can help.
    #[error("the log did not answer while {doing}; it is tried again")]
    Unavailable {
        doing: &'static str,
        #[source]
        cause: Cause,
    },
    /// Another owner has taken over, or this one was spent by a failed commit. Own the partition anew.
    #[error("partition {partition} is no longer ours: {why}")]
    Lost { partition: PartitionId, why: String },
    /// Another process holds the writer's lock.
    #[error("another millwright is writing to {place}; stop it first, or use a read-only command")]
    Locked { place: String },
    /// Stored bytes are not what was written.
    #[error("the log is damaged at {place}: {what}; restore that file from a backup, or run `millwright audit verify` for the extent")]
    Damaged { place: String, what: String },
    /// The disk or file system refused.
    #[error("could not {doing} at {place}; check free space and permissions, then start again")]
    Storage {
        doing: &'static str,
        place: String,
        #[source]
        cause: Cause,
    },
    /// A record that the log does not take, however often it is tried. Nothing was written, and the owner is not spent.
    #[error("a record of {bytes} bytes is more than the {most} that the log takes; divide what it says among several")]
    TooLarge { bytes: usize, most: usize },
    /// Written by a newer program.
    #[error("{place} has format {found}, this program knows up to {known}; use the newer program")]
    TooNew { place: String, found: u32, known: u32 },
}

/// Items that are durable, with no gap before them.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed<T> {
    items: Vec<(u64, T)>,
    next: u64,
}

impl<T> Committed<T> {
    /// Keeps of `items` (seq, item) the gap-free run that begins at `from` and ends before `mark`.
    pub fn up_to(mark: u64, from: u64, items: impl IntoIterator<Item = (u64, T)>) -> Self {
        let mut kept = Vec::new();
        let mut next = from;
        for (seq, item) in items {
            if seq < from {
                continue;
            }
            if seq != next || seq >= mark {
                break;
            }
            kept.push((seq, item));
            next += 1;
        }
        Self { items: kept, next }
    }
    /// Where to read on.
    pub fn next(&self) -> u64 {
        self.next
    }
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
    pub fn len(&self) -> usize {
        self.items.len()
    }
    pub fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        self.items.iter().map(|(seq, item)| (*seq, item))
    }
    pub fn into_items(self) -> impl Iterator<Item = (u64, T)> {
        self.items.into_iter()
    }
}

/// The right to append to one ledger partition, until lost.
#[async_trait]
pub trait Owner: Send {
    fn partition(&self) -> &PartitionId;
    /// The last durable end of the partition.
    fn tip(&self) -> ChainTip;
    /// Makes the whole batch durable, or none of it. After an error the owner is spent, unless a record was [too large](LogError::TooLarge).
    /// `now` is wall time; recorded times are made monotone from it.
    async fn commit(&mut self, batch: Vec<Draft>, now: Timestamp) -> Result<Vec<StoredRecord>, LogError>;
}

#[async_trait]
pub trait EventLog: Send + Sync {
    /// Takes the partition over: fences any former owner, replays nothing, records `PartitionOwned` with the next epoch.
    async fn own(&self, partition: &PartitionId, owner: &str, now: Timestamp) -> Result<Box<dyn Owner>, LogError>;

    /// Makes scans durable. The lane's partition is chosen by device. Returns the position behind the last.
    async fn append_readings(&self, scans: Vec<Scan>) -> Result<Position, LogError>;

    /// Ledger records from `from` on, at most `limit`; empty at the end.
    async fn read_ledger(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<StoredRecord>, LogError>;

    /// Scans from `from` on, at most about `limit`; empty at the end. What retention has dropped is skipped: `from` then moves up to the first kept.
    async fn read_readings(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<Scan>, LogError>;

    /// The durable end of every partition.
    async fn head(&self) -> Result<Position, LogError>;

    /// Returns the head as soon as it is past `seen` in any partition.
    async fn past(&self, seen: &Position) -> Result<Position, LogError>;
}
