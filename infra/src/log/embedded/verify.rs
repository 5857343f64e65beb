//! Reading a whole log to say whether it is what was written, and where not: the first bad place of each partition.

use super::walk::{Road, Wrong, explain};
use super::{
    batch::Row,
    days::{Day, Days},
    high_water::{self, Mark},
    reader::{Reader, SHORT, divided},
};
use crate::log::{
    audit::{ChainAudit, Looked, follows, look},
    signed::SignedTree,
};
use millwright_domain::{audit::Checkpoint, chain::Hash, codec, ports::event_log::LogError, position::PartitionId};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

/// The first place of a partition that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub file: PathBuf,
    /// `None` if the file does not even tell its partitions.
    pub partition: Option<PartitionId>,
    pub seq: u64,
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, partition, seq, what } = self;
        match partition {
            Some(partition) => write!(f, "{}, {partition}, seq {seq}: {what}", file.display()),
            None => write!(f, "{}: {what}", file.display()),
        }
    }
}

/// How many records of each partition were found good, and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    pub good: BTreeMap<PartitionId, u64>,
    /// Of a ledger: what was signed, and which kept checkpoints were met.
    pub signed: BTreeMap<PartitionId, Signed>,
    /// Bytes that were hashed.
    pub bytes: u64,
    pub findings: Vec<Finding>,
}

/// What a walk found of checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signed {
    pub checkpoints: u64,
    pub up_to: u64,
    pub keys: Vec<String>,
    pub unvouched: Vec<String>,
    pub met: u64,
}

impl From<&SignedTree> for Signed {
    fn from(tree: &SignedTree) -> Self {
        let texts = |keys: &[_]| keys.iter().map(ToString::to_string).collect();
        let (keys, unvouched) = (texts(&tree.keys), texts(&tree.unvouched));
        Self { checkpoints: tree.checkpoints, up_to: tree.signed_to, keys, unvouched, met: tree.met }
    }
}

/// A partition on the way: its records so far, how many it has, and the bytes that were hashed of them.
#[derive(Debug, Clone, Copy)]
pub struct Walked<'a> {
    pub partition: &'a PartitionId,
    pub done: u64,
    pub of: u64,
    pub bytes: u64,
}

