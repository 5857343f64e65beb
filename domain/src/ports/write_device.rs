//! Writing to a machine, at most once, and looking whether it took.

use crate::{Timestamp, action::WriteOrder, ids::DeviceId};
use async_trait::async_trait;

/// What came of a write.
#[derive(Debug, Clone, PartialEq)]
pub enum WriteVerdict {
    /// The device says the new value itself.
    Applied { read_back: f64 },
    /// Certainly not written: nothing was sent, the device refused, or it reads back another value.
    NotApplied { why: String },
    /// Sent, but no telling whether it took.
    Unknown { why: String },
}

/// A write and all that left for the device because of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    pub verdict: WriteVerdict,
    /// Hex, as [`crate::case::ActionCompleted::sent`] keeps it.
    pub sent: Option<String>,
}

impl From<WriteVerdict> for Written {
    /// Nothing was sent.
    fn from(verdict: WriteVerdict) -> Self {
        Self { verdict, sent: None }
    }
}

#[async_trait]
pub trait WriteDevice: Send + Sync {
    /// The epoch under which this node holds the device now, if it does.
    fn held_under(&self, device: &DeviceId) -> Option<u64>;
    /// Sends the value once and reads it back. Sends nothing unless the device is held under just this epoch and `send_by` (wall time)
    /// has not passed; both are looked at right before the first byte, however long the process was stopped until then.
    async fn write_once(&self, order: &WriteOrder, under: u64, send_by: Timestamp) -> Written;
    /// The signal's value now, without writing. `Err` says why there is none.
    async fn read_back(&self, order: &WriteOrder) -> Result<f64, String>;
}
