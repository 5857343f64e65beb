//! Raw values of one signal, read back from the log near to where they lie.

use super::{
    extents::ranges,
    tables::{LatestRow, device_key, latest_key},
};
use crate::db::{Ask, Db, NotRead, Value};
use millwright_domain::{
    Timestamp,
    ids::{SignalId, SiteId},
    ports::event_log::{EventLog, LogError},
    position::PartitionId,
    reading::{Quality, Scan},
};
use thiserror::Error;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawPoint {
    pub at: Timestamp,
    pub value: Option<f64>,
    pub quality: Quality,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct RawSeries {
    /// By time of measurement.
    pub points: Vec<RawPoint>,
    /// There is more than was asked for, or than may be searched at once.
    pub truncated: bool,
}

#[derive(Debug, Error)]
pub enum RawError {
    #[error("could not look up where the readings lie")]
    Index(#[from] NotRead),
    #[error("could not read the readings back")]
    Log(#[from] LogError),
}

/// Scans that one question may look through.
const MOST_SCANS: u64 = 200_000;
const BATCH: usize = 2_000;

/// Values measured in [from, to), at most `limit`; of these, those that had been received by `known_by`, if that is given.
pub async fn raw(
    log: &dyn EventLog,
    db: &Db,
    site: &SiteId,
    signal: &SignalId,
    [from, to]: [Timestamp; 2],
    known_by: Option<Timestamp>,
    limit: usize,
) -> Result<RawSeries, RawError> {
    let mut series = RawSeries::default();
    let Some(partition) = partition_of(db, site, signal).await? else { return Ok(series) };
    let mut looked_at = 0;
    for (first, end) in ranges(db, &partition, from, to).await.map_err(NotRead::from)? {
        let mut next = first;
        while next < end {
            let room = usize::try_from(end - next).unwrap_or(BATCH).min(BATCH);
            let batch = log.read_readings(&partition, next, room).await?;
            if batch.is_empty() || looked_at >= MOST_SCANS {
                series.truncated |= looked_at >= MOST_SCANS;
                break;
            }
            looked_at += batch.len() as u64;
            next = batch.next();
            let known = batch.iter().filter(|(_, scan)| known_by.is_none_or(|known_by| scan.received_at <= known_by));
            known.for_each(|(_, scan)| collect(scan, site, signal, [from, to], &mut series.points));
        }
    }
    // At least once: a scan that was sent again counts once here, too.
    series.points.sort_by_key(|point| point.at);
    series.points.dedup();
    series.truncated |= series.points.len() > limit;
    series.points.truncate(limit);
    Ok(series)
}

fn collect(scan: &Scan, site: &SiteId, signal: &SignalId, [from, to]: [Timestamp; 2], points: &mut Vec<RawPoint>) {
    if scan.site != *site {
        return;
    }
    for reading in scan.readings.iter().filter(|reading| reading.signal == *signal) {
        let at = reading.source_time.unwrap_or(scan.scanned_at);
        if from <= at && at < to {
            points.push(RawPoint { at, value: reading.value(), quality: reading.quality() });
        }
    }
}

async fn partition_of(db: &Db, site: &SiteId, signal: &SignalId) -> Result<Option<PartitionId>, NotRead> {
    let ask = Ask::new("SELECT doc FROM readings_latest WHERE key = $1").bind(Value::Text(latest_key(site, signal)));
    let Some(latest) = ask.doc::<LatestRow>(db).await? else { return Ok(None) };
    let ask = Ask::new("SELECT partition FROM readings_devices WHERE key = $1").bind(Value::Text(device_key(site, &latest.device)));
    Ok(ask.row(db).await?.map(|row| row.parsed("partition")).transpose()?)
}
