//! Which records of the topic are facts: the one rule that every reader applies in the same order, so that all agree.
//!
//! A record is taken in if it continues the chain: the next seq, the right hash, and an epoch that only `PartitionOwned` raises.
//! What a former owner still writes, or what comes twice, is dropped. What leaves a gap or breaks the chain is damage.
//! A commit counts when its last record is there: nobody sees a part of one.

use super::record::Candidate;
use millwright_domain::chain::{ChainTip, StoredRecord, link};

/// Where a partition ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct End {
    pub tip: ChainTip,
    /// The last version of the partition's own stream.
    pub own_version: u64,
}

/// The rule for one ledger partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Admission {
    end: End,
    open: Option<Open>,
    /// Past damage nothing is told apart from what a former owner would have liked to write.
    damaged: bool,
}

/// A commit of which the last record has not come yet.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Open {
    commit: (u64, u64),
    end: End,
    records: Vec<StoredRecord>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Taken in; more of its commit is to come.
    Held,
    /// With this one the commit is whole.
    Whole(Vec<StoredRecord>),
    /// Never was a fact, and why.
    Dropped(&'static str),
    /// The partition cannot be read past here.
    Damaged(String),
}

impl Admission {
    /// Goes on where a reader had been.
    pub(super) fn from(end: End) -> Self {
        Self { end, open: None, damaged: false }
    }
    pub(super) fn end(&self) -> End {
        self.end
    }
    /// Whether reading can be taken up again behind the last record with nothing but `end`. Never past damage: it must be found again.
    pub(super) fn can_be_left(&self) -> bool {
        self.open.is_none() && !self.damaged
    }

    pub(super) fn take(&mut self, candidate: Candidate) -> Verdict {
        if self.damaged {
            return Verdict::Dropped("it lies behind damage");
        }
        let verdict = self.place(candidate);
        self.damaged = matches!(verdict, Verdict::Damaged(_));
        verdict
    }

    fn place(&mut self, candidate: Candidate) -> Verdict {
        let first = candidate.record.seq == candidate.commit.0;
        let (mut open, begun) = match self.open.take() {
            Some(open) if !first && open.commit == candidate.commit => (open, true),
            // A commit that begins where we are makes one that was never finished void; anything else leaves it waiting.
            unfinished => {
                let verdict =
                    judge(&self.end.tip, &candidate).err().or((!first).then_some(Verdict::Dropped("it is the middle of a commit that never began")));
                if let Some(verdict) = verdict {
                    self.open = unfinished;
                    return verdict;
                }
                (Open { commit: candidate.commit, end: self.end, records: Vec::new() }, false)
            }
        };
        if begun && let Err(verdict) = judge(&open.end.tip, &candidate) {
            self.open = Some(open);
            return verdict;
        }
        open.end = End {
            tip: ChainTip {
                next_seq: candidate.record.seq + 1,
                hash: candidate.record.hash,
                recorded_at: candidate.recorded_at,
                epoch: candidate.epoch,
            },
            own_version: candidate.own_version.unwrap_or(open.end.own_version),
        };
        open.records.push(candidate.record);
        if open.end.tip.next_seq <= open.commit.1 {
            self.open = Some(open);
            return Verdict::Held;
        }
        self.end = open.end;
        Verdict::Whole(open.records)
    }
}

/// Whether a record may follow `tip`.
fn judge(tip: &ChainTip, candidate: &Candidate) -> Result<(), Verdict> {
    let Candidate { epoch, record, .. } = candidate;
    if *epoch < tip.epoch {
        return Err(Verdict::Dropped("a former owner wrote it"));
    }
    if record.seq < tip.next_seq {
        return Err(Verdict::Dropped("its seq is taken"));
    }
    if record.seq > tip.next_seq {
        return Err(Verdict::Damaged(format!("seq {} follows where {} belongs: facts between them are gone", record.seq, tip.next_seq)));
    }
    if *epoch > tip.epoch && !candidate.begins_epoch {
        return Err(Verdict::Damaged(format!("epoch {epoch} began without an owner taking the partition over")));
    }
    if candidate.previous != tip.hash || record.hash != link(tip.hash, record.seq, &record.bytes) {
        return Err(Verdict::Damaged(format!("the hash of seq {} does not follow from its bytes and the hash before it", record.seq)));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
