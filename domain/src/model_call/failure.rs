//! Why a call brought no answer, and what that says about the bill, about another try, and about the deployment.

use super::Usage;
use std::time::Duration;
use thiserror::Error;

/// The texts name the place and what it said, and no secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallFailed {
    /// Certainly nothing arrived.
    #[error("{0}")]
    NotSent(String),
    /// The provider wants no such request: unknown model, too long, a field it does not know. Before any token was counted.
    #[error("{0}")]
    Refused(String),
    /// The key is missing, wrong, or may not use this model.
    #[error("{0}")]
    NotAuthorised(String),
    /// Too often; for how long to leave it alone, where it says so.
    #[error("{said}")]
    RateLimited { said: String, wait: Option<Duration> },
    /// Refused for lack of room (503, 529), before any token was counted.
    #[error("{0}")]
    Overloaded(String),
    /// It failed on its side. Nobody knows what it had counted by then.
    #[error("{0}")]
    Failed(String),
    /// It left, and no whole answer came in time; so many bytes of text had been heard.
    #[error("{said}")]
    TimedOut { said: String, heard: u64 },
    /// The answer broke off; so many bytes of text had been heard.
    #[error("{said}")]
    BrokenOff { said: String, heard: u64 },
    /// An answer came, and is not what was asked for. It was billed all the same.
    #[error("{said}")]
    BadAnswer { said: String, usage: Option<Usage> },
}

/// Whether the provider has counted tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Billed {
    No,
    Told(Usage),
    /// At least the input and so many bytes of output.
    AtLeast(u64),
    Unknown,
}

impl CallFailed {
    pub fn billed(&self) -> Billed {
        match self {
            Self::NotSent(_) | Self::Refused(_) | Self::NotAuthorised(_) | Self::RateLimited { .. } | Self::Overloaded(_) => Billed::No,
            Self::BadAnswer { usage: Some(usage), .. } => Billed::Told(*usage),
            Self::TimedOut { heard, .. } | Self::BrokenOff { heard, .. } if *heard > 0 => Billed::AtLeast(*heard),
            Self::Failed(_) | Self::TimedOut { .. } | Self::BrokenOff { .. } | Self::BadAnswer { usage: None, .. } => Billed::Unknown,
        }
    }

    /// Whether the same request to the same place may go better. A refusal and a wrong key will not.
    pub fn may_pass(&self) -> bool {
        !matches!(self, Self::Refused(_) | Self::NotAuthorised(_))
    }

    /// One word for a list.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotSent(_) => "not_sent",
            Self::Refused(_) => "refused",
            Self::NotAuthorised(_) => "not_authorised",
            Self::RateLimited { .. } => "rate_limited",
            Self::Overloaded(_) => "overloaded",
            Self::Failed(_) => "failed",
            Self::TimedOut { .. } => "timed_out",
            Self::BrokenOff { .. } => "broken_off",
            Self::BadAnswer { .. } => "bad_answer",
        }
    }
}
