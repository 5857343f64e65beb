//! What goes wrong in SQLite and the file system, in the log's own words and with its place.

use millwright_domain::{ports::event_log::LogError, position::PartitionId};
use rusqlite::ErrorCode;
use std::{error::Error as StdError, path::Path, sync::Arc};
use thiserror::Error;

pub(super) fn storage(doing: &'static str, place: &Path, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> LogError {
    LogError::Storage { doing, place: place.display().to_string(), cause: cause.into() }
}

/// A database that SQLite or our columns cannot make sense of is damage; everything else is the disk.
pub(super) fn sqlite(doing: &'static str, place: &Path, cause: rusqlite::Error) -> LogError {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    let broken_file = matches!(cause.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase));
    let broken_column = matches!(cause, FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | InvalidColumnType(..) | Utf8Error(..));
    if broken_file || broken_column {
        return LogError::Damaged { place: place.display().to_string(), what: cause.to_string() };
    }
    storage(doing, place, cause)
}

pub(super) fn damaged(file: &Path, partition: &PartitionId, seq: u64, what: impl std::fmt::Display) -> LogError {
    LogError::Damaged { place: format!("{}, {partition}, seq {seq}", file.display()), what: what.to_string() }
}

/// Why a writer that failed once takes nothing more: what it holds in memory may not be what the disk holds.
#[derive(Debug, Clone, Error)]
#[error("the writer stopped at a failed commit")]
pub(super) struct Poisoned(#[source] pub(super) Arc<dyn StdError + Send + Sync>);

/// The writer's thread is gone: the log was closed.
#[derive(Debug, Error)]
#[error("the log was closed")]
pub(super) struct Closed;

#[derive(Debug, Error)]
#[error("the log was opened for reading only")]
pub(super) struct ReadOnly;
