//! Rebuilding from the log's beginning, beside what is in place, and swapping it in if both say the same.

mod compare;
mod progress;

pub use compare::Changed;
pub use progress::{Progress, Rebuilding};

use crate::{
    db::NotRead,
    follow::{
        FollowError, Mends,
        ledger::{self, LedgerFold},
        readings::{self, ReadingsFollower},
    },
    home::{LEDGER, READINGS},
    projections::{Projections, read, write},
    readings::tables,
    store::{PARKED, Shape, Store, StoreError, digest::Part},
};
use async_trait::async_trait;
use futures::future::BoxFuture;
use millwright_domain::{
    ports::event_log::EventLog,
    position::{PartitionId, Position},
};
pub(crate) use progress::Pace;
use std::sync::{Arc, RwLock};
use thiserror::Error;
use tokio::sync::Mutex;

/// What a rebuild found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    pub position: Position,
    /// Name and digest of each projection that kept its version; the kept and the rebuilt one agreed on all.
    pub digests: Vec<(&'static str, String)>,
    /// Projections that came in a new version.
    pub changed: Vec<Changed>,
}

#[derive(Debug, Error)]
pub enum RebuildError {
    #[error("could not follow the log while rebuilding")]
    Follow(#[from] FollowError),
    #[error("could not open the rebuilt projections")]
    Open(#[from] StoreError),
    #[error("could not compare the rebuilt projections with the kept ones")]
    Compare(#[from] NotRead),
    #[error("rebuilt and kept differ in {}; the kept ones stay. Please report it: a fold does not depend on the log alone", .projections.join(", "))]
    Differ { projections: Vec<&'static str> },
    #[error(
        "{partition} begins at {from}: what lay before was dropped by retention, so rollups of that time cannot be built again; the kept ones stay"
    )]
    LogIsShorter { partition: PartitionId, from: u64 },
    #[error("another program rebuilds the same projections; wait for it, or stop it there")]
    UnderWay,
    #[error("the rebuild was stopped at {done} of {of} records; the next one goes on from there")]
    Cancelled { done: u64, of: u64 },
}

impl RebuildError {
    pub(crate) fn mends(&self) -> Mends {
        match self {
            Self::Follow(cause) => cause.mends(),
            Self::Open(StoreError::Database { .. } | StoreError::Unreadable { .. }) => Mends::Soon,
            Self::Compare(_) | Self::UnderWay | Self::Cancelled { .. } => Mends::Soon,
            Self::Open(StoreError::TooNew { .. }) | Self::LogIsShorter { .. } => Mends::Slowly,
            Self::Differ { .. } => Mends::Never,
        }
    }
}

/// A fold that can be begun again on other tables.
#[async_trait]
trait Refold: Send {
    const LANE: &'static str;
    fn on(store: Arc<Store>) -> Self;
    fn shapes() -> Vec<Shape>;
    fn follows(partition: &PartitionId) -> bool;
    /// False when there was nothing to take in.
    async fn step_to(&mut self, log: &dyn EventLog, partition: &PartitionId, end: u64) -> Result<bool, FollowError>;
    /// What was folded, if perhaps in memory only.
    async fn reached(&mut self) -> Result<Position, FollowError>;
    /// What is in the tables, once all is there.
    async fn flushed(&mut self) -> Result<Position, FollowError>;
}

#[async_trait]
impl Refold for LedgerFold {
    const LANE: &'static str = LEDGER;
    fn on(store: Arc<Store>) -> Self {
        Self::new(store)
    }
    fn shapes() -> Vec<Shape> {
        ledger::shapes()
    }
    fn follows(partition: &PartitionId) -> bool {
        ledger::is_followed(partition)
    }
    async fn step_to(&mut self, log: &dyn EventLog, partition: &PartitionId, end: u64) -> Result<bool, FollowError> {
        Ok(self.step(log, partition, end).await?.is_some())
    }
    async fn reached(&mut self) -> Result<Position, FollowError> {
        self.position().await
    }
    async fn flushed(&mut self) -> Result<Position, FollowError> {
        self.position().await
    }
}

#[async_trait]
impl Refold for ReadingsFollower {
    const LANE: &'static str = READINGS;
    fn on(store: Arc<Store>) -> Self {
        Self::new(store)
    }
    fn shapes() -> Vec<Shape> {
        tables::shapes()
    }
    fn follows(partition: &PartitionId) -> bool {
        readings::is_followed(partition)
    }
    async fn step_to(&mut self, log: &dyn EventLog, partition: &PartitionId, end: u64) -> Result<bool, FollowError> {
        self.step(log, partition, end).await
    }
    async fn reached(&mut self) -> Result<Position, FollowError> {
        Ok(self.folded())
    }
    async fn flushed(&mut self) -> Result<Position, FollowError> {
        self.flush().await?;
        self.position().await
    }
}

impl Projections {
    /// Builds every projection of the ledger anew; the old ones serve until the new ones take their place.
    pub async fn rebuild(&self, log: &dyn EventLog) -> Result<Rebuilt, RebuildError> {
        self.rebuild_watched(log, &Rebuilding::default()).await
    }

    pub fn rebuild_watched<'a>(&'a self, log: &'a dyn EventLog, watched: &'a Rebuilding) -> BoxFuture<'a, Result<Rebuilt, RebuildError>> {
        Box::pin(self.refold(&self.inner.ledger_fold, &self.inner.ledger, log, watched))
    }

