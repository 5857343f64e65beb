//! The projections as a whole: opened, following the log, telling how far they are and what changed.

use crate::{
    db::{Db, NotRead},
    follow::{
        FollowError,
        ledger::{self, Change, LedgerFold, Parked},
        readings::{self, ReadingsFollower},
    },
    generations::{self, Generations},
    live::Live,
    plant::{self, PlantRow},
    store::{Store, StoreError},
};
use millwright_domain::{
    ports::event_log::EventLog,
    position::{PartitionId, Position},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use thiserror::Error;
use tokio::sync::{Mutex, broadcast, watch};
use tokio_util::sync::CancellationToken;

/// A position that the projections did not reach in time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the projections have reached {reached}, not yet {wanted}; ask again, or look at `health` for what holds them up")]
pub struct NotReached {
    pub wanted: Position,
    pub reached: Position,
}

/// How far a partition has been taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lag {
    pub partition: PartitionId,
    pub next: u64,
    pub head: u64,
}

/// Cheap to clone; one of the clones runs.
#[derive(Clone)]
pub struct Projections {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub dir: PathBuf,
    /// Swapped by a rebuild.
    pub ledger: RwLock<Arc<Store>>,
    pub readings: RwLock<Arc<Store>>,
    pub ledger_fold: Mutex<LedgerFold>,
    pub readings_fold: Mutex<ReadingsFollower>,
    live: Arc<Live>,
    plants: RwLock<Arc<Vec<PlantRow>>>,
    seen: watch::Sender<Position>,
    head: RwLock<Position>,
    parked: RwLock<Vec<Parked>>,
    trouble: RwLock<Option<String>>,
    changes: broadcast::Sender<Change>,
}

/// Changes that a slow listener may fall behind by before it is told that it missed some.
const CHANGES_KEPT: usize = 1_024;
const PAUSE_AFTER_TROUBLE: Duration = Duration::from_secs(1);

impl Projections {
    /// Opens the databases in a folder, making what is not there; a projection of an older version begins anew.
    pub async fn open(dir: &Path) -> Result<Self, StoreError> {
        let ledger = Arc::new(Store::open(&Generations::of(dir, generations::LEDGER).current()?, &ledger::shapes()).await?);
        let readings = Arc::new(Store::open(&Generations::of(dir, generations::READINGS).current()?, &crate::readings::tables::shapes()).await?);
        let live = Arc::new(Live::default());
        let inner = Inner {
            dir: dir.to_path_buf(),
            ledger_fold: Mutex::new(LedgerFold::new(ledger.clone())),
            readings_fold: Mutex::new(ReadingsFollower::new(readings.clone(), live.clone())),
            ledger: RwLock::new(ledger),
            readings: RwLock::new(readings),
            live,
            plants: RwLock::default(),
            seen: watch::Sender::new(Position::default()),
            head: RwLock::default(),
            parked: RwLock::default(),
            trouble: RwLock::default(),
            changes: broadcast::Sender::new(CHANGES_KEPT),
        };
        let opened = Self { inner: Arc::new(inner) };
        opened.begin_where_they_stand().await?;
        Ok(opened)
    }

    async fn begin_where_they_stand(&self) -> Result<(), StoreError> {
        let failed = |cause| StoreError::Unreadable { place: self.inner.dir.clone(), cause };
        self.refresh_plants().await.map_err(failed)?;
        for plant in self.plants().iter().filter_map(|row| row.plant.as_ref()) {
            self.inner.live.remember(crate::readings::latest(&self.readings(), &plant.site).await.map_err(failed)?);
        }
        let mut position = self.inner.readings_fold.lock().await.position().await.map_err(|cause| cause.while_opening(&self.inner.dir))?;
        let mut fold = self.inner.ledger_fold.lock().await;
        position.merge(&fold.position().await.map_err(|cause| cause.while_opening(&self.inner.dir))?);
        *write(&self.inner.parked) = fold.parked();
        self.inner.seen.send_replace(position);
        Ok(())
    }

