//! Folding readings: memory first, rows and position every half second or when enough has changed.

use crate::{
    db::{BATCH_ANSWER, answered},
    follow::FollowError,
    readings::{fold::ReadingsFold, tables::NAME},
    store::{Store, advance, positions},
    table::Writes,
};
use millwright_domain::{
    ports::event_log::EventLog,
    position::{Lane, PartitionId, Position},
    reading::Scan,
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

const BATCH: usize = 4_096;
/// What was folded is seen in tables after this long at most.
pub(crate) const FLUSH_AFTER: Duration = Duration::from_millis(500);
/// Scans folded since the last flush that are worth one by themselves.
const FLUSH_SCANS: u64 = 250_000;

pub(crate) struct ReadingsFollower {
    store: Arc<Store>,
    fold: ReadingsFold,
    /// Folded, perhaps in memory only.
    folded: Position,
    written: Position,
    loaded: bool,
    unwritten: u64,
    since: Option<Instant>,
}

pub(crate) fn is_followed(partition: &PartitionId) -> bool {
    partition.lane() == Lane::Readings
}

impl ReadingsFollower {
    pub fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            fold: ReadingsFold::default(),
            folded: Position::default(),
            written: Position::default(),
            loaded: false,
            unwritten: 0,
            since: None,
        }
    }

    pub async fn position(&mut self) -> Result<Position, FollowError> {
        self.load().await?;
        Ok(self.written.clone())
    }

    pub fn folded(&self) -> Position {
        self.folded.clone()
    }

    /// When what is in memory has to be written at the latest; `None` when all is.
    pub fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + FLUSH_AFTER)
    }

    /// Folds one batch of a partition, not past `end`. False when there was nothing.
    pub async fn step(&mut self, log: &dyn EventLog, partition: &PartitionId, end: u64) -> Result<bool, FollowError> {
        self.load().await?;
        let from = self.folded.next(partition);
        let room = usize::try_from(end.saturating_sub(from)).unwrap_or(usize::MAX).min(BATCH);
        if room == 0 {
            return Ok(false);
        }
        let batch = log.read_readings(partition, from, room).await?;
        let next = batch.next();
        let scans: Vec<(u64, Scan)> = batch.into_items().collect();
        if scans.is_empty() {
            return Ok(false);
        }
        let folded = answered(BATCH_ANSWER, self.take_in(partition, &scans)).await;
        self.or_forget(folded)?;
        self.folded.advance(partition, next);
        self.unwritten += scans.len() as u64;
        self.since.get_or_insert_with(Instant::now);
        if self.unwritten >= FLUSH_SCANS || self.due().is_some_and(|due| due <= Instant::now()) {
            self.flush().await?;
        }
        Ok(true)
    }

    async fn take_in(&mut self, partition: &PartitionId, scans: &[(u64, Scan)]) -> Result<(), sqlx::Error> {
        let store = self.store.clone();
        let mut writer = store.writer().await?;
        for (seq, scan) in scans {
            self.fold.recall(partition, scan, &mut writer.conn()).await?;
            self.fold.fold(partition, *seq, scan);
        }
        Ok(())
    }

    /// Writes what is in memory, with the position it stands for.
    pub async fn flush(&mut self) -> Result<(), FollowError> {
        if self.since.is_none() {
            return Ok(());
        }
        match answered(BATCH_ANSWER, self.write()).await {
            Ok(true) => {
                self.written = self.folded.clone();
                (self.unwritten, self.since) = (0, None);
                Ok(())
            }
            // Another program was first: go on from where it left the tables.
            Ok(false) => {
                self.forget();
                Ok(())
            }
            Err(cause) => self.or_forget(Err(cause)),
        }
    }

    /// False, and nothing done, if another program has moved a position.
    async fn write(&mut self) -> Result<bool, sqlx::Error> {
        let mut writer = self.store.writer().await?;
        let mut transaction = writer.begin().await?;
        for (partition, next) in self.folded.partitions() {
            if !advance(&[(NAME, self.written.next(partition))], partition, next, &mut transaction.conn()).await? {
                transaction.rollback().await?;
                return Ok(false);
            }
        }
        let mut writes = Writes::default();
        self.fold.drain(&mut writes);
        writes.apply(&mut transaction.conn()).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn load(&mut self) -> Result<(), FollowError> {
        if !self.loaded {
            let read = answered(BATCH_ANSWER, async { positions(NAME, &mut self.store.writer().await?.conn()).await }).await;
            let position = read.map_err(|cause| self.failed(cause))?;
            (self.folded, self.written, self.loaded) = (position.clone(), position, true);
        }
        Ok(())
    }

    /// The tables may say something else than memory: begin anew from those.
    pub fn forget(&mut self) {
        (self.fold, self.loaded, self.unwritten, self.since) = (ReadingsFold::default(), false, 0, None);
    }

    fn or_forget(&mut self, done: Result<(), sqlx::Error>) -> Result<(), FollowError> {
        done.map_err(|cause| {
            self.forget();
            self.failed(cause)
        })
    }

    fn failed(&self, cause: sqlx::Error) -> FollowError {
        FollowError::Write { place: self.store.place.clone(), cause }
    }
}
