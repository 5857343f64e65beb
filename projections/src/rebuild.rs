//! Rebuilding from the log's beginning, beside the live database, and swapping it in if both say the same.

use crate::{
    db::NotRead,
    follow::{
        FollowError,
        ledger::{self, LedgerFold},
        readings::{self, ReadingsFollower},
    },
    generations::{self, Generations},
    live::Live,
    projection,
    projections::{Projections, write},
    readings::tables,
    store::{PARKED, Shape, Store, StoreError},
};
use millwright_domain::{
    ports::event_log::EventLog,
    position::{PartitionId, Position},
};
use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};
use thiserror::Error;

/// What a rebuild found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuilt {
    pub position: Position,
    /// Name and digest of each projection; the kept and the rebuilt one agreed on all.
    pub digests: Vec<(&'static str, String)>,
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
    #[error("could not put the rebuilt projections at {place}")]
    Swap {
        place: PathBuf,
        #[source]
        cause: io::Error,
    },
}

impl Projections {
    /// Builds every projection of the ledger anew; the old one serves until the new one takes its place.
    pub async fn rebuild(&self, log: &dyn EventLog) -> Result<Rebuilt, RebuildError> {
        let next = Generations::of(&self.inner.dir, generations::LEDGER).next();
        let rebuilt = begin(&next.building, &ledger::shapes()).await?;
        let mut fold = LedgerFold::new(rebuilt.clone());
        // The long way without holding the live one up, the last steps while it waits.
        fold_ledger_to(&mut fold, log, &log.head().await.map_err(FollowError::from)?).await?;
        let mut live = self.inner.ledger_fold.lock().await;
        fold_ledger_to(&mut fold, log, &live.position().await?).await?;
        let position = fold.position().await?;
        fold_ledger_to(&mut live, log, &position).await?;
        let digests = compared(self.digests().await?, ledger_digests(&rebuilt).await?)?;
        drop(fold);
        let store = finish(rebuilt, &next, &ledger::shapes()).await?;
        *live = LedgerFold::new(store.clone());
        let before = std::mem::replace(&mut *write(&self.inner.ledger), store);
        forget(&before)?;
        Ok(Rebuilt { position, digests })
    }

    /// Builds the readings' rollups anew, if the log still holds all readings that they were made of.
    pub async fn rebuild_readings(&self, log: &dyn EventLog) -> Result<Rebuilt, RebuildError> {
        let head = log.head().await.map_err(FollowError::from)?;
        all_are_there(log, &head).await?;
        let next = Generations::of(&self.inner.dir, generations::READINGS).next();
        let rebuilt = begin(&next.building, &tables::shapes()).await?;
        let mut fold = ReadingsFollower::new(rebuilt.clone(), Arc::new(Live::default()));
        fold_readings_to(&mut fold, log, &head).await?;
        let mut live = self.inner.readings_fold.lock().await;
        live.flush().await?;
        fold_readings_to(&mut fold, log, &live.position().await?).await?;
        let position = fold.position().await?;
        fold_readings_to(&mut live, log, &position).await?;
        let kept = self.readings_digest().await?;
        let digests = compared(vec![(tables::NAME, kept)], vec![(tables::NAME, readings_digest(&rebuilt).await?)])?;
        drop(fold);
        let store = finish(rebuilt, &next, &tables::shapes()).await?;
        *live = ReadingsFollower::new(store.clone(), self.live());
        let before = std::mem::replace(&mut *write(&self.inner.readings), store);
        forget(&before)?;
        Ok(Rebuilt { position, digests })
    }

    /// Digest of each projection of the ledger as it stands, parked streams included.
    pub async fn digests(&self) -> Result<Vec<(&'static str, String)>, NotRead> {
        let kept = self.inner.ledger.read().unwrap_or_else(PoisonError::into_inner).clone();
        ledger_digests(&kept).await
    }

    /// Digest of the readings' tables as they stand.
    pub async fn readings_digest(&self) -> Result<String, NotRead> {
        let kept = self.inner.readings.read().unwrap_or_else(PoisonError::into_inner).clone();
        readings_digest(&kept).await
    }
}

async fn begin(building: &Path, shapes: &[Shape]) -> Result<Arc<Store>, RebuildError> {
    generations::remove(building).map_err(|cause| RebuildError::Swap { place: building.into(), cause })?;
    Ok(Arc::new(Store::build(building, shapes).await?))
}

/// Closes what was built, so that the file is whole, gives it its name and opens it as the live one is.
async fn finish(built: Arc<Store>, next: &generations::Next, shapes: &[Shape]) -> Result<Arc<Store>, RebuildError> {
    built.index(shapes).await?;
    if let Some(store) = Arc::into_inner(built) {
        store.close().await;
    }
    std::fs::rename(&next.building, &next.finished).map_err(|cause| RebuildError::Swap { place: next.finished.clone(), cause })?;
    Ok(Arc::new(Store::open(&next.finished, shapes).await?))
}

/// Whoever still reads the former database holds the file open; the name can go.
fn forget(before: &Store) -> Result<(), RebuildError> {
    generations::remove(&before.place).map_err(|cause| RebuildError::Swap { place: before.place.clone(), cause })
}

fn compared(kept: Vec<(&'static str, String)>, rebuilt: Vec<(&'static str, String)>) -> Result<Vec<(&'static str, String)>, RebuildError> {
    let projections: Vec<&'static str> = kept.iter().zip(&rebuilt).filter(|(a, b)| a != b).map(|((name, _), _)| *name).collect();
    if projections.is_empty() { Ok(rebuilt) } else { Err(RebuildError::Differ { projections }) }
}

async fn fold_ledger_to(fold: &mut LedgerFold, log: &dyn EventLog, end: &Position) -> Result<(), FollowError> {
    for (partition, end) in end.partitions().filter(|(partition, _)| ledger::is_followed(partition)) {
        while fold.step(log, partition, end).await?.is_some() {}
    }
    Ok(())
}

async fn fold_readings_to(fold: &mut ReadingsFollower, log: &dyn EventLog, end: &Position) -> Result<(), FollowError> {
    for (partition, end) in end.partitions().filter(|(partition, _)| readings::is_followed(partition)) {
        while fold.step(log, partition, end).await? {}
    }
    fold.flush().await
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

async fn ledger_digests(store: &Store) -> Result<Vec<(&'static str, String)>, NotRead> {
    let mut digests = vec![("parked_streams", store.digest(&[&PARKED]).await?)];
    for projection in projection::all() {
        digests.push((projection.name(), store.digest(&projection.tables()).await?));
    }
    Ok(digests)
}

async fn readings_digest(store: &Store) -> Result<String, NotRead> {
    Ok(store.digest(&tables::all()).await?)
}
