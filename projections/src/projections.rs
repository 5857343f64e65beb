//! The projections as a whole: opened, following the log, telling how far they are and what changed.

use crate::{
    db::{Db, NotRead},
    follow::{
        ledger::{self, Change, LedgerFold, Parked},
        newest::Newest,
        readings::{self, ReadingsFollower},
    },
    home::{Home, LEDGER, READINGS},
    live::Live,
    past::Shown,
    place::Place,
    plant::PlantRow,
    similar::Remembered,
    store::{Store, StoreError},
};
use millwright_domain::{
    ids::SiteId,
    position::{PartitionId, Position},
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use thiserror::Error;
use tokio::sync::{Mutex, broadcast, watch};

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
    pub home: Home,
    /// Swapped by a rebuild.
    pub ledger: RwLock<Arc<Store>>,
    pub readings: RwLock<Arc<Store>>,
    pub ledger_fold: Mutex<LedgerFold>,
    pub readings_fold: Mutex<ReadingsFollower>,
    live: Arc<Live>,
    /// What stands behind the tables of a past.
    pub shown: Option<Shown>,
    pub newest: Mutex<Newest>,
    pub remembered: Mutex<Remembered>,
    pub plants: RwLock<Arc<Vec<PlantRow>>>,
    pub seen: watch::Sender<Position>,
    pub head: RwLock<Position>,
    pub parked: RwLock<Vec<Parked>>,
    /// By what is held up.
    pub trouble: RwLock<BTreeMap<&'static str, String>>,
    pub changes: broadcast::Sender<Change>,
}

/// Changes that a slow listener may fall behind by before it is told that it missed some.
const CHANGES_KEPT: usize = 1_024;

impl Projections {
    /// Opens the databases in a folder, making what is not there.
    pub async fn open(dir: &Path) -> Result<Self, StoreError> {
        Self::open_at(Place::Folder(dir.to_path_buf())).await
    }

    /// Opens the tables where they are kept, making what is not there. Those of an older program are shown as they are until
    /// following the log has rebuilt them.
    pub async fn open_at(place: Place) -> Result<Self, StoreError> {
        let home = Home::at(place);
        let ledger = Arc::new(home.current(LEDGER, &ledger::shapes()).await?);
        let readings = Arc::new(home.current(READINGS, &crate::readings::tables::shapes()).await?);
        let live = Arc::new(Live::default());
        let inner = Inner {
            home,
            ledger_fold: Mutex::new(LedgerFold::new(ledger.clone())),
            readings_fold: Mutex::new(ReadingsFollower::new(readings.clone())),
            ledger: RwLock::new(ledger),
            readings: RwLock::new(readings),
            newest: Mutex::new(Newest::new(live.clone())),
            remembered: Mutex::default(),
            live,
            shown: None,
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

    /// Tables of a past, shown as they are: nothing follows the log in them.
    pub(crate) fn as_they_were(ledger: Arc<Store>, live: Arc<Live>, plants: Vec<PlantRow>, position: Position, shown: Shown) -> Self {
        let readings = read(&shown.present.inner.readings);
        let inner = Inner {
            home: Home::at(Place::Folder(PathBuf::new())),
            ledger_fold: Mutex::new(LedgerFold::of(ledger.clone(), Vec::new())),
            readings_fold: Mutex::new(ReadingsFollower::new(readings.clone())),
            ledger: RwLock::new(ledger),
            readings: RwLock::new(readings),
            newest: Mutex::new(Newest::new(live.clone())),
            remembered: Mutex::default(),
            live,
            shown: Some(shown),
            plants: RwLock::new(Arc::new(plants)),
            seen: watch::Sender::new(position),
            head: RwLock::default(),
            parked: RwLock::default(),
            trouble: RwLock::default(),
            changes: broadcast::Sender::new(1),
        };
        Self { inner: Arc::new(inner) }
    }

    pub(crate) fn shares_readings_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&read(&self.inner.readings), &read(&other.inner.readings))
    }

    async fn begin_where_they_stand(&self) -> Result<(), StoreError> {
        let place = self.inner.home.place();
        let failed = |cause| StoreError::Unreadable { place: place.clone(), cause };
        self.refresh_plants().await.map_err(failed)?;
        self.remember_newest().await.map_err(failed)?;
        let mut position = self.inner.readings_fold.lock().await.position().await.map_err(|cause| cause.while_opening(&place))?;
        let mut fold = self.inner.ledger_fold.lock().await;
        position.merge(&fold.position().await.map_err(|cause| cause.while_opening(&place))?);
        *write(&self.inner.parked) = fold.parked();
        self.inner.seen.send_replace(position);
        Ok(())
    }

    /// What the tables know of signals that nothing has been read of yet.
    pub(crate) async fn remember_newest(&self) -> Result<(), NotRead> {
        let sites: Vec<SiteId> = self.plants().iter().filter_map(|row| Some(row.plant.as_ref()?.site.clone())).collect();
        for site in sites {
            self.inner.live.remember(crate::readings::latest(&self.readings(), &site).await?);
        }
        Ok(())
    }

    /// Database of everything but readings, for the queries of the questions' modules.
    pub fn ledger(&self) -> Db {
        read(&self.inner.ledger).readers()
    }
    /// Database of the readings, for the queries of [`crate::readings`].
    pub fn readings(&self) -> Db {
        read(&self.inner.readings).readers()
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
        let troubles: Vec<String> = read(&self.inner.trouble).into_values().collect();
        (!troubles.is_empty()).then(|| troubles.join("; "))
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

    /// What the exporter shows: records not taken in yet, by partition, and streams that are followed no further.
    pub(crate) fn show_lag(&self) {
        for lag in self.lag() {
            metrics::gauge!("millwright_projection_lag_records", "partition" => lag.partition.to_string())
                .set(lag.head.saturating_sub(lag.next) as f64);
        }
        metrics::gauge!("millwright_projection_parked_streams").set(self.parked().len() as f64);
    }
}

fn is_followed(partition: &PartitionId) -> bool {
    ledger::is_followed(partition) || readings::is_followed(partition)
}

// A panic while one of these was locked has left a whole value behind, so it may be used.
pub(crate) fn read<T: Clone>(lock: &RwLock<T>) -> T {
    lock.read().unwrap_or_else(PoisonError::into_inner).clone()
}
pub(crate) fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
