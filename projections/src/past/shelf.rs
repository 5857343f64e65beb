//! The pasts that are kept on disk: few, those used last and beside them some from everywhere, so that no time is far from one.

use super::cut::hash_before;
use crate::{
    db::{Ask, Db, Pool},
    projection::{self, Projection},
    store::{Shape, StoreError, sqlite},
    table::{Kind, Table, Value},
};
use millwright_domain::{
    ports::event_log::{EventLog, LogError},
    position::Position,
};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Where a past ends in each partition, and the hash of the last fact there: it holds for no other log.
pub(super) static MARKS: Table =
    Table { name: "past_marks", columns: &[("partition", Kind::Text), ("next_seq", Kind::Whole), ("hash", Kind::Text)], key: 1, indexes: &[] };

/// Pasts on disk at most, and how much room they may take; the one that was made last always stays.
pub(super) const MOST_KEPT: usize = 16;
const MOST_BYTES: u64 = 8 << 30;
/// Of these, the ones used last are not thinned out.
const USED_LAST: usize = 4;

/// A finished past.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    number: u64,
    pub position: Position,
    marks: Vec<(String, u64, String)>,
    used: u64,
    /// Its marks were found on this log.
    known: bool,
}

pub(super) struct Shelf {
    dir: PathBuf,
    kept: Vec<Kept>,
    next: u64,
    uses: u64,
}

/// Every projection but the audit, which keeps each fact as it is: one with a bound in time is enough of that for every past.
pub(super) fn projections() -> Vec<Box<dyn Projection>> {
    projection::all().into_iter().filter(|one| one.name() != crate::audit::NAME).collect()
}

pub(super) fn shapes() -> Vec<Shape> {
    crate::follow::ledger::shapes_of(&projections())
}

impl Shelf {
    /// What an earlier run has left that this program can use. A past that was being made when the program ended is thrown away.
    pub async fn open(dir: &Path) -> Result<Self, StoreError> {
        let failed =
            |cause| StoreError::Database { doing: "make the folder of the past of", place: dir.display().to_string(), cause: sqlx::Error::Io(cause) };
        fs::create_dir_all(dir).map_err(failed)?;
        let mut shelf = Self { dir: dir.to_path_buf(), kept: Vec::new(), next: 1, uses: 0 };
        for entry in fs::read_dir(dir).map_err(failed)?.flatten() {
            let path = entry.path();
            let Some(number) = number(&path) else { continue };
            shelf.next = shelf.next.max(number + 1);
            // What SQLite keeps beside a file belongs to that file.
            let found = match path.extension().and_then(|ending| ending.to_str()) {
                Some("db") => shelf.read(number).await,
                Some("building") => None,
                _ => continue,
            };
            match found {
                Some(kept) => shelf.kept.push(kept),
                None => sqlite::remove(&path).map_err(failed)?,
            }
        }
        shelf.kept.sort_by_key(|kept| kept.number);
        Ok(shelf)
    }

