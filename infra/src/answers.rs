//! Which command got which answer, found again without the log: fresh answers in memory, all of them in SQLite, written behind.
//!
//! The log is the truth. A lost, old or deleted index only means that its end of the log is learned again.

use millwright_domain::{
    envelope::Answer,
    ids::CommandId,
    ports::answers::{Answers, AnswersError, Given},
    position::PartitionId,
};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params, types::Type};
use std::{
    collections::HashMap,
    error::Error as StdError,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

/// Answers are gathered so long before they are written.
const GATHER: Duration = Duration::from_millis(100);
/// More unwritten answers than this mean that the disk has stopped taking them.
const MAX_UNWRITTEN: usize = 1_000_000;

const SCHEMA: &str = "
    PRAGMA user_version = 1;
    CREATE TABLE IF NOT EXISTS partitions (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, learned_to INTEGER NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS answers (
        command_id BLOB, partition INTEGER, next_seq INTEGER NOT NULL, answer TEXT NOT NULL,
        PRIMARY KEY (command_id, partition)) WITHOUT ROWID;";

/// The index on disk with its memory in front.
pub struct AnswerIndex {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    path: PathBuf,
    reading: Mutex<Connection>,
    memory: Mutex<Memory>,
    changed: Condvar,
}

/// Answers of one partition that are not written yet, and how far they reach.
#[derive(Default)]
struct Fresh {
    answers: HashMap<CommandId, Given>,
    learned_to: u64,
}

#[derive(Default)]
struct Memory {
    fresh: HashMap<PartitionId, Fresh>,
    /// On their way to the disk; still answered from here until they are found there.
    writing: Arc<HashMap<PartitionId, Fresh>>,
    durable: HashMap<PartitionId, u64>,
    stopping: bool,
    failed: Option<String>,
}

impl AnswerIndex {
    /// Opens the index or makes it. One that SQLite cannot read is deleted and made anew.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, AnswersError> {
        let path = path.into();
        let writing = match connect(&path) {
            Err(cause) if is_unreadable(&cause) => {
                tracing::warn!(place = %path.display(), "the index of answers is damaged or of a newer program; it is made anew from the log");
                remove(&path).map_err(|cause| failed(&path, cause))?;
                connect(&path)
            }
            connected => connected,
        };
        let writing = writing.map_err(|cause| failed(&path, cause))?;
        let durable = durable_ends(&writing).map_err(|cause| failed(&path, cause))?;
        let reading = Mutex::new(connect(&path).map_err(|cause| failed(&path, cause))?);
        let memory = Mutex::new(Memory { durable, ..Memory::default() });
        let shared = Arc::new(Shared { path: path.clone(), reading, memory, changed: Condvar::new() });
        let thread = std::thread::Builder::new().name("answers".into()).spawn({
            let shared = shared.clone();
            move || shared.write_behind(writing)
        });
        Ok(Self { shared, thread: Some(thread.map_err(|cause| failed(&path, cause))?) })
    }
}

impl Drop for AnswerIndex {
    /// Writes what is left. What could not be written is learned from the log again.
    fn drop(&mut self) {
        self.shared.memory().stopping = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_else(|_panic| tracing::warn!("the writer of the index of answers had panicked"));
        }
    }
}

impl Answers for AnswerIndex {
    fn first(&self, partition: &PartitionId, command: CommandId) -> Result<Option<Given>, AnswersError> {
        // The disk first, because the older answer is the first one. Memory is held meanwhile, so that none moves behind our back.
        let memory = self.shared.memory();
        let db = self.shared.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let durable = find(&db, partition, command).map_err(|cause| failed(&self.shared.path, cause))?;
        Ok(durable.or_else(|| memory.find(partition, command)))
    }

    fn learn(&self, partition: &PartitionId, answers: Vec<(CommandId, Given)>, next_seq: u64) -> Result<(), AnswersError> {
        let mut memory = self.shared.memory();
        let unwritten: usize = memory.fresh.values().map(|fresh| fresh.answers.len()).sum();
        if let Some(why) = memory.failed.as_ref().filter(|_| unwritten > MAX_UNWRITTEN) {
            return Err(failed(&self.shared.path, why.clone()));
        }
        let fresh = memory.fresh.entry(partition.clone()).or_default();
        for (command, given) in answers {
            fresh.answers.entry(command).or_insert(given);
        }
        fresh.learned_to = fresh.learned_to.max(next_seq);
        drop(memory);
        self.shared.changed.notify_all();
        Ok(())
    }

