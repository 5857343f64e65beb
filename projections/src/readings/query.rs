//! Asking for latest values and rollups.

use super::{
    bucket::{Bucket, Period},
    tables::{LatestRow, NAME},
};
use crate::db::{Ask, Conn, Db, NotRead, Row, Value};
use millwright_domain::{
    Timestamp,
    ids::{SignalId, SiteId},
    position::Position,
};

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

/// Periods that begin in [from, to), oldest first.
pub async fn rollups(
    db: &Db,
    site: &SiteId,
    signal: &SignalId,
    period: Period,
    [from, to]: [Timestamp; 2],
    limit: usize,
) -> Result<Vec<RollupPoint>, NotRead> {
    let ask = Ask::new(
        "SELECT at, count, not_good, mean, std, min, max, p95, p99 FROM readings_rollups
         WHERE site = $1 AND signal = $2 AND period_s = $3 AND at >= $4 AND at < $5 ORDER BY at LIMIT $6",
    );
    let ask = ask.bind(Value::text(site)).bind(Value::text(signal)).bind(Value::Whole(period.seconds()));
    let ask = ask.bind(Value::Time(from.floor_to(period.seconds()))).bind(Value::Time(to)).bind(Value::count(limit as u64));
    Ok(ask.rows(db).await?.iter().map(point).collect::<Result<_, sqlx::Error>>()?)
}

fn point(row: &Row) -> Result<RollupPoint, sqlx::Error> {
    Ok(RollupPoint {
        at: row.time("at")?,
        count: row.count("count")?,
        not_good: row.count("not_good")?,
        mean: row.maybe_real("mean")?,
        std: row.maybe_real("std")?,
        min: row.maybe_real("min")?,
        max: row.maybe_real("max")?,
        p95: row.maybe_real("p95")?,
        p99: row.maybe_real("p99")?,
    })
}

/// The newest value of every signal of a site.
pub async fn latest(db: &Db, site: &SiteId) -> Result<Vec<LatestRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM readings_latest WHERE site = $1 ORDER BY key").bind(Value::text(site)).docs(db).await?)
}

/// The same, and how far in each partition of the readings it is that: one statement, so one look at the tables.
pub async fn latest_at(db: &Db, site: &SiteId) -> Result<(Position, Vec<LatestRow>), NotRead> {
    let ask = Ask::new(
        "SELECT 'position' AS what, partition AS name, CAST(next_seq AS TEXT) AS value FROM positions WHERE projection = $1
         UNION ALL SELECT 'latest', signal, CAST(doc AS TEXT) FROM readings_latest WHERE site = $2",
    );
    let rows = ask.bind(Value::text(NAME)).bind(Value::text(site)).rows(db).await?;
    let (mut position, mut latest) = (Position::default(), vec![]);
    for row in &rows {
        let value = row.text("value")?;
        if row.text("what")? == "position" {
            position.advance(&row.parsed("name")?, value.parse().unwrap_or(0));
        } else {
            latest.push(serde_json::from_str(&value).map_err(|cause| sqlx::Error::Decode(Box::new(cause)))?);
        }
    }
    Ok((position, latest))
}

/// A stored bucket, to go on with.
pub(super) async fn bucket(
    site: &SiteId,
    signal: &SignalId,
    period: Period,
    at: Timestamp,
    db: &mut Conn<'_>,
) -> Result<Option<Bucket>, sqlx::Error> {
    let ask =
        Ask::new("SELECT count, not_good, mean, min, max, state FROM readings_rollups WHERE site = $1 AND signal = $2 AND period_s = $3 AND at = $4");
    let ask = ask.bind(Value::text(site)).bind(Value::text(signal)).bind(Value::Whole(period.seconds())).bind(Value::Time(at));
    let Some(row) = ask.row(db).await? else { return Ok(None) };
    let figure = |column| row.maybe_real(column).map(Option::unwrap_or_default);
    let figures = [figure("mean")?, figure("min")?, figure("max")?];
    let bucket = Bucket::restored(row.count("count")?, row.count("not_good")?, figures, &row.bytes("state")?);
    bucket.map(Some).map_err(|cause| sqlx::Error::Decode(Box::new(cause)))
}
