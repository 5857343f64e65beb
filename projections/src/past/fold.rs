//! Making a past: from the nearest one before it, fact by fact, with stops on the way that are kept as pasts of their own.

use super::{
    NoPast,
    cut::{cut, hash_before, recorded_at},
    shelf::{Kept, MARKS, Shelf, facts, mark_rows, projections, shapes},
};
use crate::{
    db::Conn,
    follow::ledger::LedgerFold,
    rebuild::{Pace, Progress},
    store::{self, Store, StoreError, create_indexes, sqlite},
};
use millwright_domain::{
    ports::event_log::{EventLog, LogError},
    position::{PartitionId, Position},
};
use std::{fs, path::Path, sync::Arc};

/// A fold that is longer than this is stopped on its way, so that the next one has less far to go.
pub(super) const STRIDE: u64 = 250_000;
/// Stops of one fold at most.
const MOST_STOPS: u64 = 8;

/// Who is told how far it is, and asked whether to go on.
pub(super) trait Watched: Send + Sync {
    /// False to give it up.
    fn tell(&self, progress: Progress) -> bool;
}

/// `None` when it was given up.
pub(super) async fn fold(
    shelf: &mut Shelf,
    log: &dyn EventLog,
    wanted: &Position,
    stride: u64,
    watched: &dyn Watched,
) -> Result<Option<Arc<Store>>, NoPast> {
    let mut base = shelf.nearest(wanted, log).await?;
    let begun_at = base.as_ref().map_or(0, |base| facts(&base.position));
    let of = facts(wanted) - begun_at;
    let pace = Pace::from(0);
    let path = match &base {
        Some(there) if there.position == *wanted => shelf.path(there.number()),
        _ => {
            let from = base.as_ref().map(|base| base.position.clone()).unwrap_or_default();
            let mut finished = None;
            for stop in stops(log, &from, wanted, stride).await? {
                let tell = |reached: &Position| watched.tell(pace.at(facts(reached) - begun_at, of));
                let Some(path) = go_on(shelf, log, base.as_ref(), &stop, &tell).await? else { return Ok(None) };
                finished = Some(path);
                base = shelf.nearest(&stop, log).await?;
            }
            // The last stop is what was wanted, so there is one.
            let Some(path) = finished else { return Ok(None) };
            path
        }
    };
    serve(&path).await.map(|store| Some(Arc::new(store)))
}

/// Where to stop on the way, the end included. Each is where some time cuts the log, so that none is ahead in one partition only.
async fn stops(log: &dyn EventLog, from: &Position, to: &Position, stride: u64) -> Result<Vec<Position>, LogError> {
    let way = |partition: &PartitionId| to.next(partition) - from.next(partition).min(to.next(partition));
    let total = facts(to) - facts(from);
    let mut stops = Vec::new();
    let longest = to.partitions().map(|(partition, _)| partition).max_by_key(|partition| way(partition));
    if let Some(longest) = longest.filter(|_| total > stride) {
        let pieces = (total / stride.max(1)).min(MOST_STOPS);
        for piece in 1..pieces {
            let seq = from.next(longest) + way(longest) * piece / pieces;
            let Some((_, at)) = recorded_at(log, longest, seq, to.next(longest)).await? else { continue };
            let stop = cut(log, at).await?;
            let is_on_the_way = to.covers(&stop) && stop.covers(stops.last().unwrap_or(from)) && stop != *to;
            if is_on_the_way && Some(&stop) != stops.last() {
                stops.push(stop);
            }
        }
    }
    stops.push(to.clone());
    Ok(stops)
}

/// One piece of the way: a copy of what is there, folded on and given its name. `None` when it was given up.
async fn go_on(
    shelf: &mut Shelf,
    log: &dyn EventLog,
    base: Option<&Kept>,
    to: &Position,
    tell: &(dyn Fn(&Position) -> bool + Send + Sync),
) -> Result<Option<std::path::PathBuf>, NoPast> {
    let (number, path) = shelf.begin();
    let failed = |doing, cause| StoreError::Database { doing, place: path.display().to_string(), cause: sqlx::Error::Io(cause) };
    if let Some(base) = base {
        copy(&shelf.path(base.number()), &path).await.map_err(|cause| failed("copy", cause))?;
    }
    let store = Arc::new(sqlite::connect(&path, 1, &shapes()).await?);
    let mut fold = LedgerFold::of(store.clone(), projections());
    for (partition, end) in to.partitions() {
        while fold.step(log, partition, end).await?.is_some() {
            if !tell(&fold.position().await?) {
                drop(fold);
                store::close(store).await;
                sqlite::remove(&path).map_err(|cause| failed("remove", cause))?;
                return Ok(None);
            }
        }
    }
    drop(fold);
    let marks = marks(log, to).await?;
    write_marks(&store, &marks).await.map_err(|cause| StoreError::Database { doing: "write", place: path.display().to_string(), cause })?;
    // Closed, it is one whole file.
    store::close(store).await;
    let finished = shelf.finish(number, marks, to.clone()).map_err(|cause| failed("put in place", cause))?;
    Ok(Some(finished))
}

async fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let (from, to) = (from.to_path_buf(), to.to_path_buf());
    tokio::task::spawn_blocking(move || fs::copy(from, to).map(drop)).await.map_err(std::io::Error::other)?
}

async fn marks(log: &dyn EventLog, to: &Position) -> Result<Vec<(String, u64, String)>, LogError> {
    let mut marks = Vec::new();
    for (partition, next) in to.partitions() {
        if let Some(hash) = hash_before(log, partition, next).await? {
            marks.push((partition.to_string(), next, hash.to_string()));
        }
    }
    Ok(marks)
}

async fn write_marks(store: &Store, marks: &[(String, u64, String)]) -> Result<(), sqlx::Error> {
    let mut writer = store.writer().await?;
    let mut conn: Conn<'_> = writer.conn();
    MARKS.create(&mut conn).await?;
    MARKS.upsert(mark_rows(marks), &mut conn).await
}

/// Opens a finished past for questions; what they need to be quick is made first, and then nothing is written any more.
async fn serve(path: &Path) -> Result<Store, NoPast> {
    let shapes = shapes();
    let store = sqlite::connect(path, 1, &shapes).await?;
    {
        let failed = |cause| StoreError::Database { doing: "prepare", place: path.display().to_string(), cause };
        let mut writer = store.writer().await.map_err(failed)?;
        create_indexes(&shapes, &mut writer.conn()).await.map_err(failed)?;
    }
    store.close().await;
    Ok(sqlite::connect_small(path, 1, &shapes).await?)
}
