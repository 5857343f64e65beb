//! Where on the topic a seq is: sparse marks in a SQLite file, so that a start and a cold read do not begin at the first record.
//!
//! Everything here can be found again from the topic. A lost, broken or foreign file costs time, never truth.

use super::admission::End;
use millwright_domain::{
    Timestamp,
    chain::{ChainTip, Hash},
    position::PartitionId,
};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params, types::Type};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// `share` is a Kafka partition. A mark says: with this end of the partition, go on reading at this offset.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS about (of TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS ends (share INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS marks (
        partition TEXT NOT NULL, next_seq INTEGER NOT NULL, share INTEGER NOT NULL, next_offset INTEGER NOT NULL,
        hash BLOB NOT NULL, recorded_at INTEGER NOT NULL, epoch INTEGER NOT NULL, own_version INTEGER NOT NULL,
        PRIMARY KEY (partition, next_seq)) WITHOUT ROWID;";

const FORMAT: u32 = 1;
/// Of so many seqs one mark is kept for good, beside the last.
const SPARSE: u64 = 1_000;

/// Where reading a partition can be taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    pub end: End,
    pub next_offset: i64,
}

/// Where reading a Kafka partition was left, with the ends of all partitions on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Checkpoint {
    pub next_offset: i64,
    pub ends: BTreeMap<PartitionId, End>,
}

pub(super) struct Index {
    path: PathBuf,
    db: Mutex<Connection>,
}

impl Index {
    /// Opens the index of one topic; begins anew if the file is broken, or is about another one.
    pub(super) fn open(path: &Path, about: &str) -> Self {
        let opened = open_file(path, about).or_else(|cause| {
            tracing::warn!(place = %path.display(), error = %cause, "the index of the topic is made anew");
            remove(path);
            open_file(path, about)
        });
        // Without a disk everything works, only each start reads the topic from its beginning.
        let db = opened.or_else(|cause| {
            tracing::error!(place = %path.display(), error = %cause, "the index of the topic is kept in memory; check free space and permissions");
            open_file(Path::new(":memory:"), about)
        });
        Self { path: path.to_owned(), db: Mutex::new(db.expect("a database in memory needs nothing but memory")) }
    }

    /// Where to go on, for each Kafka partition that was read before.
    pub(super) fn checkpoints(&self) -> BTreeMap<i32, Checkpoint> {
        self.or_nothing("read", |db| {
            let tx = db.unchecked_transaction()?;
            let mut found = BTreeMap::<i32, Checkpoint>::new();
            for row in tx.prepare("SELECT share, next_offset FROM ends")?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
                let (share, next_offset) = row?;
                found.insert(share, Checkpoint { next_offset, ends: BTreeMap::new() });
            }
            const LAST: &str =
                "SELECT next_offset, max(next_seq), hash, recorded_at, epoch, own_version, partition, share FROM marks GROUP BY partition";
            for row in tx.prepare(LAST)?.query_map([], |row| Ok((mark_of(row)?, row.get::<_, String>(6)?, row.get::<_, i32>(7)?)))? {
                let (mark, partition, share) = row?;
                if let (Ok(partition), Some(checkpoint)) = (partition.parse(), found.get_mut(&share)) {
                    checkpoint.ends.insert(partition, mark.end);
                }
            }
            Ok(found)
        })
    }

    /// Notes how far a Kafka partition has been read. Several processes may share the file: what they note is the same.
    pub(super) fn note<'a>(&self, share: i32, next_offset: i64, changed: impl Iterator<Item = (&'a PartitionId, End)>) {
        // Looks no further back than where something may be left to thin.
        const THIN: &str = "DELETE FROM marks AS mark WHERE partition = ?1 AND next_seq < ?2 AND next_seq >= (?2 / ?3 - 1) * ?3
            AND EXISTS (SELECT 1 FROM marks WHERE partition = ?1 AND next_seq < mark.next_seq AND next_seq / ?3 = mark.next_seq / ?3)";
        self.or_nothing("write", |db| {
            let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (partition, end) in changed {
                let tip = end.tip;
                let place = params![
                    partition.to_string(),
                    tip.next_seq,
                    share,
                    next_offset,
                    tip.hash.0,
                    tip.recorded_at.micros(),
                    tip.epoch,
                    end.own_version
                ];
                tx.execute("INSERT OR IGNORE INTO marks VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", place)?;
                tx.execute(THIN, params![partition.to_string(), tip.next_seq, SPARSE])?;
            }
            const FORWARD: &str = "INSERT INTO ends VALUES (?1, ?2) ON CONFLICT DO UPDATE SET next_offset = max(next_offset, excluded.next_offset)";
            tx.execute(FORWARD, params![share, next_offset])?;
            tx.commit()
        });
    }

    /// The last mark from which `seq` is still to come; the topic's beginning if there is none.
    pub(super) fn before(&self, partition: &PartitionId, seq: u64) -> Mark {
        const NEAREST: &str = "SELECT next_offset, next_seq, hash, recorded_at, epoch, own_version FROM marks
            WHERE partition = ?1 AND next_seq <= ?2 ORDER BY next_seq DESC LIMIT 1";
        self.or_nothing("read", |db| db.query_row(NEAREST, params![partition.to_string(), seq], mark_of).optional()).unwrap_or_default()
    }

    fn or_nothing<T: Default>(&self, doing: &str, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> T {
        work(&mut self.db()).unwrap_or_else(|cause| {
            tracing::warn!(place = %self.path.display(), error = %cause, "could not {doing} the index of the topic; reading takes longer");
            T::default()
        })
    }
    fn db(&self) -> MutexGuard<'_, Connection> {
        self.db.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn open_file(path: &Path, about: &str) -> rusqlite::Result<Connection> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
        && let Err(cause) = std::fs::create_dir_all(folder)
    {
        return Err(rusqlite::Error::ToSqlConversionFailure(Box::new(cause)));
    }
    let db = Connection::open(path)?;
    db.busy_timeout(Duration::from_secs(5))?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "normal")?;
    let format: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    db.execute_batch(SCHEMA)?;
    let found: Option<String> = db.query_row("SELECT of FROM about", [], |row| row.get(0)).optional()?;
    if format > FORMAT || found.as_deref().is_some_and(|found| found != about) {
        tracing::warn!(place = %path.display(), "the index is of another topic or program; it is begun anew");
        db.execute_batch("DELETE FROM about; DELETE FROM ends; DELETE FROM marks;")?;
    }
    db.execute("INSERT OR IGNORE INTO about VALUES (?1)", [about])?;
    db.pragma_update(None, "user_version", FORMAT)?;
    Ok(db)
}

