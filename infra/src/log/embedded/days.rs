//! The readings' files, one a day: which of them holds a seq, and which are old enough to go.

use super::{failure::storage, file, reader::Reader};
use chrono::NaiveDate;
use millwright_domain::{
    Timestamp,
    ports::event_log::LogError,
    position::{PartitionId, Position},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

/// A file and where the partitions stood when it was begun.
#[derive(Clone)]
pub(super) struct Day {
    pub date: NaiveDate,
    pub begins: Position,
    pub reader: Arc<Reader>,
}

/// In the order of time, which is the order of seq.
pub(super) struct Days {
    dir: PathBuf,
    kept: RwLock<Vec<Day>>,
}

impl Days {
    pub(super) fn find(dir: &Path) -> Result<Self, LogError> {
        let days = Self { dir: dir.to_owned(), kept: RwLock::default() };
        days.look_again()?;
        Ok(days)
    }

    /// Takes in files that another process made or dropped.
    pub(super) fn look_again(&self) -> Result<(), LogError> {
        let known = self.all();
        let mut kept = Vec::new();
        for date in dates_in(&self.dir)? {
            match known.iter().find(|day| day.date == date) {
                Some(day) => kept.push(day.clone()),
                None => kept.extend(day_unless_dropped(date, path_of(&self.dir, date))?),
            }
        }
        *self.kept.write().unwrap_or_else(PoisonError::into_inner) = kept;
        Ok(())
    }

    pub(super) fn all(&self) -> Vec<Day> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    pub(super) fn newest(&self) -> Option<Day> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }
    pub(super) fn path_for(&self, date: NaiveDate) -> PathBuf {
        path_of(&self.dir, date)
    }

    /// The file that holds `seq`, and where to read in it: further on if `seq` was dropped already.
    pub(super) fn holding(&self, partition: &PartitionId, seq: u64) -> Option<(Arc<Reader>, u64)> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        let seq = seq.max(kept.first()?.begins.next(partition));
        let day = kept.iter().rev().find(|day| day.begins.next(partition) <= seq)?;
        Some((day.reader.clone(), seq))
    }

    /// Leaves out a file that is gone. False if there is none later to go on with.
    pub(super) fn forget(&self, file: &Arc<Reader>) -> bool {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        match kept.iter().position(|day| Arc::ptr_eq(&day.reader, file)) {
            None => true,
            Some(0) if kept.len() > 1 => {
                kept.remove(0);
                true
            }
            Some(_) => false,
        }
    }

    pub(super) fn add(&self, date: NaiveDate) -> Result<(), LogError> {
        let day = day_at(date, self.path_for(date))?;
        self.kept.write().unwrap_or_else(PoisonError::into_inner).push(day);
        Ok(())
    }

    /// Keeps the newest files. Counting files and not calendar days means that a clock set to a far year drops one file, not all.
    pub(super) fn keep_newest(&self, count: u32) -> Result<(), LogError> {
        let dropped: Vec<Day> = {
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            let surplus = kept.len().saturating_sub(count.max(1) as usize);
            kept.drain(..surplus).collect()
        };
        for day in &dropped {
            file::remove(day.reader.path()).map_err(|cause| storage("drop old readings", day.reader.path(), cause))?;
        }
        if dropped.is_empty() { Ok(()) } else { file::sync_directory_of(&self.dir.join("readings")) }
    }
}

/// The day a wall time lies in.
pub(super) fn date_of(time: Timestamp) -> NaiveDate {
    time.to_datetime().map(|time| time.date_naive()).unwrap_or_default()
}

fn day_at(date: NaiveDate, path: PathBuf) -> Result<Day, LogError> {
    let reader = Reader::new(path);
    Ok(Day { date, begins: reader.begins()?, reader: Arc::new(reader) })
}

/// The writer may drop a file while another process is about to look into it.
fn day_unless_dropped(date: NaiveDate, path: PathBuf) -> Result<Option<Day>, LogError> {
    match day_at(date, path.clone()) {
        Err(_) if !path.exists() => Ok(None),
        found => found.map(Some),
    }
}

fn path_of(dir: &Path, date: NaiveDate) -> PathBuf {
    dir.join(format!("readings-{date}.db"))
}

fn dates_in(dir: &Path) -> Result<Vec<NaiveDate>, LogError> {
    let list = |cause| storage("list the log's directory", dir, cause);
    let mut dates = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(list)? {
        let name = entry.map_err(list)?.file_name();
        let date = name.to_str().and_then(|name| name.strip_prefix("readings-")?.strip_suffix(".db"));
        dates.extend(date.and_then(|date| date.parse::<NaiveDate>().ok()));
    }
    dates.sort_unstable();
    Ok(dates)
}
