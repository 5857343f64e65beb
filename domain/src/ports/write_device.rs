//! Writing to a machine, at most once, and looking whether it took.

use crate::{Timestamp, action::WriteOrder};
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

#[async_trait]
pub trait WriteDevice: Send + Sync {
    /// Sends the value once and reads it back. Checks `send_by` (wall time) right before the first byte and sends nothing after it.
    async fn write_once(&self, order: &WriteOrder, send_by: Timestamp) -> WriteVerdict;
    /// The signal's value now, without writing. `Err` says why there is none.
    async fn read_back(&self, order: &WriteOrder) -> Result<f64, String>;
}