    /// Builds the readings' rollups anew, if the log still holds all readings that they were made of.
    pub async fn rebuild_readings(&self, log: &dyn EventLog) -> Result<Rebuilt, RebuildError> {
        self.rebuild_readings_watched(log, &Rebuilding::default()).await
    }

    pub fn rebuild_readings_watched<'a>(&'a self, log: &'a dyn EventLog, watched: &'a Rebuilding) -> BoxFuture<'a, Result<Rebuilt, RebuildError>> {
        Box::pin(async move {
            all_are_there(log, &log.head().await.map_err(FollowError::from)?).await?;
            self.refold(&self.inner.readings_fold, &self.inner.readings, log, watched).await
        })
    }

    async fn refold<F: Refold>(
        &self,
        live: &Mutex<F>,
        place: &RwLock<Arc<Store>>,
        log: &dyn EventLog,
        watched: &Rebuilding,
    ) -> Result<Rebuilt, RebuildError> {
        let (home, shapes) = (&self.inner.home, F::shapes());
        let Some(_claim) = home.claim(F::LANE).await? else { return Err(RebuildError::UnderWay) };
        {
            let mut fold = live.lock().await;
            if let Some(newer) = self.newer(place, F::LANE, &shapes).await? {
                *fold = F::on(newer);
            }
        }
        let kept = read(place);
        let aim = self.level(live, &kept, &shapes, log).await?;
        let built = self.begun::<F>(&aim, &shapes).await?;
        let mut fold = F::on(built.clone());
        // The long way without holding anybody up, the last steps while nobody moves the kept ones.
        fold_to(&mut fold, log, &aim, watched).await?;
        let mut live = live.lock().await;
        live.flushed().await?;
        let frozen = home.freeze(&kept).await?;
        let (position, _) = kept.position(&shapes).await.map_err(NotRead::from)?;
        fold_to(&mut fold, log, &position, watched).await?;
        drop(fold);
        match compare::compared(&kept, &built, &shapes, F::LANE == LEDGER).await {
            Ok((digests, changed)) => {
                let swapped = home.swap(F::LANE, &kept, built, frozen, &shapes).await?;
                *live = F::on(swapped.clone());
                *write(place) = swapped;
                Ok(Rebuilt { position, digests, changed })
            }
            Err(cause) => {
                if matches!(cause, RebuildError::Differ { .. }) {
                    home.discard(F::LANE, built).await?;
                }
                Err(cause)
            }
        }
    }

    /// Where the kept ones stand. All of them at one place, or they could not be compared.
    async fn level<F: Refold>(&self, live: &Mutex<F>, kept: &Store, shapes: &[Shape], log: &dyn EventLog) -> Result<Position, RebuildError> {
        let (position, is_level) = kept.position(shapes).await.map_err(NotRead::from)?;
        if is_level || kept.is_outdated(shapes) {
            return Ok(position);
        }
        let head = log.head().await.map_err(FollowError::from)?;
        fold_to(&mut *live.lock().await, log, &head, &Rebuilding::default()).await?;
        Ok(kept.position(shapes).await.map_err(NotRead::from)?.0)
    }

    /// The next generation, as far as it was built before, and not further than the kept one.
    async fn begun<F: Refold>(&self, aim: &Position, shapes: &[Shape]) -> Result<Arc<Store>, RebuildError> {
        let home = &self.inner.home;
        let found = Arc::new(home.building(F::LANE, shapes).await?);
        let (position, is_level) = found.position(shapes).await.map_err(NotRead::from)?;
        if is_level && aim.covers(&position) {
            return Ok(found);
        }
        home.discard(F::LANE, found).await?;
        Ok(Arc::new(home.building(F::LANE, shapes).await?))
    }

    /// Digest of each projection of the ledger as it stands, parked streams included.
    pub async fn digests(&self) -> Result<Vec<(&'static str, String)>, NotRead> {
        let kept = read(&self.inner.ledger);
        let mut digests = vec![(PARKED.name, kept.digest(&[Part::whole(&PARKED)]).await?)];
        for shape in ledger::shapes() {
            let parts: Vec<Part> = shape.tables.iter().map(|table| Part::whole(table)).collect();
            digests.push((shape.name, kept.digest(&parts).await?));
        }
        Ok(digests)
    }

    /// Digest of the readings' tables as they stand.
    pub async fn readings_digest(&self) -> Result<String, NotRead> {
        let parts: Vec<Part> = tables::all().into_iter().map(Part::whole).collect();
        Ok(read(&self.inner.readings).digest(&parts).await?)
    }
}