    /// Follows the log until shutdown. Returns an error only for what does not mend itself.
    pub async fn run(&self, log: Arc<dyn EventLog>, shutdown: CancellationToken) -> Result<(), FollowError> {
        // Two tasks, so that a flood of readings takes no time from decisions; whichever ends takes the other along.
        let stop = shutdown.child_token();
        let ends = stop.clone().drop_guard();
        let ledger = tokio::spawn({
            let (followed, log, stop) = (self.clone(), log.clone(), stop.clone());
            async move {
                let ended = followed.follow_ledger(log.as_ref(), &stop).await;
                stop.cancel();
                ended
            }
        });
        let readings = self.follow_readings(log.as_ref(), &stop).await;
        drop(ends);
        match ledger.await {
            Ok(ledger) => ledger.and(readings),
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            // The runtime is going down, and this with it.
            Err(_) => readings,
        }
    }

    /// Takes in all that the log holds now, and returns.
    pub async fn catch_up(&self, log: &dyn EventLog) -> Result<(), FollowError> {
        let head = log.head().await?;
        self.ledger_to(log, &head, &CancellationToken::new()).await?;
        self.readings_to(log, &head, &CancellationToken::new()).await?;
        self.flush_readings().await
    }

    /// Database of everything but readings, for the queries of the questions' modules.
    pub fn ledger(&self) -> Db {
        Db(self.inner.ledger.read().unwrap_or_else(PoisonError::into_inner).readers.clone())
    }
    /// Database of the readings, for the queries of [`crate::readings`].
    pub fn readings(&self) -> Db {
        Db(self.inner.readings.read().unwrap_or_else(PoisonError::into_inner).readers.clone())
    }
    pub fn live(&self) -> Arc<Live> {
        self.inner.live.clone()
    }
    /// Every site as last described.
    pub fn plants(&self) -> Arc<Vec<PlantRow>> {
        read(&self.inner.plants)
    }
    /// Everything up to here can be seen.
    pub fn position(&self) -> Position {
        self.inner.seen.borrow().clone()
    }
    /// What changed, batch by batch. One that lags behind is told so and should ask anew.
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.inner.changes.subscribe()
    }
    pub fn parked(&self) -> Vec<Parked> {
        read(&self.inner.parked)
    }
    /// What holds the projections up at the moment, if anything does.
    pub fn trouble(&self) -> Option<String> {
        read(&self.inner.trouble)
    }

    /// Returns once everything up to `wanted` can be seen.
    pub async fn reached(&self, wanted: &Position, within: Duration) -> Result<(), NotReached> {
        let mut followed = Position::default();
        for (partition, next) in wanted.partitions().filter(|(partition, _)| is_followed(partition)) {
            followed.advance(partition, next);
        }
        let mut seen = self.inner.seen.subscribe();
        match tokio::time::timeout(within, seen.wait_for(|seen| seen.covers(&followed))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(NotReached { wanted: followed, reached: self.position() }),
        }
    }

    /// Per partition, what was taken in and what the log held when it was last asked.
    pub fn lag(&self) -> Vec<Lag> {
        let (seen, head) = (self.position(), read(&self.inner.head));
        let followed = head.partitions().filter(|(partition, _)| is_followed(partition));
        followed.map(|(partition, head)| Lag { partition: partition.clone(), next: seen.next(partition), head }).collect()
    }

    async fn follow_ledger(&self, log: &dyn EventLog, shutdown: &CancellationToken) -> Result<(), FollowError> {
        let mut asked = Position::default();
        while let Some(head) = self.next_head(log, &asked, shutdown).await? {
            match self.ledger_to(log, &head, shutdown).await {
                Ok(()) => asked = head,
                Err(cause) => self.pause(cause, shutdown).await?,
            }
        }
        Ok(())
    }

    async fn follow_readings(&self, log: &dyn EventLog, shutdown: &CancellationToken) -> Result<(), FollowError> {
        let mut asked = Position::default();
        loop {
            let due = self.inner.readings_fold.lock().await.due();
            let quiet_end = tokio::time::sleep_until(due.unwrap_or_else(|| tokio::time::Instant::now() + Duration::from_secs(3_600)));
            let done = tokio::select! {
                head = self.next_head(log, &asked, shutdown) => match head? {
                    Some(head) => self.readings_to(log, &head, shutdown).await.map(|()| asked = head),
                    None => return self.flush_readings().await,
                },
                () = quiet_end, if due.is_some() => self.flush_readings().await,
            };
            if let Err(cause) = done {
                self.pause(cause, shutdown).await?;
            }
        }
    }

    /// The log's head once it is past `asked`; `None` at shutdown.
    async fn next_head(&self, log: &dyn EventLog, asked: &Position, shutdown: &CancellationToken) -> Result<Option<Position>, FollowError> {
        loop {
            let head = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(None),
                head = log.past(asked) => head,
            };
            match head {
                Ok(head) => {
                    *write(&self.inner.head) = head.clone();
                    return Ok(Some(head));
                }
                Err(cause) => self.pause(cause.into(), shutdown).await?,
            }
        }
    }

    async fn ledger_to(&self, log: &dyn EventLog, head: &Position, shutdown: &CancellationToken) -> Result<(), FollowError> {
        for (partition, end) in head.partitions().filter(|(partition, _)| ledger::is_followed(partition)) {
            while !shutdown.is_cancelled() {
                let mut fold = self.inner.ledger_fold.lock().await;
                let Some(change) = fold.step(log, partition, end).await? else { break };
                *write(&self.inner.parked) = fold.parked();
                drop(fold);
                self.tell(change).await;
            }
        }
        *write(&self.inner.trouble) = None;
        Ok(())
    }

    async fn readings_to(&self, log: &dyn EventLog, head: &Position, shutdown: &CancellationToken) -> Result<(), FollowError> {
        for (partition, end) in head.partitions().filter(|(partition, _)| readings::is_followed(partition)) {
            while !shutdown.is_cancelled() {
                let mut fold = self.inner.readings_fold.lock().await;
                if !fold.step(log, partition, end).await? {
                    break;
                }
                let position = fold.position().await?;
                self.inner.seen.send_modify(|seen| seen.merge(&position));
            }
        }
        Ok(())
    }

    async fn flush_readings(&self) -> Result<(), FollowError> {
        let mut fold = self.inner.readings_fold.lock().await;
        fold.flush().await?;
        let position = fold.position().await?;
        self.inner.seen.send_modify(|seen| seen.merge(&position));
        Ok(())
    }

    async fn tell(&self, change: Change) {
        if change.plant
            && let Err(cause) = self.refresh_plants().await
        {
            tracing::warn!(cause = %cause, "the description of the plant could not be read again; the former one is shown");
        }
        self.inner.seen.send_modify(|seen| seen.merge(&change.position));
        // Nobody listening is no error.
        drop(self.inner.changes.send(change));
    }

    async fn refresh_plants(&self) -> Result<(), NotRead> {
        let plants = plant::all(&self.ledger()).await?;
        *write(&self.inner.plants) = Arc::new(plants);
        Ok(())
    }

    /// Waits before trying again, or gives up on what cannot mend itself.
    async fn pause(&self, cause: FollowError, shutdown: &CancellationToken) -> Result<(), FollowError> {
        if !cause.may_pass() {
            return Err(cause);
        }
        tracing::warn!(cause = %cause, source = ?std::error::Error::source(&cause), "the projections wait before they go on");
        *write(&self.inner.trouble) = Some(cause.to_string());
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(PAUSE_AFTER_TROUBLE) => {}
        }
        Ok(())
    }
}

fn is_followed(partition: &PartitionId) -> bool {
    ledger::is_followed(partition) || readings::is_followed(partition)
}

// A panic while one of these was locked has left a whole value behind, so it may be used.
fn read<T: Clone>(lock: &RwLock<T>) -> T {
    lock.read().unwrap_or_else(PoisonError::into_inner).clone()
}
pub(crate) fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