pub type Progress<'a> = &'a mut dyn FnMut(Walked<'_>);

/// Checkpoints that somebody kept, by the partition that they are of.
pub type Kept = BTreeMap<PartitionId, Vec<Checkpoint>>;

/// Checks every partition of the ledger: checksums, density, hash chain, epochs, recorded times, checkpoints, and the high-water marks.
/// Works beside a writer; what comes in meanwhile is left for the next time.
pub fn verify_ledger(dir: &Path, progress: Progress<'_>) -> Result<Verified, LogError> {
    verify_ledger_against(dir, &Kept::new(), progress)
}

/// The same, with checkpoints that somebody kept: a ledger that was written anew with all its hashes is not theirs.
pub fn verify_ledger_against(dir: &Path, kept: &Kept, progress: Progress<'_>) -> Result<Verified, LogError> {
    // The marks first: the log only grows, so it can never be behind a mark that was read before it.
    let marks = high_water::read(&dir.join("ledger.high-water"))?;
    let file = Reader::new(dir.join("ledger.db"));
    let mut verified = Verified::default();
    let ends = verified.ends_of(&file)?;
    let partitions: BTreeSet<&PartitionId> = ends.keys().chain(marks.keys()).chain(kept.keys()).collect();
    for partition in partitions {
        let end = ends.get(partition).copied().unwrap_or(0);
        let audit = ChainAudit::of(partition).against(kept.get(partition).into_iter().flatten().cloned());
        let mut walk = LedgerWalk { audit, mark: marks.get(partition).copied(), bytes: 0 };
        let admit = |looked: Batch| {
            walk.admit(looked)?;
            progress(Walked { partition, done: walk.audit.next_seq(), of: end, bytes: walk.bytes });
            Ok(())
        };
        let walked = Road { file: &file, partition, from: 0, end }.walk(|row, room| look_at(partition, row, room), admit);
        let (seq, broken) = match walked {
            Ok(()) => (end, walk.shortened()),
            Err((seq, what)) => (seq, Some(what)),
        };
        verified.bytes += walk.bytes;
        verified.signed.insert(partition.clone(), walk.audit.signed().into());
        verified.take(file.path(), partition, seq, broken);
    }
    Ok(verified)
}

/// All that can be said of the records of a batch without those before it. Where one is wrong, the ones before it still count.
struct Batch {
    /// Hash and bytes: only who knows the record before can say whether it follows.
    first: Option<(Hash, Vec<u8>)>,
    looked: Vec<Result<Looked, Wrong>>,
    bytes: u64,
}

fn look_at(partition: &PartitionId, row: &Row, room: &mut Vec<u8>) -> Result<Batch, Wrong> {
    row.look(room, |records| batch(partition, row.base_seq, &records)).map_err(|bad| (row.base_seq, bad.to_string()))
}

fn batch(partition: &PartitionId, base: u64, records: &[&[u8]]) -> Batch {
    let mut batch = Batch { first: None, looked: Vec::with_capacity(records.len()), bytes: 0 };
    let mut previous = None;
    for (seq, stored) in (base..).zip(records) {
        let Some((hash, bytes)) = divided(stored) else {
            batch.looked.push(Err((seq, SHORT.into())));
            break;
        };
        if seq == base {
            batch.first = Some((hash, bytes.to_vec()));
        }
        let linked = previous.map_or(Ok(()), |previous| follows(previous, seq, hash, bytes));
        let one = linked.and_then(|()| look(partition, seq, hash, bytes)).map_err(|broken| (seq, explain(&broken)));
        batch.bytes += bytes.len() as u64;
        previous = Some(hash);
        let is_wrong = one.is_err();
        batch.looked.push(one);
        if is_wrong {
            break;
        }
    }
    batch
}

/// Checks every kept file of readings: checksums, density within and between the files, scans that decode, the high-water marks.
pub fn verify_readings(dir: &Path, progress: Progress<'_>) -> Result<Verified, LogError> {
    let marks = high_water::read(&dir.join("readings.high-water"))?;
    let days = Days::find(dir)?.all();
    let mut verified = Verified::default();
    for (number, day) in days.iter().enumerate() {
        let ends = verified.ends_of(&day.reader)?;
        let next = days.get(number + 1);
        let mut partitions: BTreeSet<&PartitionId> = ends.keys().collect();
        partitions.extend(marks.keys());
        for partition in partitions {
            let end = ends.get(partition).copied().unwrap_or(0);
            verify_day(day, partition, end, expected_end(partition, next, &marks), progress, &mut verified);
        }
    }
    Ok(verified)
}

/// The seq behind a batch whose scans all decode, and how many bytes they have.
fn scans_of(row: &Row, room: &mut Vec<u8>) -> Result<(u64, u64), Wrong> {
    let decoded = row.look(room, |records| {
        for (seq, stored) in (row.base_seq..).zip(&records) {
            codec::decode_scan(stored).map_err(|bad| (seq, explain(&bad)))?;
        }
        let bytes: u64 = records.iter().map(|stored| stored.len() as u64).sum();
        Ok::<_, Wrong>((row.end(), bytes))
    });
    decoded.map_err(|bad| (row.base_seq, bad.to_string()))?
}

/// A file ends where the next one begins; the last one nowhere before its mark.
fn expected_end(partition: &PartitionId, next: Option<&Day>, marks: &BTreeMap<PartitionId, Mark>) -> (u64, u64) {
    match next {
        Some(next) => (next.begins.next(partition), next.begins.next(partition)),
        None => (marks.get(partition).map_or(0, |mark| mark.next_seq), u64::MAX),
    }
}

fn verify_day(day: &Day, partition: &PartitionId, end: u64, expected: (u64, u64), progress: Progress<'_>, verified: &mut Verified) {
    let from = day.begins.next(partition);
    let mut bytes = 0;
    let admit = |(next, size): (u64, u64)| {
        bytes += size;
        progress(Walked { partition, done: next - from, of: end - from, bytes });
        Ok(())
    };
    let walked = Road { file: &day.reader, partition, from, end }.walk(scans_of, admit);
    verified.bytes += bytes;
    let (least, most) = expected;
    let (seq, broken) = match walked {
        Err((seq, what)) => (seq, Some(what)),
        Ok(()) if end < least => (end, Some(format!("the file was shortened: it held readings up to seq {least}"))),
        Ok(()) if end > most => (most, Some(format!("the next file begins at seq {most}, and this one ends at {end}"))),
        Ok(()) => (end, None),
    };
    let before = verified.good.get(partition).copied().unwrap_or(0);
    verified.take(day.reader.path(), partition, seq, broken);
    *verified.good.entry(partition.clone()).or_default() = before + seq.saturating_sub(from);
}

impl Verified {
    fn take(&mut self, file: &Path, partition: &PartitionId, seq: u64, broken: Option<String>) {
        self.good.insert(partition.clone(), seq);
        self.findings.extend(broken.map(|what| Finding { file: file.to_owned(), partition: Some(partition.clone()), seq, what }));
    }

    /// Where the partitions of a file end. A file too damaged to tell is a finding, and none of its partitions can be walked.
    fn ends_of(&mut self, file: &Reader) -> Result<BTreeMap<PartitionId, u64>, LogError> {
        match file.ends() {
            Ok(ends) => Ok(ends.partitions().map(|(partition, end)| (partition.clone(), end)).collect()),
            Err(LogError::Damaged { what, .. }) => {
                self.findings.push(Finding { file: file.path().to_owned(), partition: None, seq: 0, what });
                Ok(BTreeMap::new())
            }
            Err(other) => Err(other),
        }
    }
}

struct LedgerWalk {
    audit: ChainAudit,
    mark: Option<Mark>,
    bytes: u64,
}

impl LedgerWalk {
    fn admit(&mut self, batch: Batch) -> Result<(), Wrong> {
        if let Some((hash, bytes)) = batch.first {
            let seq = self.audit.next_seq();
            follows(self.audit.hash(), seq, hash, &bytes).map_err(|broken| (seq, explain(&broken)))?;
        }
        for one in batch.looked {
            let seq = self.audit.next_seq();
            self.audit.take(one?).map_err(|broken| (seq, explain(&broken)))?;
            if self.mark.is_some_and(|mark| mark.next_seq == seq + 1 && mark.hash != self.audit.hash()) {
                return Err((seq, "the high-water mark was made over another record: the log was written anew".into()));
            }
        }
        self.bytes += batch.bytes;
        Ok(())
    }

    fn shortened(&self) -> Option<String> {
        if let Some(mark) = self.mark.filter(|mark| mark.next_seq > self.audit.next_seq()) {
            return Some(format!("the log was shortened: everything before seq {} was durable once", mark.next_seq));
        }
        let beyond = self.audit.signed().beyond()?;
        Some(format!("the log was shortened: somebody kept a checkpoint over its first {beyond} records"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EmbeddedLog, EmbeddedOptions, ledger};
    use super::*;
    use millwright_domain::{
        Timestamp,
        case::ActionVoided,
        chain::{ChainTip, StoredRecord, link},
        envelope::{Draft, StreamId},
        ids::{ActionId, EventId},
        ports::event_log::EventLog,
    };
    use uuid::Uuid;

    fn fact(reason: String) -> Draft {
        let (id, actor) = (Uuid::nil(), "olga".parse().unwrap());
        let event = ActionVoided { action: ActionId(id), reason }.into();
        Draft {
            id: EventId(id),
            stream: StreamId::site(),
            version: 1,
            occurred_at: Timestamp::default(),
            actor,
            command: None,
            causation: None,
            correlation: id,
            event,
        }
    }

    /// Puts other records in the place of a batch, with everything about the batch itself right.
    fn forge(dir: &Path, partition: &PartitionId, records: &[StoredRecord]) {
        let db = rusqlite::Connection::open(dir.join("ledger.db")).unwrap();
        let row = ledger::pack(records, Timestamp::default()).unwrap().remove(0).at(partition.clone(), records[0].seq);
        let sql = "UPDATE batches SET first_time = 0, last_time = 0, crc32c = ?2, codec = ?3, bytes = ?4 WHERE base_seq = ?1";
        assert_eq!(db.execute(sql, rusqlite::params![row.base_seq, row.crc, row.codec, row.bytes]).unwrap(), 1);
    }

    async fn log_of_three_commits(dir: &Path, partition: &PartitionId) -> Vec<StoredRecord> {
        let log = EmbeddedLog::open(dir, EmbeddedOptions::default()).unwrap();
        let mut owner = log.own(partition, "test", Timestamp::default()).await.unwrap();
        for batch in 0..3 {
            let facts = (0..10).map(|number| fact(format!("{batch}.{number}"))).collect();
            owner.commit(facts, Timestamp::default()).await.unwrap();
        }
        log.read_ledger(partition, 0, 100).await.unwrap().into_items().map(|(_, record)| record).collect()
    }

    #[tokio::test]
    async fn a_forged_record_breaks_the_chain_behind_it() {
        let (dir, partition) = (tempfile::tempdir().unwrap(), PartitionId::platform());
        let mut records = log_of_three_commits(dir.path(), &partition).await;
        records[15].bytes = String::from_utf8(records[15].bytes.clone()).unwrap().replace("1.4", "9.9").into_bytes();
        records[15].hash = link(records[14].hash, 15, &records[15].bytes);
        forge(dir.path(), &partition, &records[11..21]);
        let findings = verify_ledger(dir.path(), &mut |_| {}).unwrap().findings;
        assert!(findings.len() == 1 && findings[0].seq == 16 && findings[0].what.contains("hash does not follow"), "{findings:?}");
    }

    #[tokio::test]
    async fn many_strides_are_walked_in_order_and_the_first_bad_batch_of_them_is_the_one_that_is_named() {
        let (dir, partition) = (tempfile::tempdir().unwrap(), PartitionId::platform());
        let log = EmbeddedLog::open(dir.path(), EmbeddedOptions { synchronous: false, ..EmbeddedOptions::default() }).unwrap();
        let mut owner = log.own(&partition, "test", Timestamp::default()).await.unwrap();
        // With the fact of the owner, 20,001 records: batches of all lengths, some over the edge of a stride.
        for size in [5_000, 1, 700, 3_395, 904, 4_096, 4_096, 1_808] {
            owner.commit((0..size).map(|number| fact(number.to_string())).collect(), Timestamp::default()).await.unwrap();
        }
        let mut walked = vec![];
        let verified = verify_ledger(dir.path(), &mut |at| walked.push(at.done)).unwrap();
        assert_eq!((verified.good[&partition], verified.findings), (20_001, vec![]));
        assert!(walked.is_sorted() && walked.last() == Some(&20_001), "{walked:?}");

        let db = rusqlite::Connection::open(dir.path().join("ledger.db")).unwrap();
        let mut select = db.prepare("SELECT base_seq FROM batches WHERE base_seq > 0 ORDER BY base_seq").unwrap();
        let bases: Vec<u64> = select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        assert!(bases.len() > 8, "{bases:?}");
        // From behind to the front: whatever is damaged behind it, the first one is told.
        for (number, base) in bases.into_iter().enumerate().rev() {
            let (sql, told) = match number % 3 {
                0 => ("DELETE FROM batches WHERE base_seq = ?1", "batch holds seq"),
                1 => ("UPDATE batches SET crc32c = crc32c + 1 WHERE base_seq = ?1", "checksum"),
                _ => ("UPDATE batches SET bytes = 7 WHERE base_seq = ?1", ""),
            };
            assert_eq!(db.execute(sql, [base]).unwrap(), 1);
            let findings = verify_ledger(dir.path(), &mut |_| ()).unwrap().findings;
            assert!(findings.len() == 1 && findings[0].seq == base && findings[0].what.contains(told), "{base}: {findings:?}");
        }
    }

    #[tokio::test]
    async fn an_end_written_anew_does_not_fit_the_high_water_mark() {
        let (dir, partition) = (tempfile::tempdir().unwrap(), PartitionId::platform());
        let records = log_of_three_commits(dir.path(), &partition).await;
        // The whole last batch anew, as an honest owner would have chained it.
        let mut tip = ChainTip { next_seq: 21, hash: records[20].hash, recorded_at: Timestamp::default(), epoch: 1 };
        let anew: Vec<StoredRecord> = (0..10).map(|number| tip.append(&fact(format!("9.{number}")), &partition, Timestamp::default())).collect();
        forge(dir.path(), &partition, &anew);
        let findings = verify_ledger(dir.path(), &mut |_| {}).unwrap().findings;
        assert!(findings.len() == 1 && findings[0].seq == 30 && findings[0].what.contains("written anew"), "{findings:?}");
    }
}
