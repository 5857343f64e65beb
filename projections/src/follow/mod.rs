//! Following the log: batches in, rows and position out in one transaction.

pub(crate) mod ledger;
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
    /// Whether trying again can help: a damaged or newer log does not mend itself.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Log(LogError::Unavailable { .. }) | Self::Write { .. } | Self::Open(StoreError::Database { .. }) => true,
            Self::Upgrade { cause, .. } => cause.may_pass(),
            Self::Log(_) | Self::Open(_) => false,
        }
    }
}
