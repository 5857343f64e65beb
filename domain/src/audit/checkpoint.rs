//! A checkpoint: how large a partition's tree is, its root, where its chain ends, and which checkpoint came before, all in one signed note.

use super::{
    key::{PublicKey, hex},
    note::{BadNote, SignedNote},
};
use crate::{chain::Hash, position::PartitionId};
use base64::{Engine, engine::general_purpose::STANDARD};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A fact: the partition's first `tree_size` records have this root, and somebody who holds a key signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckpointSigned {
    pub tree_size: u64,
    /// Over the hashes of the records (RFC 6962); hex.
    pub root: String,
    /// The hash of the last of them; hex.
    pub head: String,
    /// The root of the checkpoint before this one; hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    pub key: PublicKey,
    /// What was signed, with its signature: a signed note as C2SP has it.
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadCheckpoint {
    #[error(transparent)]
    Note(#[from] BadNote),
    #[error("the note is no checkpoint: its text is not an origin, a size and a root")]
    Text,
    #[error("the note is a checkpoint of {found}, not of {expected}")]
    Elsewhere { found: String, expected: PartitionId },
    #[error("the fact says another thing than the note that was signed")]
    Otherwise,
}

/// What a signed note says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name and the partition: `example.com/millwright/ledger/demo`.
    pub origin: String,
    pub size: u64,
    pub root: Hash,
    pub head: Option<Hash>,
    /// Size and root of the one before.
    pub previous: Option<(u64, Hash)>,
}

impl Checkpoint {
    pub fn origin_of(name: &str, partition: &PartitionId) -> String {
        format!("{name}/{partition}")
    }

    fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0));
        if let Some(head) = self.head {
            text.push_str(&format!("chain {head}\n"));
        }
        if let Some((size, root)) = self.previous {
            text.push_str(&format!("previous {size} {root}\n"));
        }
        text
    }

    /// The note, signed under the origin as its name.
    pub fn signed(&self, key: &PublicKey, sign: impl FnOnce(&[u8]) -> [u8; 64]) -> CheckpointSigned {
        let note = SignedNote::sign(self.text(), &self.origin, key, sign);
        CheckpointSigned {
            tree_size: self.size,
            root: self.root.to_string(),
            head: self.head.unwrap_or_default().to_string(),
            previous: self.previous.map(|(_, root)| root.to_string()),
            key: *key,
            note: note.to_string(),
        }
    }

    /// What a text says, whoever signed it. Lines that are not ours are passed over.
    pub fn read(text: &str) -> Result<Self, BadCheckpoint> {
        let mut lines = text.lines();
        let origin = lines.next().filter(|origin| !origin.is_empty()).ok_or(BadCheckpoint::Text)?;
        let size = lines.next().and_then(decimal).ok_or(BadCheckpoint::Text)?;
        let root = lines.next().and_then(|root| STANDARD.decode(root).ok()?.try_into().ok()).ok_or(BadCheckpoint::Text)?;
        let mut read = Self { origin: origin.to_string(), size, root: Hash(root), head: None, previous: None };
        for line in lines {
            match line.split(' ').collect::<Vec<_>>()[..] {
                ["chain", head] => read.head = Some(head.parse().map_err(|_no_hash| BadCheckpoint::Text)?),
                ["previous", size, root] => {
                    let before = decimal(size).zip(root.parse().ok());
                    read.previous = Some(before.ok_or(BadCheckpoint::Text)?);
                }
                _ => {}
            }
        }
        Ok(read)
    }

    /// What a note says, once this key is known to have signed it as a checkpoint of this partition.
    pub fn verified(note: &str, partition: &PartitionId, key: &PublicKey) -> Result<Self, BadCheckpoint> {
        let note = SignedNote::parse(note)?;
        let read = Self::read(note.text())?;
        if !read.is_of(partition) {
            return Err(BadCheckpoint::Elsewhere { found: read.origin, expected: partition.clone() });
        }
        note.verified(&read.origin, key)?;
        Ok(read)
    }

    pub fn is_of(&self, partition: &PartitionId) -> bool {
        self.origin.strip_suffix(&partition.to_string()).is_some_and(|name| name.ends_with('/'))
    }
}

impl CheckpointSigned {
    /// What was signed, if the fact says the same and the signature is its key's.
    pub fn verified(&self, partition: &PartitionId) -> Result<Checkpoint, BadCheckpoint> {
        let read = Checkpoint::verified(&self.note, partition, &self.key)?;
        let same = read.size == self.tree_size
            && read.root.to_string() == self.root
            && read.head.unwrap_or_default().to_string() == self.head
            && read.previous.map(|(_, root)| root.to_string()) == self.previous;
        if same { Ok(read) } else { Err(BadCheckpoint::Otherwise) }
    }

    /// Names the key as signature lines do; hex.
    pub fn key_id(&self) -> String {
        let origin = self.note.lines().next().unwrap_or_default();
        hex(&self.key.id(origin))
    }
}

/// Without leading zeroes or a sign: one number, one spelling.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    fn signed(partition: &PartitionId) -> CheckpointSigned {
        let signer = SigningKey::from_bytes(&[7; 32]);
        let key = PublicKey::from_bytes(signer.verifying_key().as_bytes()).unwrap();
        let origin = Checkpoint::origin_of("example.com/plant", partition);
        let checkpoint = Checkpoint { origin, size: 12, root: Hash([1; 32]), head: Some(Hash([2; 32])), previous: Some((9, Hash([3; 32]))) };
        checkpoint.signed(&key, |text| signer.sign(text).to_bytes())
    }

    #[test]
    fn what_was_signed_is_read_back_and_verified() {
        let demo: PartitionId = "ledger/demo".parse().unwrap();
        let fact = signed(&demo);
        let read = fact.verified(&demo).unwrap();
        assert_eq!((read.size, read.previous), (12, Some((9, Hash([3; 32])))));
        assert!(fact.note.starts_with("example.com/plant/ledger/demo\n12\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\nchain 0202"));
    }

    #[test]
    fn a_checkpoint_of_another_partition_or_a_fact_that_says_otherwise_is_refused() {
        let demo: PartitionId = "ledger/demo".parse().unwrap();
        let fact = signed(&demo);
        assert!(matches!(fact.verified(&PartitionId::platform()), Err(BadCheckpoint::Elsewhere { .. })));
        let other = CheckpointSigned { tree_size: 13, ..fact.clone() };
        assert_eq!(other.verified(&demo), Err(BadCheckpoint::Otherwise));
        let forged = CheckpointSigned { note: fact.note.replace("\n12\n", "\n13\n"), tree_size: 13, ..fact };
        assert!(matches!(forged.verified(&demo), Err(BadCheckpoint::Note(BadNote::Forged(_)))));
    }

    #[test]
    fn a_size_has_one_spelling() {
        assert_eq!([decimal("0"), decimal("10"), decimal("010"), decimal("+1"), decimal("")], [Some(0), Some(10), None, None, None]);
    }
}
