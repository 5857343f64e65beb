//! The log in one directory: SQLite as the crash-safe page store, one row per record batch, one writer thread a lane.
//!
//! - `ledger.db` and one `readings-YYYY-MM-DD.db` a day, so that readings never delay a decision and retention drops a file.
//! - `writer.lock` lets one process write; readers in other processes work beside it.
//! - `ledger.high-water`, `readings.high-water`: how far was durable, outside SQLite, so that a shortened log shows.
//!
//! After a failed commit the writer takes nothing more. Whether that last group reached the disk is known after the restart;
//! command ids make asking again safe.

mod batch;
pub mod copy;
mod days;
mod failure;
mod file;
mod high_water;
mod lane;
mod ledger;
mod lock;
mod options;
mod owner;
mod reader;
mod readings;
pub mod verify;
mod walk;

pub use batch::{BadBatch, decode_batch};
pub use options::EmbeddedOptions;

use async_trait::async_trait;
use batch::{Frames, TooLarge};
use days::Days;
use failure::{ReadOnly, storage};
use high_water::HighWater;
use lane::Lane;
use ledger::{LedgerJob, LedgerWriter};
use lock::WriterLock;
use millwright_domain::{
    Timestamp,
    chain::StoredRecord,
    codec,
    ports::event_log::{Committed, EventLog, LogError, Owner},
    position::{PartitionId, Position},
    reading::Scan,
};
use owner::EmbeddedOwner;
use reader::{Reader, ledger_record};
use readings::{LOOSE_BELOW, Load, ReadingsJob, ReadingsWriter};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

/// How often a reader looks what another process has written.
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub struct EmbeddedLog {
    store: Arc<Store>,
    access: Access,
}

/// What reading needs.
struct Store {
    dir: PathBuf,
    ledger: Reader,
    days: Arc<Days>,
}

enum Access {
    Write(Box<Writing>),
    Read,
}

struct Writing {
    head: watch::Sender<Position>,
    ledger: Arc<Lane<LedgerJob>>,
    readings: Arc<Lane<ReadingsJob>>,
    partitions: u32,
    lock: Mutex<Option<WriterLock>>,
}

impl EmbeddedLog {
    /// Opens the log for writing; makes it if the directory is empty.
    pub fn open(dir: impl AsRef<Path>, options: EmbeddedOptions) -> Result<Self, LogError> {
        let dir = dir.as_ref();
        std::fs::create_dir_all(dir).map_err(|cause| storage("make the log's directory", dir, cause))?;
        let lock = WriterLock::take(dir)?;
        let head = watch::Sender::new(Position::default());
        let ledger = open_ledger(dir, &head, &options)?;
        let days = Arc::new(Days::find(dir)?);
        let water = HighWater::open(&dir.join("readings.high-water"), options.readings_mark_every)?;
        let readings = ReadingsWriter::new(dir.to_owned(), days.clone(), head.clone(), water, options.clone())?;
        let writing = Writing {
            head,
            ledger: Arc::new(Lane::start("log-ledger", dir.to_owned(), options.max_group, ledger)?),
            readings: Arc::new(Lane::start("log-readings", dir.to_owned(), options.max_group, readings)?),
            partitions: options.readings_partitions.max(1),
            lock: Mutex::new(Some(lock)),
        };
        Ok(Self { store: Arc::new(Store::new(dir, days)), access: Access::Write(Box::new(writing)) })
    }

    /// Opens the log for reading, also beside a process that writes it.
    pub fn open_read_only(dir: impl AsRef<Path>) -> Result<Self, LogError> {
        let dir = dir.as_ref();
        let store = Store::new(dir, Arc::new(Days::find(dir)?));
        store.head()?;
        Ok(Self { store: Arc::new(store), access: Access::Read })
    }

