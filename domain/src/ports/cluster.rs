//! The cluster: which part of the work falls to this node, and what other nodes ask of it.
//!
//! Work is cut into shares. Whoever holds a deciding share owns the ledger partitions in it; whoever holds a collecting share collects
//! from the devices in it. A share has one holder at a time as far as the cluster can tell; that a former holder which does not know
//! yet can do no harm is the log's business (epochs), not this port's.

use super::event_log::LogError;
use crate::{
    Timestamp,
    ids::{CommandId, DeviceId, SiteId},
    position::PartitionId,
    trace::TraceContext,
};
use async_trait::async_trait;
use std::{fmt, sync::mpsc::SyncSender};

/// One share of one kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Share {
    /// Decide for the ledger partitions in it.
    Deciding(u32),
    /// Collect from the devices in it.
    Collecting(u32),
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deciding(number) => write!(f, "deciding share {number}"),
            Self::Collecting(number) => write!(f, "collecting share {number}"),
        }
    }
}

/// A command that another node sends to the owner of a partition. The answer travels on the ledger, under the command's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarded {
    pub partition: PartitionId,
    pub command: CommandId,
    /// Nobody waits any longer (wall time); it is not to be decided after this.
    pub good_until: Timestamp,
    /// The ask, as its sender wrote it.
    pub ask: Vec<u8>,
    /// The trace of the case that it is about, and the step that made its sender ask; for whoever looks at what travels, not for deciding.
    pub trace: Option<TraceContext>,
}

/// Held while a release is being carried out; dropping it says that it is done.
#[derive(Debug)]
pub struct Done {
    #[expect(dead_code, reason = "its drop is what counts")]
    held: SyncSender<()>,
}

impl Done {
    /// `held`: the other end learns by the disconnection.
    pub fn new(held: SyncSender<()>) -> Self {
        Self { held }
    }
}

/// What a node is told.
#[derive(Debug)]
pub enum Turn {
    /// These are ours from now on, beside those we hold.
    Taken(Vec<Share>),
    /// Others take these over. Finish what was begun, then drop `until_done`: they wait for it, though not for ever.
    Released { shares: Vec<Share>, until_done: Done },
    /// The cluster went on without us. Whatever is begun under these is no longer ours to finish.
    Lost(Vec<Share>),
    /// A node asks the owner of a partition in one of our deciding shares.
    Asked(Forwarded),
}

#[async_trait]
pub trait Cluster: Send + Sync {
    /// The share that a ledger partition belongs to, on every node alike.
    fn deciding(&self, partition: &PartitionId) -> Share;
    /// The share that a device belongs to, on every node alike.
    fn collecting(&self, site: &SiteId, device: &DeviceId) -> Share;
    /// What comes next, in order. One caller at a time. `Err` only for what does not mend itself.
    async fn turn(&self) -> Result<Turn, LogError>;
    /// Sends a command to whoever owns its partition; returns once it is durable on its way.
    async fn forward(&self, command: Forwarded) -> Result<(), LogError>;
    /// Leaves in order, so that the others need not wait until this node is missed.
    async fn leave(&self);
}