    /// `None` for what this program cannot go on with.
    async fn read(&self, number: u64) -> Option<Kept> {
        let options = SqliteConnectOptions::new().filename(self.path(number)).create_if_missing(false);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options);
        let db = Db::new(Pool::Sqlite(pool.clone()));
        let read = async {
            let versions = Ask::new("SELECT projection, version FROM projection_versions").rows(&db).await?;
            let found: Vec<(String, u64)> =
                versions.iter().map(|row| Ok((row.text("projection")?, row.count("version")?))).collect::<Result<_, sqlx::Error>>()?;
            let mut position = Position::default();
            let mut marks = Vec::new();
            for row in Ask::new("SELECT partition, next_seq, hash FROM past_marks ORDER BY partition").rows(&db).await? {
                position.advance(&row.parsed("partition")?, row.count("next_seq")?);
                marks.push((row.text("partition")?, row.count("next_seq")?, row.text("hash")?));
            }
            let fits = shapes().iter().all(|shape| found.iter().any(|(name, version)| name == shape.name && *version == u64::from(shape.version)));
            Ok::<_, sqlx::Error>(fits.then_some(Kept { number, position, marks, used: 0, known: false }))
        };
        let read = read.await;
        pool.close().await;
        read.ok().flatten()
    }

    pub fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("past-{number}.db"))
    }

    /// A new past's number and the name it has until it is finished.
    pub fn begin(&mut self) -> (u64, PathBuf) {
        let number = self.next;
        self.next += 1;
        (number, self.path(number).with_extension("building"))
    }

    /// The kept one nearest before a cut, if one is; those of another log go.
    pub async fn nearest(&mut self, cut: &Position, log: &dyn EventLog) -> Result<Option<Kept>, LogError> {
        loop {
            let fitting = self.kept.iter().filter(|kept| cut.covers(&kept.position)).max_by_key(|kept| facts(&kept.position));
            let Some(number) = fitting.map(|kept| kept.number) else { return Ok(None) };
            if self.is_of(number, log).await? {
                self.uses += 1;
                let Some(kept) = self.kept.iter_mut().find(|kept| kept.number == number) else { return Ok(None) };
                kept.used = self.uses;
                return Ok(Some(kept.clone()));
            }
            tracing::warn!(past = %self.path(number).display(), "a past that was kept is of another log than this one; it is thrown away");
            self.remove(number);
        }
    }

    async fn is_of(&mut self, number: u64, log: &dyn EventLog) -> Result<bool, LogError> {
        let Some(kept) = self.kept.iter_mut().find(|kept| kept.number == number) else { return Ok(false) };
        if kept.known {
            return Ok(true);
        }
        for (partition, next, hash) in &kept.marks {
            let Ok(partition) = partition.parse() else { return Ok(false) };
            if hash_before(log, &partition, *next).await?.map(|found| found.to_string()).as_ref() != Some(hash) {
                return Ok(false);
            }
        }
        kept.known = true;
        Ok(true)
    }

    /// Gives a finished past its name, and makes room for it.
    pub fn finish(&mut self, number: u64, marks: Vec<(String, u64, String)>, position: Position) -> io::Result<PathBuf> {
        let finished = self.path(number);
        fs::rename(finished.with_extension("building"), &finished)?;
        self.uses += 1;
        self.kept.push(Kept { number, position, marks, used: self.uses, known: true });
        while self.kept.len() > MOST_KEPT || (self.kept.len() > 1 && self.bytes() > MOST_BYTES) {
            let Some(number) = self.least_missed() else { break };
            self.remove(number);
        }
        Ok(finished)
    }

    fn bytes(&self) -> u64 {
        self.kept.iter().filter_map(|kept| fs::metadata(self.path(kept.number)).ok()).map(|about| about.len()).sum()
    }

    /// Of those that were not used lately, the one whose neighbours are nearest to each other.
    fn least_missed(&self) -> Option<u64> {
        let mut by_use: Vec<&Kept> = self.kept.iter().collect();
        by_use.sort_by_key(|kept| std::cmp::Reverse(kept.used));
        let spared = if self.kept.len() > USED_LAST { USED_LAST } else { 1 };
        let mut by_place: Vec<&Kept> = self.kept.iter().collect();
        by_place.sort_by_key(|kept| facts(&kept.position));
        let gap = |kept: &Kept| {
            let place = by_place.iter().position(|other| other.number == kept.number).unwrap_or_default();
            let before = place.checked_sub(1).map_or(0, |before| facts(&by_place[before].position));
            let behind = by_place.get(place + 1).map_or(facts(&kept.position), |behind| facts(&behind.position));
            behind.saturating_sub(before)
        };
        by_use.into_iter().skip(spared).min_by_key(|kept| (gap(kept), kept.used)).map(|kept| kept.number)
    }

    /// Whoever still reads it holds the file open; the name can go.
    fn remove(&mut self, number: u64) {
        self.kept.retain(|kept| kept.number != number);
        if let Err(cause) = sqlite::remove(&self.path(number)) {
            tracing::warn!(past = %self.path(number).display(), %cause, "a past that is kept no longer could not be removed");
        }
    }
}

impl Kept {
    pub fn number(&self) -> u64 {
        self.number
    }
}

/// All facts up to a position.
pub(super) fn facts(position: &Position) -> u64 {
    position.partitions().map(|(_, next)| next).sum()
}

pub(super) fn mark_rows(marks: &[(String, u64, String)]) -> Vec<Vec<Value>> {
    marks.iter().map(|(partition, next, hash)| vec![Value::text(partition), Value::count(*next), Value::text(hash)]).collect()
}

fn number(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("past-")?.split('.').next()?.parse().ok()
}
