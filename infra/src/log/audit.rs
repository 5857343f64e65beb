//! Whether a ledger partition's records are one unbroken chain, and what was signed of them: the checks that hold for every engine.

use super::signed::SignedTree;
use millwright_domain::{
    Event, Timestamp,
    audit::Checkpoint,
    chain::{Hash, StoredRecord, link},
    codec::{self, Envelope},
    envelope::Recorded,
    position::PartitionId,
};
use thiserror::Error;

/// Why a record does not follow the one before it.
#[derive(Debug, Error)]
pub enum Broken {
    #[error("seq {found} stands where seq {expected} belongs")]
    Seq { expected: u64, found: u64 },
    #[error("its hash does not follow from its bytes and the hash before it: it, or something before it, was changed")]
    Hash,
    #[error("it does not decode")]
    Undecodable(#[source] codec::DecodeError),
    #[error("it says that it is seq {seq} of {partition}")]
    Elsewhere { partition: String, seq: u64 },
    #[error("it is of epoch {found}, after one of epoch {last}: a former owner wrote it")]
    Epoch { last: u64, found: u64 },
    #[error("epoch {0} began without an owner taking the partition over")]
    Unowned(u64),
    #[error("it was recorded at {found}, before the one before it at {last}")]
    Time { last: Timestamp, found: Timestamp },
    #[error("the checkpoint in it does not hold: {0}")]
    Checkpoint(String),
    #[error("the first {size} records are not those of a checkpoint that somebody kept: the log was written anew")]
    NotWhatWasKept { size: u64 },
}

/// What a look at one record alone told.
#[derive(Debug)]
pub struct Looked {
    seq: u64,
    hash: Hash,
    epoch: u64,
    recorded_at: Timestamp,
    /// Of the few kinds that the walk goes by. Boxed, because a walk carries millions of these about that have none.
    event: Option<Box<Event>>,
}

/// Whether a record's hash is the one that follows from its bytes and the hash before it.
pub fn follows(previous: Hash, seq: u64, hash: Hash, bytes: &[u8]) -> Result<(), Broken> {
    if hash == link(previous, seq, bytes) { Ok(()) } else { Err(Broken::Hash) }
}

/// What a record says, if it says that it is what it is. Records can be looked at in any order, and side by side.
pub fn look(partition: &PartitionId, seq: u64, hash: Hash, bytes: &[u8]) -> Result<Looked, Broken> {
    let envelope = Envelope::of(bytes).map_err(Broken::Undecodable)?;
    if envelope.seq != seq || envelope.lane != partition.lane() || envelope.partition != partition.name() {
        return Err(Broken::Elsewhere { partition: envelope.partition.into_owned(), seq: envelope.seq });
    }
    let told = matches!(&*envelope.kind, "PartitionOwned" | "AuditKeyAdopted" | "CheckpointSigned");
    let event = told.then(|| codec::decode(bytes).map(|fact: Recorded| Box::new(fact.event))).transpose().map_err(Broken::Undecodable)?;
    Ok(Looked { seq, hash, epoch: envelope.epoch, recorded_at: envelope.recorded_at, event })
}

/// Walks one partition from its first record.
#[derive(Debug)]
pub struct ChainAudit {
    partition: PartitionId,
    next_seq: u64,
    hash: Hash,
    epoch: u64,
    recorded_at: Timestamp,
    signed: SignedTree,
}

impl ChainAudit {
    pub fn of(partition: &PartitionId) -> Self {
        Self {
            partition: partition.clone(),
            next_seq: 0,
            hash: Hash::default(),
            epoch: 0,
            recorded_at: Timestamp::from_micros(i64::MIN),
            signed: SignedTree::of(partition),
        }
    }
    /// With checkpoints that somebody kept elsewhere, which the records have to be those of.
    #[must_use]
    pub fn against(mut self, kept: impl IntoIterator<Item = Checkpoint>) -> Self {
        self.signed.against(kept);
        self
    }
    pub const fn next_seq(&self) -> u64 {
        self.next_seq
    }
    /// Of the last record that was admitted.
    pub const fn hash(&self) -> Hash {
        self.hash
    }
    /// What was signed, as far as the walk has come.
    pub const fn signed(&self) -> &SignedTree {
        &self.signed
    }

    /// Takes the next record, or says what is wrong with it.
    pub fn admit(&mut self, record: &StoredRecord) -> Result<(), Broken> {
        if record.seq != self.next_seq {
            return Err(Broken::Seq { expected: self.next_seq, found: record.seq });
        }
        follows(self.hash, record.seq, record.hash, &record.bytes)?;
        self.take(look(&self.partition, record.seq, record.hash, &record.bytes)?)
    }

