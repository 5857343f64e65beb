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
    /// The target wants to be left alone for so long; nothing was done.
    #[error("{reason}")]
    Busy { reason: String, wait: std::time::Duration },
    /// Trying again can help, and does no harm: the target knows the key, or certainly took nothing.
    #[error("{0}")]
    ForNow(String),
    /// Sent, and no answer came. It may have arrived; the target knows no keys and cannot be asked.
    #[error("{0}")]
    Unknown(String),
    /// Trying again cannot help: unknown recipient, refused content.
    #[error("{0}")]
    ForGood(String),
}

#[async_trait]
pub trait Messenger: Send + Sync {
    /// Delivers under the effect's idempotency key; a repeated key is delivered once. Returns the target's receipt.
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken>;
    /// Whether a second delivery under the same key does no harm. One that was begun and never ended is made again only then.
    fn knows_keys(&self, _effect: &EffectWanted) -> bool {
        true
    }
    /// What is out of order if this cannot be delivered, and is left alone together for a while: by its name, all that its adapter delivers.
    fn breaks_with<'a>(&self, effect: &'a EffectWanted) -> &'a str {
        effect.adapter_and_recipient().0
    }
    /// How many deliveries to different targets may be under way at once.
    fn at_once(&self, _adapter: &str) -> usize {
        1
    }
}
