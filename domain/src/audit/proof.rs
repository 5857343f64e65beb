//! Proof files: from a fact, or from a reading under its seal, to a signed checkpoint, checked by arithmetic alone.

use super::{
    checkpoint::{BadCheckpoint, Checkpoint},
    key::PublicKey,
    merkle::{is_consistent, leaf_hash, root_of_inclusion},
};
use crate::{
    Event,
    chain::{Hash, link},
    codec,
    envelope::Recorded,
    ids::EventId,
    position::PartitionId,
    reading::Scan,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The most steps that a path can have: a tree has at most 2^64 leaves.
const MOST_STEPS: usize = 64;

#[derive(Debug, Error)]
pub enum Unproved {
    #[error("the record does not decode")]
    Record(#[source] codec::DecodeError),
    #[error("the record is another one than the proof says: {0}")]
    Another(&'static str),
    #[error("the record's hash does not follow from its text and the hash before it: one of them was changed")]
    Hash,
    #[error("the path does not lead from the record to the root in the checkpoint")]
    Path,
    #[error("the checkpoint does not hold")]
    Checkpoint(#[from] BadCheckpoint),
    #[error("the fact holds no seal over this reading")]
    Seal,
    #[error("the path does not lead from the reading to the root under the seal")]
    Reading,
    #[error("the second checkpoint is not over a continuation of the first: the ledger was rewritten in between")]
    Rewritten,
}

/// What is in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "proves", rename_all = "snake_case")]
pub enum ProofFile {
    /// That a fact is on the ledger, and perhaps that a reading is under the seal in it.
    Inclusion(Box<Proof>),
    /// That one checkpoint continues another.
    Consistency(Box<ConsistencyProof>),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    pub event_id: EventId,
    pub partition: PartitionId,
    pub seq: u64,
    /// The stored text to the letter: the hash is over it.
    pub record: String,
    /// The hash of the record before.
    pub previous_hash: Hash,
    /// The record's own hash, which is the leaf.
    pub leaf: Hash,
    /// Nearest first.
    pub path: Vec<Hash>,
    pub tree_size: u64,
    pub root: Hash,
    /// The signed note.
    pub checkpoint: String,
    pub public_key: PublicKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<ReadingProof>,
}

/// A scan under the seal that the fact holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadingProof {
    pub seq: u64,
    /// The stored text to the letter.
    pub scan: String,
    pub path: Vec<Hash>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsistencyProof {
    pub partition: PartitionId,
    /// Signed notes.
    pub old: String,
    pub new: String,
    pub path: Vec<Hash>,
    /// Whose the notes are; another than the first after a change of keys.
    pub old_key: PublicKey,
    pub public_key: PublicKey,
}

/// What a proof shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Proved {
    pub fact: Recorded,
    pub checkpoint: Checkpoint,
    pub scan: Option<Scan>,
}

impl Proof {
    /// Checks everything but whether the key is one that the reader trusts.
    pub fn check(&self) -> Result<Proved, Unproved> {
        let fact = codec::decode(self.record.as_bytes()).map_err(Unproved::Record)?;
        if fact.id != self.event_id || fact.seq != self.seq || fact.partition != self.partition {
            return Err(Unproved::Another("its id, partition or seq differ"));
        }
        if link(self.previous_hash, self.seq, self.record.as_bytes()) != self.leaf {
            return Err(Unproved::Hash);
        }
        let checkpoint = Checkpoint::verified(&self.checkpoint, &self.partition, &self.public_key)?;
        let leads = self.path.len() <= MOST_STEPS
            && (checkpoint.size, checkpoint.root) == (self.tree_size, self.root)
            && root_of_inclusion(leaf_hash(&self.leaf.0), self.seq, self.tree_size, &self.path) == Some(self.root);
        if !leads {
            return Err(Unproved::Path);
        }
        let scan = self.reading.as_ref().map(|reading| reading.check(&fact)).transpose()?;
        Ok(Proved { fact, checkpoint, scan })
    }
}

impl ReadingProof {
    fn check(&self, fact: &Recorded) -> Result<Scan, Unproved> {
        let Event::ReadingsSealed(seal) = &fact.event else { return Err(Unproved::Seal) };
        let index = self.seq.checked_sub(seal.from).filter(|_| self.seq < seal.to).ok_or(Unproved::Seal)?;
        let scan = codec::decode_scan(self.scan.as_bytes()).map_err(Unproved::Record)?;
        if self.path.len() > MOST_STEPS {
            return Err(Unproved::Reading);
        }
        let root = root_of_inclusion(leaf_hash(self.scan.as_bytes()), index, seal.to - seal.from, &self.path);
        match root {
            Some(root) if root.to_string() == seal.merkle_root => Ok(scan),
            _ => Err(Unproved::Reading),
        }
    }
}

impl ConsistencyProof {
    pub fn check(&self) -> Result<(Checkpoint, Checkpoint), Unproved> {
        let old = Checkpoint::verified(&self.old, &self.partition, &self.old_key)?;
        let new = Checkpoint::verified(&self.new, &self.partition, &self.public_key)?;
        let holds = self.path.len() <= 2 * MOST_STEPS && is_consistent((old.size, old.root), (new.size, new.root), &self.path);
        if holds { Ok((old, new)) } else { Err(Unproved::Rewritten) }
    }
}