fn remove(path: &Path) {
    for part in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{part}", path.display()));
        if file.exists()
            && let Err(cause) = std::fs::remove_file(&file)
        {
            tracing::warn!(place = %file.display(), error = %cause, "a broken index could not be removed");
        }
    }
}

fn mark_of(row: &Row<'_>) -> rusqlite::Result<Mark> {
    let hash: Vec<u8> = row.get(2)?;
    let wrong = |cause| rusqlite::Error::FromSqlConversionFailure(2, Type::Blob, Box::new(cause));
    let hash = Hash(<[u8; 32]>::try_from(hash.as_slice()).map_err(wrong)?);
    let tip = ChainTip { next_seq: row.get(1)?, hash, recorded_at: Timestamp::from_micros(row.get(3)?), epoch: row.get(4)? };
    Ok(Mark { end: End { tip, own_version: row.get(5)? }, next_offset: row.get(0)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(next_seq: u64) -> End {
        let tip = ChainTip { next_seq, hash: Hash([next_seq as u8; 32]), recorded_at: Timestamp::from_secs(5), epoch: 2 };
        End { tip, own_version: 1 }
    }

    #[test]
    fn reading_is_taken_up_where_it_was_noted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/index.db");
        let (demo, other) = (PartitionId::platform(), "ledger/other".parse().unwrap());
        let index = Index::open(&path, "topic");
        index.note(3, 100, [(&demo, end(10)), (&other, end(4))].into_iter());
        index.note(3, 200, [(&demo, end(20))].into_iter());
        // Another process that is behind changes nothing.
        index.note(3, 150, [(&demo, end(15))].into_iter());
        assert_eq!(index.before(&demo, 17), Mark { end: end(15), next_offset: 150 });
        drop(index);
        let index = Index::open(&path, "topic");
        let ends = BTreeMap::from([(demo.clone(), end(20)), (other, end(4))]);
        assert_eq!(index.checkpoints(), BTreeMap::from([(3, Checkpoint { next_offset: 200, ends })]));
        let places = [0, 9, 10, 14, 15, 19, 20, 99].map(|seq| index.before(&demo, seq).next_offset);
        assert_eq!(places, [0, 0, 100, 100, 150, 150, 200, 200]);
        assert_eq!(index.before(&demo, 12), Mark { end: end(10), next_offset: 100 });
    }

    #[test]
    fn marks_stay_sparse_however_often_they_are_noted() {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::open(&dir.path().join("index.db"), "topic");
        let demo = PartitionId::platform();
        for next_seq in (10..4_500).step_by(10) {
            index.note(0, next_seq as i64 * 2, [(&demo, end(next_seq))].into_iter());
        }
        let found = [5, 999, 1_500, 3_000, 4_470, 4_490].map(|seq| index.before(&demo, seq).end.tip.next_seq);
        assert_eq!(found, [0, 10, 1_000, 3_000, 4_000, 4_490]);
        assert_eq!(index.db().query_row("SELECT count(*) FROM marks", [], |row| row.get::<_, u32>(0)), Ok(6));
    }

    #[test]
    fn a_broken_file_or_one_of_another_topic_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("index.db");
        Index::open(&path, "topic").note(0, 7, std::iter::empty());
        assert!(Index::open(&path, "another").checkpoints().is_empty());
        std::fs::write(&path, b"no database at all, and long enough to be taken for one").unwrap();
        let index = Index::open(&path, "another");
        index.note(1, 9, std::iter::empty());
        assert_eq!(index.checkpoints().keys().collect::<Vec<_>>(), [&1]);
    }
}
