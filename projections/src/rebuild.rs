//! Rebuilding from the log's beginning, beside the live database, and swapping it in if both say the same.

use crate::{
    db::NotRead,
    follow::{
        FollowError,
        ledger::{self, LedgerFold},
    },
    projection,
    projections::{Projections, write},
    store::{PARKED, Store, StoreError},
};
use millwright_domain::{ports::event_log::EventLog, position::Position};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
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
    #[error("rebuilt and kept differ in {}; the kept ones stay. Keep both files and report it: a fold does not depend on the log alone", .projections.join(", "))]
    Differ { projections: Vec<&'static str> },
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
        let next = generation(&self.inner.dir, number_of_latest(&self.inner.dir) + 1);
        let building = next.with_extension("building");
        remove(&building).map_err(|cause| RebuildError::Swap { place: building.clone(), cause })?;
        let rebuilt = Arc::new(Store::open(&building, &ledger::shapes()).await?);
        let mut fold = LedgerFold::new(rebuilt.clone());
        // The long way without holding the live one up, the last steps while it waits.
        let head = log.head().await.map_err(FollowError::from)?;
        fold_to(&mut fold, log, &head).await?;
        let mut live = self.inner.ledger_fold.lock().await;
        let position = live.position().await?;
        fold_to(&mut fold, log, &position).await?;
        let beyond = fold.position().await?;
        fold_to(&mut live, log, &beyond).await?;
        let digests = self.compare(&rebuilt).await?;
        drop(fold);
        if let Some(store) = Arc::into_inner(rebuilt) {
            store.close().await;
        }
        fs::rename(&building, &next).map_err(|cause| RebuildError::Swap { place: next.clone(), cause })?;
        let store = Arc::new(Store::open(&next, &ledger::shapes()).await?);
        *live = LedgerFold::new(store.clone());
        let before = std::mem::replace(&mut *write(&self.inner.ledger), store);
        // Whoever still reads it holds the file open; the name can go.
        remove(&before.place).map_err(|cause| RebuildError::Swap { place: before.place.clone(), cause })?;
        Ok(Rebuilt { position: beyond, digests })
    }

    /// Digest of each projection of the ledger as it stands, parked streams included.
    pub async fn digests(&self) -> Result<Vec<(&'static str, String)>, NotRead> {
        let kept = self.inner.ledger.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        Ok(digests(&kept).await?)
    }

    /// Digest of the readings' tables as they stand.
    pub async fn readings_digest(&self) -> Result<String, NotRead> {
        Ok(self.inner.readings.digest(&crate::readings::tables::all()).await?)
    }

    async fn compare(&self, rebuilt: &Store) -> Result<Vec<(&'static str, String)>, RebuildError> {
        let (kept, rebuilt) = (self.digests().await?, digests(rebuilt).await.map_err(NotRead::from)?);
        let projections: Vec<&'static str> = kept.iter().zip(&rebuilt).filter(|(a, b)| a != b).map(|((name, _), _)| *name).collect();
        if projections.is_empty() { Ok(rebuilt) } else { Err(RebuildError::Differ { projections }) }
    }
}

async fn fold_to(fold: &mut LedgerFold, log: &dyn EventLog, end: &Position) -> Result<(), FollowError> {
    for (partition, end) in end.partitions().filter(|(partition, _)| ledger::is_followed(partition)) {
        while fold.step(log, partition, end).await?.is_some() {}
    }
    Ok(())
}

async fn digests(store: &Store) -> Result<Vec<(&'static str, String)>, sqlx::Error> {
    let mut digests = vec![("parked_streams", store.digest(&[&PARKED]).await?)];
    for projection in projection::all() {
        digests.push((projection.name(), store.digest(&projection.tables()).await?));
    }
    Ok(digests)
}

fn generation(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("ledger-{number}.db"))
}

fn number_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix("ledger-")?.strip_suffix(".db")?.parse().ok()
}

fn number_of_latest(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| number_of(&entry.path())).max().unwrap_or(1)
}

/// The file of the latest finished generation; what a cut-off rebuild left behind goes.
pub(crate) fn current_generation(dir: &Path) -> Result<PathBuf, StoreError> {
    let failed = |cause| StoreError::Database { doing: "make the folder of", place: dir.to_path_buf(), cause: sqlx::Error::Io(cause) };
    fs::create_dir_all(dir).map_err(failed)?;
    let latest = number_of_latest(dir);
    for entry in fs::read_dir(dir).map_err(failed)?.flatten() {
        let path = entry.path();
        let stale = number_of(&path).is_some_and(|number| number < latest) || path.extension().is_some_and(|end| end == "building");
        if stale {
            remove(&path).map_err(failed)?;
        }
    }
    Ok(generation(dir, latest))
}

/// Removes a database and the files that SQLite keeps beside it.
fn remove(path: &Path) -> io::Result<()> {
    for beside in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_os_string();
        name.push(beside);
        match fs::remove_file(&name) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
