//! What can be set on the embedded log.

use crate::clock::SystemClock;
use millwright_domain::ports::clock::Clock;
use std::{sync::Arc, time::Duration};

#[derive(Clone)]
pub struct EmbeddedOptions {
    /// Devices are spread over so many partitions of the readings lane.
    pub readings_partitions: u32,
    /// So many of the newest days that have readings are kept; `None` keeps all.
    pub retention_days: Option<u32>,
    /// So many appends may wait for a writer, and as many share one transaction at most.
    pub max_group: usize,
    /// No file grows past this; appending fails then, as it does on a full disk.
    pub max_file_bytes: Option<u64>,
    /// After so many pages of 16 KiB in its write-ahead log, a file takes them over.
    pub fold_back_after_pages: u32,
    /// Off only where losing everything is fine: SQLite then never asks the disk to keep what it was given.
    pub synchronous: bool,
    /// How old the synced high-water marks may become.
    pub ledger_mark_every: Duration,
    pub readings_mark_every: Duration,
    /// Its wall time names the readings' files. Wall time of ours, because a device's or a time-lapse's may jump.
    pub clock: Arc<dyn Clock>,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            readings_partitions: 1,
            retention_days: None,
            max_group: 256,
            max_file_bytes: None,
            fold_back_after_pages: 1000,
            synchronous: true,
            ledger_mark_every: Duration::from_millis(100),
            readings_mark_every: Duration::from_secs(2),
            clock: Arc::new(SystemClock),
        }
    }
}
