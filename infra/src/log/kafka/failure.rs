//! What goes wrong with Kafka, in the log's own words.

use super::options::RECORD_BYTES;
use millwright_domain::{ports::event_log::LogError, position::PartitionId};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use std::{error::Error as StdError, fmt, time::Duration};
use thiserror::Error;

/// What an error of a transaction asks for. Exactly three answers: what cannot be placed gives the partition up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// The same call again.
    Retriable,
    /// Nothing was written; all of it again.
    Abort,
    /// This producer is of no more use.
    Fatal,
}

pub(super) fn classify(error: &KafkaError) -> Class {
    match error {
        KafkaError::Transaction(error) if error.is_fatal() => Class::Fatal,
        KafkaError::Transaction(error) if error.txn_requires_abort() => Class::Abort,
        KafkaError::Transaction(error) if error.is_retriable() => Class::Retriable,
        KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut) => Class::Retriable,
        KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull) => Class::Retriable,
        _ => Class::Fatal,
    }
}

/// Kafka did not do it in time, or not now.
pub(super) fn unavailable(doing: &'static str, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> LogError {
    LogError::Unavailable { doing, cause: cause.into() }
}

/// Whether a record is one that Kafka takes: asked before anything is handed over, because afterwards the whole transaction has failed.
pub(super) fn fits(bytes: usize) -> Result<(), LogError> {
    if bytes > RECORD_BYTES {
        return Err(LogError::TooLarge { bytes, most: RECORD_BYTES });
    }
    Ok(())
}

pub(super) fn lost(partition: &PartitionId, why: impl fmt::Display) -> LogError {
    LogError::Lost { partition: partition.clone(), why: why.to_string() }
}

#[derive(Debug, Error)]
#[error("Kafka gave no answer within {} s; check that the brokers are up and reachable", .0.as_secs())]
pub(super) struct NoAnswer(pub(super) Duration);

/// The log was closed.
#[derive(Debug, Error)]
#[error("the log was closed")]
pub(super) struct Closed;

/// A thread of ours has ended before it was asked to.
#[derive(Debug, Error)]
#[error("the thread that talks to Kafka has ended; own the partition anew")]
pub(super) struct Gone;
