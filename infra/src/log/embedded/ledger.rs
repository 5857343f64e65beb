//! The ledger's writer: gives partitions to owners, fences the former ones, and appends what owners commit.

use super::{
    batch::{Frames, Packed, Row, TooLarge},
    failure::{Poisoned, damaged, sqlite, storage},
    file,
    high_water::{HighWater, Mark},
    lane::Writer,
    reader::ledger_record,
};
use crate::log::ownership::ownership;
use millwright_domain::{
    Timestamp,
    chain::{ChainTip, StoredRecord},
    codec,
    envelope::StreamId,
    ports::event_log::LogError,
    position::{PartitionId, Position},
};
use rusqlite::Connection;
use std::{collections::HashMap, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::{oneshot, watch};

/// Rows are split about here, so that a reader who wants a little need not unpack a lot.
const SPLIT_AT: usize = 1 << 20;

type Reply<T> = oneshot::Sender<Result<T, LogError>>;

pub(super) enum LedgerJob {
    Own {
        partition: PartitionId,
        owner: String,
        now: Timestamp,
        reply: Reply<ChainTip>,
    },
    /// Everything is encoded already: the thread is there for the disk.
    Append {
        partition: PartitionId,
        before: ChainTip,
        after: ChainTip,
        /// The last version that the batch gives to the partition's own stream, if it does.
        own_version: Option<u64>,
        batches: Vec<Packed>,
        reply: Reply<()>,
    },
}

/// Where a partition ends once everything staged is durable.
#[derive(Clone, Copy, Default)]
struct End {
    tip: ChainTip,
    /// Of the partition's own stream.
    own_version: u64,
}

/// What a job is answered once its group is durable.
enum Answer {
    Owned(Reply<ChainTip>, ChainTip),
    Appended(Reply<()>),
}

pub(super) struct LedgerWriter {
    db: Connection,
    path: PathBuf,
    /// Of the partitions that were owned since the start.
    ends: HashMap<PartitionId, End>,
    head: watch::Sender<Position>,
    water: HighWater,
    poisoned: Option<Poisoned>,
}

impl LedgerWriter {
    pub(super) fn new(db: Connection, path: PathBuf, head: watch::Sender<Position>, water: HighWater) -> Self {
        Self { db, path, ends: HashMap::new(), head, water, poisoned: None }
    }

    fn stage(&mut self, job: LedgerJob, rows: &mut Vec<Row>) -> Option<(PartitionId, Answer)> {
        match job {
            LedgerJob::Own { partition, owner, now, reply } => match self.take_over(&partition, &owner, now, rows) {
                Ok(tip) => Some((partition, Answer::Owned(reply, tip))),
                Err(why) => refuse(reply, why),
            },
            LedgerJob::Append { partition, before, after, own_version, batches, reply } => match self.ends.get_mut(&partition) {
                Some(end) if end.tip == before => {
                    *end = End { tip: after, own_version: own_version.unwrap_or(end.own_version) };
                    place(&partition, before.next_seq, batches, rows);
                    Some((partition, Answer::Appended(reply)))
                }
                end => {
                    let epoch = end.map_or(0, |end| end.tip.epoch);
                    let why = format!("it was given up, or taken over: this owner is of epoch {}, the last one of epoch {epoch}", before.epoch);
                    refuse(reply, LogError::Lost { partition, why })
                }
            },
        }
    }

    fn take_over(&mut self, partition: &PartitionId, owner: &str, now: Timestamp, rows: &mut Vec<Row>) -> Result<ChainTip, LogError> {
        // Memory first: what the former owner has in this very group is not on the disk yet.
        let End { mut tip, own_version } = match self.ends.get(partition) {
            Some(end) => *end,
            None => self.stored_end(partition)?,
        };
        let (before, own_version) = (tip.next_seq, own_version + 1);
        tip.epoch += 1;
        let record = tip.append(&ownership(partition, owner, tip.epoch, own_version, now), partition, now);
        let batches = pack(&[record], tip.recorded_at).map_err(|cause| storage("append to the ledger", &self.path, cause))?;
        place(partition, before, batches, rows);
        self.ends.insert(partition.clone(), End { tip, own_version });
        Ok(tip)
    }

    /// Read back from the end: ownership begins every partition and answers are frequent, so this is short.
    fn stored_end(&self, partition: &PartitionId) -> Result<End, LogError> {
        let mut end = None;
        let mut before = u64::MAX;
        while let Some(row) = file::row_before(&self.db, partition, before).map_err(|cause| sqlite("read the ledger's end", &self.path, cause))? {
            before = row.base_seq;
            let unpacked = row.records().map_err(|bad| damaged(&self.path, partition, row.base_seq, bad))?;
            for (seq, stored) in (row.base_seq..).zip(unpacked).collect::<Vec<_>>().into_iter().rev() {
                let record = ledger_record(&self.path, partition, seq, stored)?;
                let fact = codec::decode(&record.bytes).map_err(|bad| damaged(&self.path, partition, seq, bad))?;
                let last = ChainTip { next_seq: seq + 1, hash: record.hash, recorded_at: fact.recorded_at, epoch: fact.epoch };
                let tip = *end.get_or_insert(last);
                if fact.stream == StreamId::partition() {
                    return Ok(End { tip, own_version: fact.version });
                }
            }
        }
        Ok(End { tip: end.unwrap_or_default(), own_version: 0 })
    }

    fn poison(&mut self, cause: impl std::error::Error + Send + Sync + 'static) {
        tracing::error!(place = %self.path.display(), error = %cause, "the ledger's writer stopped: a commit failed");
        self.poisoned = Some(Poisoned(Arc::new(cause)));
        self.ends.clear();
    }

    fn note_durable(&mut self, answers: &[(PartitionId, Answer)]) {
        let mut head = Position::default();
        for (partition, _) in answers {
            if let Some(End { tip, .. }) = self.ends.get(partition) {
                head.advance(partition, tip.next_seq);
                self.water.note(partition, Mark { next_seq: tip.next_seq, hash: tip.hash });
            }
        }
        self.head.send_modify(|all| all.merge(&head));
    }

    fn write_marks(&mut self, write: impl FnOnce(&mut HighWater) -> Result<(), LogError>) {
        if self.poisoned.is_none()
            && let Err(cause) = write(&mut self.water)
        {
            self.poison(cause);
        }
    }

    fn refusal(&self) -> Option<LogError> {
        self.poisoned.as_ref().map(|poisoned| storage("append to the ledger", &self.path, poisoned.clone()))
    }
}

impl Writer for LedgerWriter {
    type Job = LedgerJob;

    fn commit(&mut self, group: Vec<LedgerJob>) {
        let mut rows = Vec::new();
        let mut answers = Vec::new();
        for job in group {
            match self.refusal() {
                Some(why) => job.refuse(why),
                None => answers.extend(self.stage(job, &mut rows)),
            }
        }
        if rows.is_empty() {
            return;
        }
        if let Err(cause) = file::insert(&mut self.db, &rows) {
            self.poison(cause);
        } else {
            self.note_durable(&answers);
        }
        for (_, answer) in answers {
            answer.give(self.refusal());
        }
        self.write_marks(HighWater::write_if_due);
    }
    fn idles_in(&self) -> Option<Duration> {
        self.water.due_in().filter(|_| self.poisoned.is_none())
    }
    fn idle(&mut self) {
        self.write_marks(HighWater::write_if_due);
    }
    fn close(&mut self) {
        self.write_marks(HighWater::write);
        if self.poisoned.is_none()
            && let Err(cause) = file::fold_back(&self.db)
        {
            tracing::warn!(place = %self.path.display(), error = %cause, "the ledger stays in two files until it is opened again");
        }
    }
}

impl LedgerJob {
    fn refuse(self, why: LogError) {
        match self {
            Self::Own { reply, .. } => answer(reply, Err(why)),
            Self::Append { reply, .. } => answer(reply, Err(why)),
        }
    }
}

impl Answer {
    fn give(self, failed: Option<LogError>) {
        match self {
            Self::Owned(reply, tip) => answer(reply, failed.map_or(Ok(tip), Err)),
            Self::Appended(reply) => answer(reply, failed.map_or(Ok(()), Err)),
        }
    }
}

fn refuse<T, Staged>(reply: Reply<T>, why: LogError) -> Option<Staged> {
    answer(reply, Err(why));
    None
}

/// Whoever asked may have stopped waiting; what is durable stays durable, and an owner that gave up half-way is spent.
pub(super) fn answer<T>(reply: Reply<T>, with: Result<T, LogError>) {
    drop(reply.send(with));
}

/// Records, all of one recorded time, into batches of readable size.
pub(super) fn pack(records: &[StoredRecord], recorded_at: Timestamp) -> Result<Vec<Packed>, TooLarge> {
    let mut batches = Vec::new();
    let mut frames = Frames::default();
    for record in records {
        frames.push(recorded_at, |out| {
            out.extend_from_slice(&record.hash.0);
            out.extend_from_slice(&record.bytes);
        })?;
        if frames.size() >= SPLIT_AT {
            batches.push(std::mem::take(&mut frames).pack());
        }
    }
    if !frames.is_empty() {
        batches.push(frames.pack());
    }
    Ok(batches)
}

fn place(partition: &PartitionId, mut base_seq: u64, batches: Vec<Packed>, rows: &mut Vec<Row>) {
    for batch in batches {
        let row = batch.at(partition.clone(), base_seq);
        base_seq = row.end();
        rows.push(row);
    }
}
