//! Reading one file beside its writer: a few idle connections, short statements, every batch checked.

use super::{
    batch::Row,
    failure::{damaged, sqlite},
    file,
};
use millwright_domain::{
    chain::{Hash, StoredRecord},
    ports::event_log::LogError,
    position::{PartitionId, Position},
};
use rusqlite::Connection;
use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

pub(super) struct Reader {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Reader {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default() }
    }
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn ends(&self) -> Result<Position, LogError> {
        self.with(file::ends)
    }
    pub(super) fn begins(&self) -> Result<Position, LogError> {
        self.with(file::begins)
    }
    pub(super) fn rows_from(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Vec<Row>, LogError> {
        self.with(|db| file::rows_from(db, partition, from, limit)).map_err(|cause| match cause {
            LogError::Damaged { what, .. } => damaged(&self.path, partition, from, format!("here or soon after: {what}")),
            other => other,
        })
    }

    /// Up to `limit` records from `from` on with their seqs, and at least one: the caller knows that they are there.
    /// Fewer than are there only because batches are read in strides.
    pub(super) fn records(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, LogError> {
        let mut records = Vec::new();
        let mut next = from;
        for row in self.rows_from(partition, from, limit)? {
            // The first batch may begin before `from`; from then on each begins where the last one ended.
            if row.base_seq > next || row.end() <= next || (next > from && row.base_seq != next) {
                return Err(damaged(&self.path, partition, next, format!("the next batch holds {} to {}", row.base_seq, row.end())));
            }
            let unpacked = row.records().map_err(|bad| damaged(&self.path, partition, row.base_seq, bad))?;
            records.extend((row.base_seq..).zip(unpacked).skip((next - row.base_seq) as usize).take(limit - records.len()));
            next = row.end();
        }
        if records.is_empty() {
            return Err(damaged(&self.path, partition, from, "everything from here on is missing"));
        }
        Ok(records)
    }

    fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, LogError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let db = match idle {
            Some(db) => db,
            None => file::open_to_read(&self.path)?,
        };
        let found = read(&db).map_err(|cause| sqlite("read the log", &self.path, cause))?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
        Ok(found)
    }
}

/// A record of the ledger is stored as its hash, then its bytes.
pub(super) fn ledger_record(file: &Path, partition: &PartitionId, seq: u64, mut stored: Vec<u8>) -> Result<StoredRecord, LogError> {
    match divided(&stored) {
        Some((hash, bytes)) => {
            let before = stored.len() - bytes.len();
            stored.drain(..before);
            Ok(StoredRecord { seq, hash, bytes: stored })
        }
        None => Err(damaged(file, partition, seq, SHORT)),
    }
}

pub(super) const SHORT: &str = "the record is shorter than its hash";

/// Hash and bytes of a record of the ledger.
pub(super) fn divided(stored: &[u8]) -> Option<(Hash, &[u8])> {
    stored.split_first_chunk::<32>().map(|(hash, bytes)| (Hash(*hash), bytes))
}