    /// Takes what a look at the next record told. That its hash follows from the one before was seen before.
    pub fn take(&mut self, looked: Looked) -> Result<(), Broken> {
        let Looked { seq, hash, epoch, recorded_at, event } = looked;
        if seq != self.next_seq {
            return Err(Broken::Seq { expected: self.next_seq, found: seq });
        }
        if epoch < self.epoch {
            return Err(Broken::Epoch { last: self.epoch, found: epoch });
        }
        let begins_epoch = matches!(event.as_deref(), Some(Event::PartitionOwned(owned)) if owned.epoch == epoch);
        if epoch > self.epoch && !begins_epoch {
            return Err(Broken::Unowned(epoch));
        }
        if recorded_at < self.recorded_at {
            return Err(Broken::Time { last: self.recorded_at, found: recorded_at });
        }
        self.signed.take(hash, event.as_deref())?;
        (self.next_seq, self.hash, self.epoch, self.recorded_at) = (seq + 1, hash, epoch, recorded_at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{
        chain::ChainTip,
        envelope::{Draft, StreamId},
        ids::EventId,
        site::{KillSwitchReleased, PartitionOwned},
    };
    use uuid::Uuid;

    fn draft(event: Event) -> Draft {
        let at = Timestamp::from_secs(1);
        let (id, actor) = (Uuid::nil(), "svc-log".parse().unwrap());
        Draft {
            id: EventId(id),
            stream: StreamId::site(),
            version: 1,
            occurred_at: at,
            actor,
            command: None,
            causation: None,
            correlation: id,
            event,
        }
    }
    fn owned(epoch: u64) -> Event {
        PartitionOwned { epoch, owner: "test".into() }.into()
    }
    fn released() -> Event {
        KillSwitchReleased { by: "olga".parse().unwrap() }.into()
    }
    /// Records as an owner of these epochs would have written them.
    fn chain(facts: impl IntoIterator<Item = (u64, i64, Event)>) -> Vec<StoredRecord> {
        let mut tip = ChainTip::default();
        let record = |(epoch, second, event)| {
            tip.epoch = epoch;
            tip.recorded_at = Timestamp::default();
            tip.append(&draft(event), &PartitionId::platform(), Timestamp::from_secs(second))
        };
        facts.into_iter().map(record).collect()
    }
    fn first_broken(records: &[StoredRecord]) -> Option<(u64, Broken)> {
        let mut audit = ChainAudit::of(&PartitionId::platform());
        records.iter().find_map(|record| audit.admit(record).err().map(|broken| (record.seq, broken)))
    }

    #[test]
    fn an_honest_chain_has_nothing_broken() {
        let records = chain([(1, 1, owned(1)), (1, 2, released()), (4, 2, owned(4)), (4, 3, released())]);
        assert!(first_broken(&records).is_none());
    }

    #[test]
    fn a_changed_byte_is_found_where_it_is() {
        let mut records = chain([(1, 1, owned(1)), (1, 2, released()), (1, 3, released())]);
        records[1].bytes[10] ^= 1;
        assert!(matches!(first_broken(&records), Some((1, Broken::Hash))));
    }

    #[test]
    fn a_dropped_record_is_found_at_the_one_that_follows() {
        let mut records = chain([(1, 1, owned(1)), (1, 2, released()), (1, 3, released())]);
        records.remove(1);
        assert!(matches!(first_broken(&records), Some((2, Broken::Seq { expected: 1, found: 2 }))));
    }

    #[test]
    fn a_former_owners_record_is_rejected_after_a_newer_ones() {
        let records = chain([(1, 1, owned(1)), (2, 1, owned(2)), (1, 2, released())]);
        assert!(matches!(first_broken(&records), Some((2, Broken::Epoch { last: 2, found: 1 }))));
    }

    #[test]
    fn nobody_raises_the_epoch_without_owning_the_partition() {
        let records = chain([(1, 1, owned(1)), (2, 2, released())]);
        assert!(matches!(first_broken(&records), Some((1, Broken::Unowned(2)))));
    }

    #[test]
    fn recorded_time_going_back_is_found() {
        let records = chain([(1, 5, owned(1)), (1, 4, released())]);
        assert!(matches!(first_broken(&records), Some((1, Broken::Time { .. }))));
    }
}
