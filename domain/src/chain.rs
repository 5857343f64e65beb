//! The hash chain over a partition's stored bytes: whoever changes, drops or swaps a fact breaks every hash after it.

use crate::{Timestamp, codec, envelope::Draft, position::PartitionId};
use sha2::{Digest, Sha256};
use std::fmt;

/// SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no hash: 64 hexadecimal digits in small letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is no hash; a hash has 64 hexadecimal digits")]
pub struct BadHash;

impl std::str::FromStr for Hash {
    type Err = BadHash;
    fn from_str(text: &str) -> Result<Self, BadHash> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(BadHash);
        }
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(BadHash),
        };
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(hash))
    }
}
impl TryFrom<String> for Hash {
    type Error = BadHash;
    fn try_from(text: String) -> Result<Self, BadHash> {
        text.parse()
    }
}
impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// One fact as stored: its bytes, and the hash that chains it to all before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    pub seq: u64,
    pub hash: Hash,
    pub bytes: Vec<u8>,
}

/// The end of a partition: what the next fact continues. Cloned before a commit and put back if it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChainTip {
    pub next_seq: u64,
    /// Hash of the last record; all zero before the first.
    pub hash: Hash,
    /// Of the last record; the next one's is never before it.
    pub recorded_at: Timestamp,
    pub epoch: u64,
}

impl ChainTip {
    /// Stores a draft as the next record and moves the tip past it.
    pub fn append(&mut self, draft: &Draft, partition: &PartitionId, now: Timestamp) -> StoredRecord {
        self.recorded_at = self.recorded_at.max(now);
        let bytes = codec::encode(draft, partition, self);
        let record = StoredRecord { seq: self.next_seq, hash: link(self.hash, self.next_seq, &bytes), bytes };
        self.hash = record.hash;
        self.next_seq += 1;
        record
    }
}

/// The hash of a record: SHA-256 over the previous hash, the seq (big endian) and the stored bytes.
pub fn link(previous: Hash, seq: u64, bytes: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(previous.0);
    hasher.update(seq.to_be_bytes());
    hasher.update(bytes);
    Hash(hasher.finalize().into())
}

/// The root over hashes of readings batches, as in RFC 6962: leaves and nodes are hashed under different prefixes.
pub fn merkle_root(leaves: &[&[u8]]) -> Hash {
    match leaves {
        [] => Hash(Sha256::digest([]).into()),
        [leaf] => Hash(Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()),
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            Hash(Sha256::new().chain_update([1]).chain_update(merkle_root(left).0).chain_update(merkle_root(right).0).finalize().into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_dropped_or_moved_record_breaks_the_chain() {
        let start = Hash::default();
        let whole = link(link(start, 0, b"a"), 1, b"b");
        assert_ne!(whole, link(link(start, 0, b"A"), 1, b"b"));
        assert_ne!(whole, link(start, 1, b"b"));
        assert_ne!(whole, link(link(start, 0, b"b"), 1, b"a"));
    }

    #[test]
    fn the_merkle_root_is_that_of_rfc_6962() {
        // Test vectors of the Certificate Transparency reference: the empty tree, and the tree of one empty leaf.
        assert_eq!(merkle_root(&[]).to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(merkle_root(&[b""]).to_string(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(merkle_root(&[b"", b"\0"]).to_string(), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
        assert_eq!(merkle_root(&[b"", b"\0", b"\x10"]).to_string(), "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
    }
}
