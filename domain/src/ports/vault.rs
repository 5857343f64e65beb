//! Keys per person, kept outside the log: sealing, opening, forgetting.

use crate::{ids::ActorId, sealed::Sealed};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum VaultError {
    #[error("could not use the key store at {place}")]
    Store {
        place: String,
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("what was sealed for {0} does not open: key or text was changed")]
    Broken(ActorId),
}

pub trait Vault: Send + Sync {
    /// Seals under the subject's key; makes the key at the first use.
    fn seal(&self, subject: &ActorId, text: &str) -> Result<Sealed, VaultError>;
    /// `None` once the subject was forgotten.
    fn open(&self, sealed: &Sealed) -> Result<Option<String>, VaultError>;
    /// Destroys the subject's key. Whatever was sealed under it is unreadable from then on, in every copy of the log.
    fn forget(&self, subject: &ActorId) -> Result<(), VaultError>;
}
