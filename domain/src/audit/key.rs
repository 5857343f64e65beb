//! Keys that checkpoints are signed with (Ed25519), as others know them: the public half, and who vouches for it.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};
use thiserror::Error;

/// How signed notes spell Ed25519.
const ED25519: u8 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("this is no public key; give the base64 of its 32 bytes, or `name+hash+key` as signed notes spell it")]
pub struct BadKey;

/// The public half: the bytes of a point on the curve.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[A-Za-z0-9+/]{43}=$"))]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, BadKey> {
        VerifyingKey::from_bytes(bytes).map(|_| Self(*bytes)).map_err(|_no_point| BadKey)
    }

    /// Which key a signature line means: the first four bytes over the signer's name and the key.
    pub fn id(&self, name: &str) -> [u8; 4] {
        let hash = Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(self.0).finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// As tools that read signed notes want it: `name+hash+key`.
    pub fn for_verifiers(&self, name: &str) -> String {
        let key = [&[ED25519][..], &self.0].concat();
        format!("{name}+{}+{}", hex(&self.id(name)), STANDARD.encode(key))
    }

    pub fn verifies(&self, text: &[u8], signature: &[u8; 64]) -> bool {
        let key = VerifyingKey::from_bytes(&self.0);
        key.is_ok_and(|key| key.verify_strict(text, &Signature::from_bytes(signature)).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}
impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
impl FromStr for PublicKey {
    type Err = BadKey;
    fn from_str(text: &str) -> Result<Self, BadKey> {
        let text = text.trim();
        let decoded = |base64: &str| STANDARD.decode(base64).map_err(|_no_base64| BadKey);
        let bytes = match text.splitn(3, '+').collect::<Vec<_>>()[..] {
            // Base64 has pluses of its own: a verifier's key is told by its hash and the algorithm in front of the key.
            [_, hash, key] if hash.len() == 8 && text.len() > 44 => match decoded(key)?.split_first() {
                Some((&ED25519, key)) => key.to_vec(),
                _ => return Err(BadKey),
            },
            _ => decoded(text)?,
        };
        Self::from_bytes(&bytes.try_into().map_err(|_other_length| BadKey)?)
    }
}
impl TryFrom<String> for PublicKey {
    type Error = BadKey;
    fn try_from(text: String) -> Result<Self, BadKey> {
        text.parse()
    }
}
impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.to_string()
    }
}

/// The key before it says that it trusts this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Endorsement {
    pub by: PublicKey,
    /// Base64, over what [`endorsed`] says.
    pub signature: String,
}

impl Endorsement {
    pub fn holds_for(&self, key: &PublicKey) -> bool {
        signature(&self.signature).is_some_and(|signature| self.by.verifies(&endorsed(key), &signature))
    }
}

/// What an old key signs when a new one takes its place.
pub fn endorsed(key: &PublicKey) -> Vec<u8> {
    format!("millwright audit key\n{key}\n").into_bytes()
}

/// A fact: checkpoints of this partition are signed with this key from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditKeyAdopted {
    pub key: PublicKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsement: Option<Endorsement>,
}

pub(crate) fn signature(base64: &str) -> Option<[u8; 64]> {
    STANDARD.decode(base64).ok()?.try_into().ok()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of the example in Go's documentation of signed notes.
    const GO: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_key_reads_in_both_spellings_and_has_the_id_that_other_tools_give_it() {
        let key: PublicKey = GO.parse().unwrap();
        assert_eq!(key.for_verifiers("PeterNeumann"), GO);
        assert_eq!(key.to_string().parse(), Ok(key));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "AAAA", "a+b+c", "PeterNeumann+c74f20a3+AhpcQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW="] {
            assert_eq!(text.parse::<PublicKey>(), Err(BadKey), "{text}");
        }
    }
}
