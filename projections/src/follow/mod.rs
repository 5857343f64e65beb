//! Following the log: batches in, rows and position out in one transaction.

pub(crate) mod ledger;
pub(crate) mod newest;
pub(crate) mod readings;
mod running;
mod standby;
#[cfg(test)]
mod tests;

use crate::{rebuild::RebuildError, store::StoreError};
use millwright_domain::ports::event_log::LogError;
use thiserror::Error;

/// Why following stopped, or could not go on for now.
#[derive(Debug, Error)]
pub enum FollowError {
    #[error("could not read the log for the projections")]
    Log(#[from] LogError),
    #[error("could not write the projections at {place}; it is tried again")]
    Write {
        place: String,
        #[source]
        cause: sqlx::Error,
    },
    #[error("could not open the projections")]
    Open(#[from] StoreError),
    #[error("the projections are an older program's and could not be rebuilt, so the former ones stay; to begin anew without them, delete {place}")]
    Upgrade {
        place: String,
        #[source]
        cause: Box<RebuildError>,
    },
}

impl FollowError {
    pub(crate) fn while_opening(self, place: &str) -> StoreError {
        match self {
            Self::Write { place, cause } => StoreError::Database { doing: "read", place, cause },
            Self::Open(cause) => cause,
            other => StoreError::Database { doing: "read", place: place.into(), cause: sqlx::Error::Decode(Box::new(other)) },
        }
    }
    pub(crate) fn mends(&self) -> Mends {
        match self {
            Self::Log(LogError::Unavailable { .. }) | Self::Write { .. } => Mends::Soon,
            Self::Open(StoreError::Database { .. } | StoreError::Unreadable { .. }) => Mends::Soon,
            // A damaged log may be put back, a full disk be cleared, a newer program be started.
            Self::Log(_) | Self::Open(StoreError::TooNew { .. }) => Mends::Slowly,
            Self::Upgrade { cause, .. } => cause.mends(),
        }
    }

    /// What a newer program has written, which can go on with it.
    pub(crate) fn is_too_new(&self) -> bool {
        match self {
            Self::Open(StoreError::TooNew { .. }) => true,
            Self::Upgrade { cause, .. } => match cause.as_ref() {
                RebuildError::Open(StoreError::TooNew { .. }) => true,
                RebuildError::Follow(cause) => cause.is_too_new(),
                _ => false,
            },
            _ => false,
        }
    }
}

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mends {
    Soon,
    /// Once somebody has done something about it.
    Slowly,
    /// Not in this program.
    Never,
}
