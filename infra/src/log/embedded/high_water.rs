//! How far a lane was durable, kept outside SQLite: a log that is shorter than its mark has lost something.
//!
//! Two slots a partition, written in turn, so that a write cut short by a crash spoils the new mark and leaves the old one.
//! Whoever restores an older copy of the log on purpose deletes the marks with it; they are made anew from the log.

use super::failure::{damaged, storage};
use millwright_domain::{chain::Hash, ports::event_log::LogError, position::PartitionId};
use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Less than a disk's sector, so a slot is written whole or not.
const SLOT: usize = 256;
const NAME_AT: usize = 54;

/// A durable end: what comes next, and on the ledger the hash of the last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark {
    pub next_seq: u64,
    pub hash: Hash,
}

struct Kept {
    place: usize,
    generation: u64,
    mark: Mark,
    written: bool,
}

pub(super) struct HighWater {
    path: PathBuf,
    file: File,
    kept: BTreeMap<PartitionId, Kept>,
    every: Duration,
    written_at: Option<Instant>,
}

impl HighWater {
    pub(super) fn open(path: &Path, every: Duration) -> Result<Self, LogError> {
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = opened.map_err(|cause| storage("open the high-water mark", path, cause))?;
        let kept = load(&mut file, path)?;
        super::file::sync_directory_of(path)?;
        Ok(Self { path: path.to_owned(), file, kept, every, written_at: None })
    }

    /// Refuses a log that ends before its marks.
    pub(super) fn check(&self, file: &Path, end: impl Fn(&PartitionId) -> u64) -> Result<(), LogError> {
        for (partition, kept) in &self.kept {
            let (next_seq, durable) = (end(partition), kept.mark.next_seq);
            if next_seq < durable {
                let what = format!("it was shortened: everything before seq {durable} was durable once, and it ends before seq {next_seq}");
                return Err(damaged(file, partition, next_seq, what));
            }
        }
        Ok(())
    }

    /// Takes a durable end down; [`Self::write_if_due`] brings it to the disk.
    pub(super) fn note(&mut self, partition: &PartitionId, mark: Mark) {
        let place = self.kept.len();
        let kept = self.kept.entry(partition.clone()).or_insert(Kept { place, generation: 0, mark, written: false });
        kept.mark = mark;
        kept.written = false;
    }

    /// When the marks have to be written though nothing more comes.
    pub(super) fn due_in(&self) -> Option<Duration> {
        let unwritten = self.kept.values().any(|kept| !kept.written);
        unwritten.then(|| self.written_at.map_or(Duration::ZERO, |at| self.every.saturating_sub(at.elapsed())))
    }

    pub(super) fn write_if_due(&mut self) -> Result<(), LogError> {
        if self.due_in() == Some(Duration::ZERO) { self.write() } else { Ok(()) }
    }

    pub(super) fn write(&mut self) -> Result<(), LogError> {
        let fail = |cause| storage("write the high-water mark", &self.path, cause);
        for (partition, kept) in self.kept.iter_mut().filter(|(_, kept)| !kept.written) {
            kept.generation += 1;
            let slot = kept.place * 2 + (kept.generation % 2) as usize;
            self.file.write_all_at(&encode(partition, kept.generation, kept.mark), (slot * SLOT) as u64).map_err(fail)?;
            kept.written = true;
        }
        self.file.sync_data().map_err(fail)?;
        self.written_at = Some(Instant::now());
        Ok(())
    }
}

/// The marks, without the right to write them. None if there is no such file.
pub(super) fn read(path: &Path) -> Result<BTreeMap<PartitionId, Mark>, LogError> {
    let mut file = match File::open(path) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        opened => opened.map_err(|cause| storage("open the high-water mark", path, cause))?,
    };
    Ok(load(&mut file, path)?.into_iter().map(|(partition, kept)| (partition, kept.mark)).collect())
}

