//! What an auditor may ask of the running program: proofs, copies of checkpoints, the ledger as a file, and how its own look at it went.

use crate::{
    Timestamp,
    audit::Proof,
    position::{PartitionId, Position},
};
use async_trait::async_trait;
use std::error::Error;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum AuditFailed {
    /// Ours to mend.
    #[error("the ledger could not be read for the audit")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// Nobody takes what is exported any more.
    #[error("whoever took the export is gone")]
    Gone,
}

/// The last time the program verified its own ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    pub at: Timestamp,
    /// How far each partition was found to be what was written.
    pub up_to: Position,
    /// The first record that is not, and why.
    pub first_bad: Option<(PartitionId, u64, String)>,
}

/// A look through the ledger that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looking {
    pub since: Timestamp,
    /// Records that were looked at, of how many.
    pub done: u64,
    pub of: u64,
}

/// Which facts are exported. All given have to hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    pub partition: Option<PartitionId>,
    /// Recorded at or after.
    pub from: Option<Timestamp>,
    /// Recorded before.
    pub to: Option<Timestamp>,
    pub kind: Option<String>,
    pub actor: Option<String>,
    /// `case/<id>`, `site`, …
    pub stream: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// One fact a line, to the letter: can be verified.
    #[default]
    JsonLines,
    /// Columns, for analysis.
    Parquet,
}

/// Where an export goes, piece by piece: the next one is made when this one was taken.
#[async_trait]
pub trait Taker: Send {
    async fn take(&mut self, bytes: Vec<u8>) -> Result<(), AuditFailed>;
}

#[async_trait]
pub trait Auditor: Send + Sync {
    /// From a fact to the latest checkpoint over it. `None` while there is none yet.
    async fn proof(&self, partition: &PartitionId, seq: u64) -> Result<Option<Proof>, AuditFailed>;
    /// Signed notes, one after the other: every checkpoint that this node has signed.
    async fn checkpoints(&self) -> Result<String, AuditFailed>;
    /// `None` until the first look has ended.
    fn verification(&self) -> Option<Verification>;
    /// How far the look is that is under way, if one is.
    fn looking(&self) -> Option<Looking>;
    /// Begins a look through the whole ledger, unless one is under way: how far that is, and whether it was begun just now.
    async fn look(&self) -> Result<(Looking, bool), AuditFailed>;
    async fn export(&self, selection: Selection, format: Format, taker: &mut dyn Taker) -> Result<(), AuditFailed>;
}