async fn fold_to<F: Refold>(fold: &mut F, log: &dyn EventLog, end: &Position, watched: &Rebuilding) -> Result<(), RebuildError> {
    let ends: Vec<(PartitionId, u64)> =
        end.partitions().filter(|(partition, _)| F::follows(partition)).map(|(partition, next)| (partition.clone(), next)).collect();
    let of = ends.iter().map(|(_, next)| next).sum();
    let begun_at = done(&fold.flushed().await?, &ends);
    let pace = Pace::from(begun_at);
    for (partition, end) in &ends {
        while fold.step_to(log, partition, *end).await? {
            if watched.is_cancelled() {
                return Err(RebuildError::Cancelled { done: done(&fold.flushed().await?, &ends), of });
            }
            watched.tell(pace.at(done(&fold.reached().await?, &ends), of));
        }
    }
    watched.tell(pace.at(done(&fold.flushed().await?, &ends), of));
    Ok(())
}

fn done(reached: &Position, ends: &[(PartitionId, u64)]) -> u64 {
    ends.iter().map(|(partition, end)| reached.next(partition).min(*end)).sum()
}

async fn all_are_there(log: &dyn EventLog, head: &Position) -> Result<(), RebuildError> {
    for (partition, _) in head.partitions().filter(|(partition, _)| readings::is_followed(partition)) {
        let first = log.read_readings(partition, 0, 1).await.map_err(FollowError::from)?;
        if let Some(from) = first.iter().next().map(|(seq, _)| seq).filter(|seq| *seq > 0) {
            return Err(RebuildError::LogIsShorter { partition: partition.clone(), from });
        }
    }
    Ok(())
}
