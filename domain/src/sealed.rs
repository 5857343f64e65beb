//! Personal text on the log: ciphertext under a key per subject, so that a person can be forgotten and the chain still verifies.

use crate::ids::ActorId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// AES-256-GCM under the subject's own key, which is kept outside the log and its backups. Made and opened by the [`crate::ports::vault::Vault`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sealed {
    pub subject: ActorId,
    /// 96-bit nonce, hex.
    pub nonce: String,
    /// Ciphertext with its 128-bit tag, hex. The subject is the associated data.
    pub text: String,
}

/// A fact on `_platform`: this pseudonym stands for a person with this sealed name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonIntroduced {
    pub person: ActorId,
    pub name: Sealed,
}

/// A fact on `_platform`: the person's key was destroyed; what was sealed under it stays on the log, unreadable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PersonForgotten {
    pub person: ActorId,
}