    /// Commits what is queued, joins the threads and lets the lock go. Owners are spent from then on.
    pub async fn close(&self) {
        let Access::Write(writing) = &self.access else { return };
        let lanes = (writing.ledger.clone(), writing.readings.clone());
        let joined = tokio::task::spawn_blocking(move || {
            lanes.0.stop();
            lanes.1.stop();
        });
        if let Err(cause) = joined.await {
            tracing::error!(error = %cause, "closing the log failed");
        }
        writing.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn writing(&self) -> Result<&Writing, LogError> {
        match &self.access {
            Access::Write(writing) => Ok(writing),
            Access::Read => Err(storage("append", &self.store.dir, ReadOnly)),
        }
    }

    /// Runs a read on the pool for blocking work: it touches the disk and unpacks.
    async fn read<T: Send + 'static>(&self, read: impl FnOnce(&Store) -> Result<T, LogError> + Send + 'static) -> Result<T, LogError> {
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || read(&store)).await;
        read.unwrap_or_else(|cause| Err(storage("read the log", &self.store.dir, cause)))
    }
}

impl Drop for EmbeddedLog {
    /// The lock is a field of ours, so it is let go only after both threads have ended.
    fn drop(&mut self) {
        if let Access::Write(writing) = &self.access {
            writing.ledger.stop();
            writing.readings.stop();
        }
    }
}

#[async_trait]
impl EventLog for EmbeddedLog {
    async fn own(&self, partition: &PartitionId, owner: &str, now: Timestamp) -> Result<Box<dyn Owner>, LogError> {
        let writing = self.writing()?;
        let (lane, partition, owner) = (writing.ledger.clone(), partition.clone(), owner.to_owned());
        let tip = lane.ask(|reply| LedgerJob::Own { partition: partition.clone(), owner, now, reply }).await?;
        let path = self.store.ledger.path().to_owned();
        Ok(Box::new(EmbeddedOwner { lane, path, partition, tip, spent: false }))
    }

    async fn append_readings(&self, scans: Vec<Scan>) -> Result<Position, LogError> {
        let writing = self.writing()?;
        let partitions = writing.partitions;
        let loads = self.read(move |store| pack(&scans, partitions).map_err(|cause| storage("append readings", &store.dir, cause))).await?;
        if loads.is_empty() {
            return Ok(Position::default());
        }
        writing.readings.ask(|reply| ReadingsJob { loads, reply }).await
    }