fn load(file: &mut File, path: &Path) -> Result<BTreeMap<PartitionId, Kept>, LogError> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|cause| storage("read the high-water mark", path, cause))?;
    let pairs = bytes.chunks(2 * SLOT);
    let last = pairs.len().saturating_sub(1);
    let mut kept = BTreeMap::new();
    for (place, pair) in pairs.enumerate() {
        let newest = pair.chunks(SLOT).filter_map(decode).max_by_key(|(_, generation, _)| *generation);
        match newest {
            Some((partition, generation, mark)) => drop(kept.insert(partition, Kept { place, generation, mark, written: true })),
            // The very first mark of a partition may have been cut short by a crash.
            None if place == last => {}
            None => return Err(LogError::Damaged { place: path.display().to_string(), what: format!("mark {place} is unreadable in both copies") }),
        }
    }
    Ok(kept)
}

fn encode(partition: &PartitionId, generation: u64, mark: Mark) -> [u8; SLOT] {
    let name = partition.to_string();
    let mut slot = [0; SLOT];
    slot[4..12].copy_from_slice(&generation.to_le_bytes());
    slot[12..20].copy_from_slice(&mark.next_seq.to_le_bytes());
    slot[20..52].copy_from_slice(&mark.hash.0);
    slot[52..NAME_AT].copy_from_slice(&(name.len() as u16).to_le_bytes());
    // Names of partitions end at 110 bytes, see `SiteId`.
    slot[NAME_AT..NAME_AT + name.len()].copy_from_slice(name.as_bytes());
    let crc = crc32c::crc32c(&slot[4..]);
    slot[..4].copy_from_slice(&crc.to_le_bytes());
    slot
}

fn decode(slot: &[u8]) -> Option<(PartitionId, u64, Mark)> {
    let (crc, rest) = slot.split_first_chunk::<4>()?;
    if slot.len() != SLOT || u32::from_le_bytes(*crc) != crc32c::crc32c(rest) {
        return None;
    }
    let (generation, rest) = rest.split_first_chunk::<8>()?;
    let (next_seq, rest) = rest.split_first_chunk::<8>()?;
    let (hash, rest) = rest.split_first_chunk::<32>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let name = std::str::from_utf8(rest.get(..u16::from_le_bytes(*length) as usize)?).ok()?;
    let mark = Mark { next_seq: u64::from_le_bytes(*next_seq), hash: Hash(*hash) };
    Some((name.parse().ok()?, u64::from_le_bytes(*generation), mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(next_seq: u64) -> Mark {
        Mark { next_seq, hash: Hash([next_seq as u8; 32]) }
    }
    fn reopened(path: &Path) -> Vec<(String, Mark)> {
        read(path).unwrap().into_iter().map(|(partition, mark)| (partition.to_string(), mark)).collect()
    }

    #[test]
    fn marks_survive_and_the_newest_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("high-water");
        let mut water = HighWater::open(&path, Duration::ZERO).unwrap();
        for next_seq in [3, 9, 12] {
            water.note(&PartitionId::platform(), mark(next_seq));
            water.note(&PartitionId::readings(0), mark(next_seq * 100));
            water.write_if_due().unwrap();
        }
        drop(water);
        assert_eq!(reopened(&path), [("ledger/_platform".into(), mark(12)), ("readings/0".into(), mark(1200))]);
    }

    #[test]
    fn a_mark_cut_short_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("high-water");
        let mut water = HighWater::open(&path, Duration::ZERO).unwrap();
        for next_seq in [3, 9] {
            water.note(&PartitionId::platform(), mark(next_seq));
            water.write().unwrap();
        }
        // The second generation lies in the first slot.
        water.file.write_all_at(&[0xff; 100], 0).unwrap();
        drop(water);
        assert_eq!(reopened(&path), [("ledger/_platform".into(), mark(3))]);
    }

    #[test]
    fn a_log_that_ends_before_its_mark_is_refused_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let mut water = HighWater::open(&dir.path().join("high-water"), Duration::ZERO).unwrap();
        water.note(&PartitionId::platform(), mark(9));
        assert!(water.check(Path::new("ledger.db"), |_| 9).is_ok());
        let refused = water.check(Path::new("ledger.db"), |_| 7).unwrap_err().to_string();
        assert!(refused.contains("ledger.db, ledger/_platform, seq 7"), "{refused}");
    }
}
