//! Telling somebody outside something, once.

use crate::effect::EffectWanted;
use async_trait::async_trait;
use thiserror::Error;

/// Why a message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotTaken {
    /// Nothing can be delivered there at the moment, this or anything else, and nothing was sent: says nothing about the message.
    #[error("{0}")]
    Away(String),
    /// Trying again can help.
    #[error("{0}")]
    ForNow(String),
    /// Trying again cannot help: unknown recipient, refused content.
    #[error("{0}")]
    ForGood(String),
}

#[async_trait]
pub trait Messenger: Send + Sync {
    /// Delivers under the effect's idempotency key; a repeated key is delivered once. Returns the target's receipt.
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken>;
}