    async fn read_ledger(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<StoredRecord>, LogError> {
        let mark = self.head().await?.next(partition);
        let partition = partition.clone();
        self.read(move |store| store.read_ledger(&partition, from, limit, mark)).await
    }

    async fn read_readings(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<Scan>, LogError> {
        let mark = self.head().await?.next(partition);
        let partition = partition.clone();
        self.read(move |store| store.read_readings(&partition, from, limit, mark)).await
    }

    async fn head(&self) -> Result<Position, LogError> {
        match &self.access {
            Access::Write(writing) => Ok(writing.head.borrow().clone()),
            Access::Read => self.read(Store::head).await,
        }
    }

    async fn past(&self, seen: &Position) -> Result<Position, LogError> {
        if let Access::Write(writing) = &self.access {
            let mut heads = writing.head.subscribe();
            let past = heads.wait_for(|head| !seen.covers(head)).await;
            return past.map(|head| head.clone()).map_err(|cause| storage("wait for the log", &self.store.dir, cause));
        }
        loop {
            let head = self.head().await?;
            if !seen.covers(&head) {
                return Ok(head);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Store {
    fn new(dir: &Path, days: Arc<Days>) -> Self {
        Self { dir: dir.to_owned(), ledger: Reader::new(dir.join("ledger.db")), days }
    }

    fn head(&self) -> Result<Position, LogError> {
        let mut head = self.ledger.ends()?;
        self.days.look_again()?;
        if let Some(newest) = self.days.newest() {
            head.merge(&newest.reader.ends()?);
        }
        Ok(head)
    }

    fn read_ledger(&self, partition: &PartitionId, from: u64, limit: usize, mark: u64) -> Result<Committed<StoredRecord>, LogError> {
        let wanted = limit.min(mark.saturating_sub(from) as usize);
        let stored = if wanted == 0 { Vec::new() } else { self.ledger.records(partition, from, wanted)? };
        let records = stored.into_iter().map(|(seq, stored)| Ok((seq, ledger_record(self.ledger.path(), partition, seq, stored)?)));
        Ok(Committed::up_to(mark, from, records.collect::<Result<Vec<_>, LogError>>()?))
    }

    fn read_readings(&self, partition: &PartitionId, from: u64, limit: usize, mark: u64) -> Result<Committed<Scan>, LogError> {
        loop {
            let Some((file, from)) = self.days.holding(partition, from) else { return Ok(Committed::up_to(mark, from, [])) };
            match scans_in(&file, partition, from, limit, mark) {
                // Retention dropped the file under our hands: what is kept begins later now.
                Err(_) if !file.path().exists() && self.days.forget(&file) => {}
                read => return read,
            }
        }
    }
}

fn scans_in(file: &Reader, partition: &PartitionId, from: u64, limit: usize, mark: u64) -> Result<Committed<Scan>, LogError> {
    let wanted = limit.min(mark.saturating_sub(from) as usize);
    let stored = if wanted == 0 { Vec::new() } else { file.records(partition, from, wanted)? };
    let scans = stored.iter().map(|(seq, stored)| match codec::decode_scan(stored) {
        Ok(scan) => Ok((*seq, scan)),
        Err(bad) => Err(failure::damaged(file.path(), partition, *seq, bad)),
    });
    Ok(Committed::up_to(mark, from, scans.collect::<Result<Vec<_>, LogError>>()?))
}

fn open_ledger(dir: &Path, head: &watch::Sender<Position>, options: &EmbeddedOptions) -> Result<LedgerWriter, LogError> {
    let path = dir.join("ledger.db");
    let db = file::open(&path, &BTreeMap::new(), options)?;
    let ends = file::ends(&db).map_err(|cause| failure::sqlite("read the ledger's end", &path, cause))?;
    let water = HighWater::open(&dir.join("ledger.high-water"), options.ledger_mark_every)?;
    water.check(&path, |partition| ends.next(partition))?;
    head.send_modify(|head| head.merge(&ends));
    Ok(LedgerWriter::new(db, path, head.clone(), water))
}

/// Scans by partition, in their order, encoded; many of them also compressed.
fn pack(scans: &[Scan], partitions: u32) -> Result<Vec<(PartitionId, Load)>, TooLarge> {
    let mut by_partition = BTreeMap::<u32, Frames>::new();
    for scan in scans {
        // By checksum of the names, because it is the same in every version of this program.
        let number = crc32c::crc32c(format!("{}/{}", scan.site, scan.device).as_bytes()) % partitions;
        by_partition.entry(number).or_default().push(scan.received_at, |out| codec::encode_scan(scan, out))?;
    }
    let load = |frames: Frames| if frames.size() < LOOSE_BELOW { Load::Loose(frames) } else { Load::Packed(frames.pack()) };
    Ok(by_partition.into_iter().map(|(number, frames)| (PartitionId::readings(number), load(frames))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::contract::{Engine, contract};

    struct Embedded {
        dir: tempfile::TempDir,
        log: Arc<EmbeddedLog>,
    }

    fn options() -> EmbeddedOptions {
        EmbeddedOptions { readings_partitions: 3, ..EmbeddedOptions::default() }
    }

    #[async_trait]
    impl Engine for Embedded {
        async fn fresh() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let log = Arc::new(EmbeddedLog::open(dir.path(), options()).unwrap());
            Self { dir, log }
        }
        fn log(&self) -> Arc<dyn EventLog> {
            self.log.clone()
        }
        async fn restart(&mut self) {
            self.log.close().await;
            self.log = Arc::new(EmbeddedLog::open(self.dir.path(), options()).unwrap());
        }
    }

    contract!(Embedded);
}