    fn learned_to(&self, partition: &PartitionId) -> Result<u64, AnswersError> {
        Ok(self.shared.memory().durable.get(partition).copied().unwrap_or(0))
    }
}

impl Memory {
    fn find(&self, partition: &PartitionId, command: CommandId) -> Option<Given> {
        let places = [self.writing.get(partition), self.fresh.get(partition)];
        places.into_iter().flatten().find_map(|fresh| fresh.answers.get(&command)).cloned()
    }
}

impl Shared {
    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_behind(&self, mut db: Connection) {
        loop {
            let idle = |memory: &mut Memory| !memory.stopping && memory.fresh.is_empty() && memory.writing.is_empty();
            let memory = self.changed.wait_while(self.memory(), idle).unwrap_or_else(PoisonError::into_inner);
            let gathering = self.changed.wait_timeout_while(memory, GATHER, |memory| !memory.stopping);
            let mut memory = gathering.unwrap_or_else(PoisonError::into_inner).0;
            let stopping = memory.stopping;
            // What failed before is tried again on its own, so that it stays the older one.
            if memory.writing.is_empty() {
                memory.writing = Arc::new(std::mem::take(&mut memory.fresh));
            }
            let writing = memory.writing.clone();
            drop(memory);
            let written = write(&mut db, &writing);
            self.settle(&writing, written.err());
            let memory = self.memory();
            if stopping && (memory.fresh.is_empty() || memory.failed.is_some()) {
                return;
            }
        }
    }

    fn settle(&self, written: &HashMap<PartitionId, Fresh>, failure: Option<rusqlite::Error>) {
        let mut memory = self.memory();
        match failure {
            None => {
                let ends = written.iter().map(|(partition, fresh)| (partition.clone(), fresh.learned_to));
                memory.durable.extend(ends.collect::<Vec<_>>());
                memory.writing = Arc::default();
                memory.failed = None;
            }
            Some(cause) => {
                tracing::warn!(place = %self.path.display(), error = %cause, "the index of answers could not be written; it is tried again");
                memory.failed = Some(cause.to_string());
            }
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let db = Connection::open(path)?;
    let format: u32 = db.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if format > 1 {
        return Err(rusqlite::Error::IntegralValueOutOfRange(0, format.into()));
    }
    db.busy_timeout(Duration::from_secs(5))?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "normal")?;
    db.execute_batch(SCHEMA)?;
    Ok(db)
}

fn durable_ends(db: &Connection) -> rusqlite::Result<HashMap<PartitionId, u64>> {
    let mut select = db.prepare("SELECT name, learned_to FROM partitions")?;
    let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    let mut ends = HashMap::new();
    for row in rows {
        let (name, learned_to) = row?;
        // A name that is no partition's was never asked for; leaving it out costs nothing.
        ends.extend(name.parse().ok().map(|partition| (partition, learned_to)));
    }
    Ok(ends)
}

fn find(db: &Connection, partition: &PartitionId, command: CommandId) -> rusqlite::Result<Option<Given>> {
    let mut select = db.prepare_cached(
        "SELECT a.next_seq, a.answer FROM answers a WHERE a.command_id = ?1
            AND a.partition = (SELECT number FROM partitions WHERE name = ?2)",
    )?;
    let given = |row: &rusqlite::Row<'_>| {
        let text: String = row.get(1)?;
        let answer: Answer = serde_json::from_str(&text).map_err(|bad| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, bad.into()))?;
        Ok(Given { next_seq: row.get(0)?, answer })
    };
    select.query_row(params![command.0.as_bytes(), partition.to_string()], given).optional()
}

