//! The readings' writer: appends scans to the day's file, begins the next day's, drops those past retention.

use super::{
    batch::{Frames, Packed, Row},
    days::{Days, date_of},
    failure::{Poisoned, sqlite, storage},
    file,
    high_water::{HighWater, Mark},
    lane::Writer,
    ledger::answer,
    options::EmbeddedOptions,
};
use chrono::NaiveDate;
use millwright_domain::{
    chain::Hash,
    ports::event_log::LogError,
    position::{PartitionId, Position},
};
use rusqlite::Connection;
use std::{collections::BTreeMap, error::Error as StdError, path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::{oneshot, watch};

/// Scans of one partition: packed by the caller if they are many, else left for the writer to put together with others.
pub(super) enum Load {
    Packed(Packed),
    Loose(Frames),
}

/// Below this, frames of several callers share a batch: single scans would hardly compress.
pub(super) const LOOSE_BELOW: usize = 64 << 10;

pub(super) struct ReadingsJob {
    pub loads: Vec<(PartitionId, Load)>,
    pub reply: oneshot::Sender<Result<Position, LogError>>,
}

pub(super) struct ReadingsWriter {
    dir: PathBuf,
    today: Option<(NaiveDate, PathBuf, Connection)>,
    days: Arc<Days>,
    ends: BTreeMap<PartitionId, u64>,
    head: watch::Sender<Position>,
    water: HighWater,
    options: EmbeddedOptions,
    poisoned: Option<Poisoned>,
}

impl ReadingsWriter {
    pub(super) fn new(
        dir: PathBuf,
        days: Arc<Days>,
        head: watch::Sender<Position>,
        water: HighWater,
        options: EmbeddedOptions,
    ) -> Result<Self, LogError> {
        let mut writer = Self { dir, today: None, days, ends: BTreeMap::new(), head, water, options, poisoned: None };
        if let Some(newest) = writer.days.newest() {
            let path = newest.reader.path().to_owned();
            let db = file::open(&path, &BTreeMap::new(), &writer.options)?;
            let ends = file::ends(&db).map_err(|cause| sqlite("read the readings' end", &path, cause))?;
            writer.ends = ends.partitions().map(|(partition, next_seq)| (partition.clone(), next_seq)).collect();
            writer.today = Some((newest.date, path, db));
        }
        writer.water.check(&writer.dir.join("readings-*.db"), |partition| writer.ends.get(partition).copied().unwrap_or(0))?;
        let ends = writer.ends.clone();
        writer.head.send_modify(|head| ends.iter().for_each(|(partition, next_seq)| head.advance(partition, *next_seq)));
        Ok(writer)
    }

    /// Begins the day's file if a new day has come. A clock that goes back stays in the file it is in.
    fn turn_the_page(&mut self) -> Result<(), LogError> {
        let date = date_of(self.options.clock.now().wall);
        if self.today.as_ref().is_some_and(|(current, ..)| date <= *current) {
            return Ok(());
        }
        self.end_the_day();
        let path = self.days.path_for(date);
        let db = file::open(&path, &self.ends, &self.options)?;
        self.days.add(date)?;
        self.today = Some((date, path, db));
        self.drop_old_days();
        Ok(())
    }

    /// A file that cannot be dropped takes room, which is no reason to take no more readings.
    fn drop_old_days(&self) {
        if let Some(days) = self.options.retention_days
            && let Err(cause) = self.days.keep_newest(days)
        {
            tracing::warn!(place = %self.dir.display(), error = %cause, "readings past retention could not be dropped; remove the oldest files by hand");
        }
    }

    fn end_the_day(&mut self) {
        if let Some((_, path, db)) = self.today.take()
            && let Err(cause) = file::fold_back(&db)
        {
            tracing::warn!(place = %path.display(), error = %cause, "a day's readings stay in two files until they are opened again");
        }
    }

    fn append(&mut self, rows: &[Row]) -> Result<(), LogError> {
        self.turn_the_page()?;
        let Some((_, path, db)) = &mut self.today else { return Ok(()) };
        file::insert(db, rows).map_err(|cause| sqlite("append readings", path, cause))
    }

    /// Gives every load its place, in the order they came; what is loose is gathered into one batch a partition.
    fn place(&self, group: &mut [ReadingsJob], ends: &mut BTreeMap<PartitionId, u64>) -> (Vec<Row>, Vec<Position>) {
        let mut rows = Vec::new();
        let mut positions = Vec::new();
        let mut gathered = Gathered::default();
        for job in group {
            let mut position = Position::default();
            for (partition, load) in job.loads.drain(..) {
                let end = ends.entry(partition.clone()).or_default();
                *end += match load {
                    Load::Loose(frames) => gathered.add(&partition, *end, &frames, &mut rows),
                    Load::Packed(packed) => {
                        gathered.finish(&partition, &mut rows);
                        let count = packed.count();
                        rows.push(packed.at(partition.clone(), *end));
                        u64::from(count)
                    }
                };
                position.advance(&partition, *end);
            }
            positions.push(position);
        }
        gathered.finish_all(&mut rows);
        (rows, positions)
    }

    fn poison(&mut self, cause: impl StdError + Send + Sync + 'static) {
        tracing::error!(place = %self.dir.display(), error = %cause, "the readings' writer stopped: a commit failed");
        self.poisoned = Some(Poisoned(Arc::new(cause)));
    }
    fn refusal(&self) -> Option<LogError> {
        self.poisoned.as_ref().map(|poisoned| storage("append readings", &self.dir, poisoned.clone()))
    }
    fn write_marks(&mut self, write: impl FnOnce(&mut HighWater) -> Result<(), LogError>) {
        if self.poisoned.is_none()
            && let Err(cause) = write(&mut self.water)
        {
            self.poison(cause);
        }
    }
    fn note_durable(&mut self, ends: BTreeMap<PartitionId, u64>) {
        for (partition, next_seq) in &ends {
            if self.ends.get(partition) != Some(next_seq) {
                self.water.note(partition, Mark { next_seq: *next_seq, hash: Hash::default() });
            }
        }
        self.head.send_modify(|head| ends.iter().for_each(|(partition, next_seq)| head.advance(partition, *next_seq)));
        self.ends = ends;
    }
}

impl Writer for ReadingsWriter {
    type Job = ReadingsJob;

    fn commit(&mut self, mut group: Vec<ReadingsJob>) {
        let mut positions = Vec::new();
        if self.poisoned.is_none() {
            let mut ends = self.ends.clone();
            let (rows, behind) = self.place(&mut group, &mut ends);
            match self.append(&rows) {
                Ok(()) => self.note_durable(ends),
                Err(cause) => self.poison(cause),
            }
            positions = behind;
        }
        positions.resize(group.len(), Position::default());
        for (job, position) in group.into_iter().zip(positions) {
            answer(job.reply, self.refusal().map_or(Ok(position), Err));
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
        if self.poisoned.is_none() {
            self.end_the_day();
        }
    }
}

/// Loose frames on their way into one batch a partition.
#[derive(Default)]
struct Gathered(BTreeMap<PartitionId, (u64, Frames)>);

impl Gathered {
    fn add(&mut self, partition: &PartitionId, base_seq: u64, frames: &Frames, rows: &mut Vec<Row>) -> u64 {
        if self.0.get(partition).is_some_and(|(_, gathered)| gathered.size() >= 4 * LOOSE_BELOW) {
            self.finish(partition, rows);
        }
        self.0.entry(partition.clone()).or_insert_with(|| (base_seq, Frames::default())).1.absorb(frames);
        u64::from(frames.count())
    }
    fn finish(&mut self, partition: &PartitionId, rows: &mut Vec<Row>) {
        if let Some((base_seq, frames)) = self.0.remove(partition) {
            rows.push(frames.pack().at(partition.clone(), base_seq));
        }
    }
    fn finish_all(self, rows: &mut Vec<Row>) {
        rows.extend(self.0.into_iter().map(|(partition, (base_seq, frames))| frames.pack().at(partition, base_seq)));
    }
}
