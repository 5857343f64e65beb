//! The newest values as of a time: what had been received by then of the last ten minutes before it.

use super::extents::ranges;
use crate::{
    db::{Ask, Db, NotRead},
    live::Live,
};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    ids::{DeviceId, SiteId},
    ports::event_log::{EventLog, LogError},
    position::PartitionId,
    reading::{LastScan, Scan},
};
use std::collections::HashMap;

/// A signal that said nothing for so long shows no value.
const BACK: TimeDelta = TimeDelta::minutes(10);
/// Scans looked through in one partition, the latest ones.
const MOST_SCANS: u64 = 20_000;
const BATCH: usize = 4_096;

pub(crate) struct Before {
    /// By the plant's clock.
    at: Timestamp,
}

impl Before {
    pub fn reaching(at: Timestamp) -> Self {
        Self { at }
    }

    pub async fn observed_by(&self, live: &Live, log: &dyn EventLog, db: &Db) -> Result<(), crate::past::NoPast> {
        for partition in partitions(db).await? {
            let ranges = ranges(db, &partition, self.at - BACK, self.at).await.map_err(NotRead::from)?;
            let Some(end) = ranges.last().map(|(_, end)| *end) else { continue };
            let first = ranges[0].0.max(end.saturating_sub(MOST_SCANS));
            self.observe(live, log, &partition, first, end).await?;
        }
        Ok(())
    }

    async fn observe(&self, live: &Live, log: &dyn EventLog, partition: &PartitionId, first: u64, end: u64) -> Result<(), LogError> {
        let mut last: HashMap<(SiteId, DeviceId), LastScan> = HashMap::new();
        let mut next = first;
        while next < end {
            let room = usize::try_from(end - next).unwrap_or(BATCH).min(BATCH);
            let batch = log.read_readings(partition, next, room).await?;
            if batch.is_empty() {
                break;
            }
            next = batch.next();
            let known = batch.into_items().map(|(_, scan)| scan).filter(|scan| scan.received_at <= self.at);
            let scans: Vec<Scan> = known.filter(|scan| last.entry((scan.site.clone(), scan.device.clone())).or_default().admits(scan)).collect();
            live.observe_all(&scans);
        }
        Ok(())
    }
}

async fn partitions(db: &Db) -> Result<Vec<PartitionId>, NotRead> {
    let rows = Ask::new("SELECT DISTINCT partition FROM readings_devices ORDER BY partition").rows(db).await?;
    Ok(rows.iter().map(|row| row.parsed("partition")).collect::<Result<_, sqlx::Error>>()?)
}
