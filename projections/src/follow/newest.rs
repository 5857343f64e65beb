//! The newest values, straight from the log into memory: they must be there for decisions when no database answers.

use crate::{follow::readings::is_followed, live::Live, projections::Projections};
use millwright_domain::{
    ids::{DeviceId, SiteId},
    ports::event_log::{EventLog, LogError},
    position::{PartitionId, Position},
    reading::{LastScan, Scan},
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

const BATCH: usize = 4_096;
/// How far before its end a partition is begun: far enough that each device that is alive is among these. What lies before
/// is known from the tables, if they can be read.
const LOOK_BACK: u64 = 20_000;
const PAUSE_AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Where the newest values are read on. It knows of no tables.
pub(crate) struct Newest {
    live: Arc<Live>,
    at: Position,
    last: HashMap<(SiteId, DeviceId), LastScan>,
}

impl Newest {
    pub fn new(live: Arc<Live>) -> Self {
        Self { live, at: Position::default(), last: HashMap::new() }
    }

    pub async fn up_to(&mut self, log: &dyn EventLog, head: &Position) -> Result<(), LogError> {
        for (partition, end) in head.partitions().filter(|(partition, _)| is_followed(partition)) {
            if self.at.partitions().all(|(known, _)| known != partition) {
                self.at.advance(partition, end.saturating_sub(LOOK_BACK));
            }
            while self.step(log, partition, end).await? {}
        }
        Ok(())
    }

    /// False when there was nothing.
    async fn step(&mut self, log: &dyn EventLog, partition: &PartitionId, end: u64) -> Result<bool, LogError> {
        let from = self.at.next(partition);
        let room = usize::try_from(end.saturating_sub(from)).unwrap_or(usize::MAX).min(BATCH);
        if room == 0 {
            return Ok(false);
        }
        let batch = log.read_readings(partition, from, room).await?;
        let next = batch.next();
        let mut scans: Vec<Scan> = batch.into_items().map(|(_, scan)| scan).collect();
        let was_any = !scans.is_empty();
        scans.retain(|scan| self.last.entry((scan.site.clone(), scan.device.clone())).or_default().admits(scan));
        self.live.observe_all(&scans);
        self.at.advance(partition, next);
        Ok(was_any)
    }
}

impl Projections {
    /// Until shutdown, whatever the log says: without this no machine is written to any more.
    pub(super) async fn follow_newest(&self, log: &dyn EventLog, shutdown: &CancellationToken) {
        let mut seen = Position::default();
        let mut failing = false;
        loop {
            let moved = tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                moved = self.newest_past(log, &seen) => moved,
            };
            match moved {
                Ok(head) => (seen, failing) = (head, false),
                Err(cause) => {
                    if !failing {
                        tracing::warn!(cause = %cause, source = ?std::error::Error::source(&cause), "the newest values cannot be read from the log; it is tried again every second");
                    }
                    failing = true;
                    tokio::select! {
                        () = shutdown.cancelled() => return,
                        () = tokio::time::sleep(PAUSE_AFTER_TROUBLE) => {}
                    }
                }
            }
        }
    }

    async fn newest_past(&self, log: &dyn EventLog, seen: &Position) -> Result<Position, LogError> {
        let head = log.past(seen).await?;
        self.inner.newest.lock().await.up_to(log, &head).await?;
        Ok(head)
    }
}
