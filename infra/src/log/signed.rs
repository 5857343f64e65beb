//! The tree over a partition as a walk goes along, held against the checkpoints on the ledger and against those that somebody kept.

use super::audit::Broken;
use millwright_domain::{
    Event,
    audit::{
        AuditKeyAdopted, Checkpoint, CheckpointSigned, PublicKey,
        merkle::{Frontier, leaf_hash},
    },
    chain::Hash,
    position::PartitionId,
};
use std::collections::{BTreeMap, VecDeque};

/// A checkpoint is a few records behind what it is over. Further back none was ever signed.
const MOST_BEHIND: usize = 1 << 20;

#[derive(Debug)]
pub struct SignedTree {
    partition: PartitionId,
    /// Over everything up to the last checkpoint.
    edge: Frontier,
    /// The last record under the edge.
    last: Hash,
    /// The hashes of records since.
    waiting: VecDeque<Hash>,
    /// Adopted on this partition, in order.
    pub keys: Vec<PublicKey>,
    /// Those that no key before them vouches for, but the first.
    pub unvouched: Vec<PublicKey>,
    /// How many checkpoints hold, and what the last of them is over.
    pub checkpoints: u64,
    pub signed_to: u64,
    /// By size. Taken out when met.
    kept: BTreeMap<u64, Vec<Checkpoint>>,
    /// Over every record, while there is something to hold it against.
    whole: Frontier,
    /// How many that somebody kept were met.
    pub met: u64,
}

impl SignedTree {
    pub(super) fn of(partition: &PartitionId) -> Self {
        Self {
            partition: partition.clone(),
            edge: Frontier::default(),
            last: Hash::default(),
            waiting: VecDeque::new(),
            keys: vec![],
            unvouched: vec![],
            checkpoints: 0,
            signed_to: 0,
            kept: BTreeMap::new(),
            whole: Frontier::default(),
            met: 0,
        }
    }

    pub(super) fn against(&mut self, kept: impl IntoIterator<Item = Checkpoint>) {
        for checkpoint in kept {
            self.kept.entry(checkpoint.size).or_default().push(checkpoint);
        }
    }

    /// The largest that somebody kept and that the log does not reach.
    pub fn beyond(&self) -> Option<u64> {
        self.kept.keys().next_back().copied()
    }

    /// The next record, whose hash holds.
    pub(super) fn take(&mut self, hash: Hash, event: Option<&Event>) -> Result<(), Broken> {
        match event {
            Some(Event::AuditKeyAdopted(fact)) => self.adopt(fact)?,
            Some(Event::CheckpointSigned(fact)) => self.hold_against(fact)?,
            _ => {}
        }
        self.waiting.push_back(hash);
        if self.waiting.len() > MOST_BEHIND {
            self.move_edge();
        }
        if !self.kept.is_empty() {
            self.whole.push(leaf_hash(&hash.0), |_| ());
            self.meet(hash)?;
        }
        Ok(())
    }

    fn adopt(&mut self, fact: &AuditKeyAdopted) -> Result<(), Broken> {
        let vouched = match &fact.endorsement {
            Some(endorsement) if !endorsement.holds_for(&fact.key) => {
                return Err(Broken::Checkpoint(format!("the signature that vouches for the key {} is none of the key {}", fact.key, endorsement.by)));
            }
            Some(endorsement) => self.keys.contains(&endorsement.by),
            None => false,
        };
        if !vouched && !self.keys.is_empty() {
            self.unvouched.push(fact.key);
        }
        self.keys.push(fact.key);
        Ok(())
    }

    fn hold_against(&mut self, fact: &CheckpointSigned) -> Result<(), Broken> {
        let signed = fact.verified(&self.partition).map_err(|bad| Broken::Checkpoint(bad.to_string()))?;
        if !self.keys.contains(&fact.key) {
            return Err(Broken::Checkpoint(format!("its key {} was never adopted here", fact.key)));
        }
        let reach = self.edge.size() + self.waiting.len() as u64;
        if signed.size < self.edge.size() || signed.size > reach {
            return Err(Broken::Checkpoint(format!("it is over {} records, and could be over {} to {reach}", signed.size, self.edge.size())));
        }
        while self.edge.size() < signed.size {
            self.move_edge();
        }
        if self.edge.root() != signed.root || signed.head.is_some_and(|head| head != self.last) {
            return Err(Broken::Checkpoint(format!("the first {} records have another root than was signed: they were written anew", signed.size)));
        }
        (self.checkpoints, self.signed_to) = (self.checkpoints + 1, signed.size);
        Ok(())
    }

    fn move_edge(&mut self) {
        if let Some(hash) = self.waiting.pop_front() {
            self.edge.push(leaf_hash(&hash.0), |_| ());
            self.last = hash;
        }
    }

    fn meet(&mut self, head: Hash) -> Result<(), Broken> {
        let size = self.whole.size();
        for kept in self.kept.remove(&size).unwrap_or_default() {
            if kept.root != self.whole.root() || kept.head.is_some_and(|kept| kept != head) {
                return Err(Broken::NotWhatWasKept { size });
            }
            self.met += 1;
        }
        Ok(())
    }
}