/// Answers and how far they reach, in one transaction: what is cut off is learned again, with no hole.
fn write(db: &mut Connection, fresh: &HashMap<PartitionId, Fresh>) -> rusqlite::Result<()> {
    let all = db.transaction()?;
    for (partition, fresh) in fresh {
        let mut reach = all.prepare_cached(
            "INSERT INTO partitions (name, learned_to) VALUES (?1, ?2)
                ON CONFLICT (name) DO UPDATE SET learned_to = max(learned_to, excluded.learned_to) RETURNING number",
        )?;
        let number: i64 = reach.query_row(params![partition.to_string(), fresh.learned_to], |row| row.get(0))?;
        let mut insert = all.prepare_cached("INSERT OR IGNORE INTO answers VALUES (?1, ?2, ?3, ?4)")?;
        for (command, given) in &fresh.answers {
            let answer = serde_json::to_string(&given.answer).map_err(|bad| rusqlite::Error::ToSqlConversionFailure(bad.into()))?;
            insert.execute(params![command.0.as_bytes(), number, given.next_seq, answer])?;
        }
    }
    all.commit()
}

/// Also an index of a newer program is one that we cannot read, and cheaper to make anew than to explain.
fn is_unreadable(cause: &rusqlite::Error) -> bool {
    matches!(cause.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        || matches!(cause, rusqlite::Error::IntegralValueOutOfRange(..))
}

fn remove(path: &Path) -> std::io::Result<()> {
    for suffix in ["-wal", "-shm", ""] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(name) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(cause),
            _ => {}
        }
    }
    Ok(())
}

fn failed(place: &Path, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> AnswersError {
    AnswersError { place: place.display().to_string(), cause: cause.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn command(number: u128) -> CommandId {
        CommandId(Uuid::from_u128(number))
    }
    fn done(facts: u32) -> Given {
        Given { answer: Answer::Done { facts, subject: None }, next_seq: u64::from(facts) }
    }
    fn demo() -> PartitionId {
        "ledger/demo".parse().unwrap()
    }

    #[test]
    fn the_first_answer_is_given_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("answers.db");
        for later in 1..4 {
            let index = AnswerIndex::open(&path).unwrap();
            index.learn(&demo(), vec![(command(1), done(later)), (command(1), done(9))], u64::from(later)).unwrap();
            assert_eq!(index.first(&demo(), command(1)).unwrap(), Some(done(1)), "round {later}");
            assert_eq!(index.first(&demo(), command(2)).unwrap(), None);
        }
    }

    #[test]
    fn a_command_answered_on_one_partition_is_new_on_another() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("answers.db");
        let index = AnswerIndex::open(&path).unwrap();
        index.learn(&demo(), vec![(command(1), done(1))], 5).unwrap();
        drop(index);
        let index = AnswerIndex::open(&path).unwrap();
        assert_eq!(index.first(&PartitionId::platform(), command(1)).unwrap(), None);
        assert_eq!((index.learned_to(&demo()).unwrap(), index.learned_to(&PartitionId::platform()).unwrap()), (5, 0));
    }

    #[test]
    fn what_is_durable_is_complete_up_to_where_it_says() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("answers.db");
        let index = AnswerIndex::open(&path).unwrap();
        for number in 0..2_000u32 {
            index.learn(&demo(), vec![(command(number.into()), done(number))], u64::from(number) + 1).unwrap();
        }
        // As a crash would find it: the files as they are now, without the last write of an orderly end.
        let copy = dir.path().join("copy.db");
        let db = Connection::open(&path).unwrap();
        db.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        let recovered = AnswerIndex::open(&copy).unwrap();
        let learned_to = recovered.learned_to(&demo()).unwrap();
        for number in 0..learned_to as u32 {
            assert_eq!(recovered.first(&demo(), command(number.into())).unwrap(), Some(done(number)));
        }
        drop(index);
        let reopened = AnswerIndex::open(&path).unwrap();
        assert_eq!(reopened.learned_to(&demo()).unwrap(), 2_000);
        assert_eq!(reopened.first(&demo(), command(1_999)).unwrap(), Some(done(1_999)));
    }

    #[test]
    fn a_damaged_index_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("answers.db");
        std::fs::write(&path, vec![b'x'; 8192]).unwrap();
        let index = AnswerIndex::open(&path).unwrap();
        assert_eq!((index.learned_to(&demo()).unwrap(), index.first(&demo(), command(1)).unwrap()), (0, None));
    }

    #[test]
    fn an_index_of_a_newer_program_is_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("answers.db");
        AnswerIndex::open(&path).unwrap().learn(&demo(), vec![(command(1), done(1))], 3).unwrap();
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
        assert_eq!(AnswerIndex::open(&path).unwrap().learned_to(&demo()).unwrap(), 0);
    }
}
