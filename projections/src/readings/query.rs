//! Asking for latest values and rollups.

use super::{
    bucket::{Bucket, Period},
    tables::LatestRow,
};
use crate::db::{Db, NotRead, read_docs};
use millwright_domain::{
    Timestamp,
    ids::{SignalId, SiteId},
};
use sqlx::SqliteConnection;

/// One period of one signal. Figures are `None` when the period had no Good value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RollupPoint {
    /// Where the period begins.
    pub at: Timestamp,
    pub count: u64,
    pub not_good: u64,
    pub mean: Option<f64>,
    pub std: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
}

type RollupColumns = (i64, i64, i64, Option<f64>, Option<f64>, Option<f64>, Option<f64>, Option<f64>, Option<f64>);

/// Periods that begin in [from, to), oldest first.
pub async fn rollups(
    db: &Db,
    site: &SiteId,
    signal: &SignalId,
    period: Period,
    [from, to]: [Timestamp; 2],
    limit: usize,
) -> Result<Vec<RollupPoint>, NotRead> {
    let rows: Vec<RollupColumns> = sqlx::query_as(
        "SELECT at, count, not_good, mean, std, min, max, p95, p99 FROM readings_rollups
         WHERE site = $1 AND signal = $2 AND period_s = $3 AND at >= $4 AND at < $5 ORDER BY at LIMIT $6",
    )
    .bind(site.as_str())
    .bind(signal.as_str())
    .bind(period.seconds())
    .bind(from.floor_to(period.seconds()).micros())
    .bind(to.micros())
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&db.0)
    .await?;
    Ok(rows.into_iter().map(point).collect())
}

fn point((at, count, not_good, mean, std, min, max, p95, p99): RollupColumns) -> RollupPoint {
    RollupPoint { at: Timestamp::from_micros(at), count: count.unsigned_abs(), not_good: not_good.unsigned_abs(), mean, std, min, max, p95, p99 }
}

/// The newest value of every signal of a site.
pub async fn latest(db: &Db, site: &SiteId) -> Result<Vec<LatestRow>, NotRead> {
    let docs: Vec<String> =
        sqlx::query_scalar("SELECT doc FROM readings_latest WHERE site = $1 ORDER BY key").bind(site.as_str()).fetch_all(&db.0).await?;
    Ok(read_docs(&docs)?)
}

type StoredBucket = (i64, i64, Option<f64>, Option<f64>, Option<f64>, Vec<u8>);

/// A stored bucket, to go on with.
pub(super) async fn bucket(
    site: &SiteId,
    signal: &SignalId,
    period: Period,
    at: Timestamp,
    db: &mut SqliteConnection,
) -> Result<Option<Bucket>, sqlx::Error> {
    let row: Option<StoredBucket> = sqlx::query_as(
        "SELECT count, not_good, mean, min, max, state FROM readings_rollups WHERE site = $1 AND signal = $2 AND period_s = $3 AND at = $4",
    )
    .bind(site.as_str())
    .bind(signal.as_str())
    .bind(period.seconds())
    .bind(at.micros())
    .fetch_optional(db)
    .await?;
    let Some((count, not_good, mean, min, max, state)) = row else { return Ok(None) };
    let figures = [mean, min, max].map(Option::unwrap_or_default);
    let bucket = Bucket::restored(count.unsigned_abs(), not_good.unsigned_abs(), figures, &state);
    bucket.map(Some).map_err(|cause| sqlx::Error::Decode(Box::new(cause)))
}
