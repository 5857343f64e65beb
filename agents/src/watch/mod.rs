//! On readings, watch: learn, alert, diagnose, and tell recovery. Everything it finds is asked for as a command; it decides nothing.
//!
//! Its state and how far it has read are one snapshot. After a crash it reads on from there, finds the same again and asks with the
//! same command ids, so that a killed and an unbroken run leave the same facts.

mod catch_up;
mod followed;
#[cfg(test)]
mod memory;
mod reactions;
#[cfg(test)]
mod tests;

use crate::{
    checkpoint::{self, CheckpointError},
    diagnosis::RuleBook,
    fact_tail::TailError,
    monitor::MonitorSettings,
    recovery::RecoverySettings,
    site_tail::SiteTail,
};
use chrono::TimeDelta;
use followed::Followed;
use millwright_commands::Commands;
use millwright_domain::{
    Timestamp,
    ids::SiteId,
    plant::Plant,
    ports::{
        clock::Clock,
        event_log::{Committed, EventLog, LogError},
    },
    position::{Lane, PartitionId, Position},
    reading::Scan,
};
use reactions::Reactions;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchSettings {
    pub monitor: MonitorSettings,
    pub recovery: RecoverySettings,
    /// Wall seconds between snapshots: what a start after a crash has to read again, at most.
    pub snapshot_every_s: u32,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self { monitor: MonitorSettings::default(), recovery: RecoverySettings::default(), snapshot_every_s: 30 }
    }
}

#[derive(Debug, Error)]
pub enum WatchError {
    #[error("the monitor could not follow its site")]
    Tail(#[from] TailError),
    #[error("the monitor could not read the readings")]
    Readings(#[source] LogError),
    #[error("the monitor could not keep its place")]
    Snapshot(#[from] CheckpointError),
}

/// Watches one site.
pub struct Watch {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub site: SiteId,
    pub rules: RuleBook,
    pub settings: WatchSettings,
    /// Where state and position are kept.
    pub snapshot: PathBuf,
}

/// Scans asked of the log at a time.
const PAGE: usize = 512;

/// The program was told to stop while something was still unanswered: nothing may be saved, the next start asks again.
struct Stopped;

impl Watch {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), WatchError> {
        let mut tail = SiteTail::at_the_end(self.log.clone(), PartitionId::site(&self.site)).await?;
        let Some(plant) = described(&mut tail, &stop).await? else { return Ok(()) };
        let mut followed = self.resume(&plant)?;
        followed.take_in(&tail.site);
        let mut saved_at = self.clock.now().wall;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return self.save(&followed),
                facts = tail.next() => {
                    facts?;
                    followed.take_in(&tail.site);
                }
                page = self.next_scans(&followed.position) => {
                    let (partition, page) = page.map_err(WatchError::Readings)?;
                    let reactions = Reactions { watch: &self, site: &tail.site, stop: &stop };
                    if let Err(Stopped) = take_in(&mut followed, &partition, page, &reactions).await {
                        return Ok(());
                    }
                    self.save_when_due(&followed, &mut saved_at)?;
                }
            }
        }
    }

    /// Where the last run left off; from the first reading kept if there is nothing usable.
    fn resume(&self, plant: &Plant) -> Result<Followed, WatchError> {
        let kept = match checkpoint::load::<Followed>(&self.snapshot) {
            Ok(kept) => kept,
            Err(CheckpointError::Content { place, cause }) => {
                tracing::warn!(place = %place.display(), error = %cause, "the monitor's snapshot is of another version; it learns anew from the readings");
                None
            }
            Err(error) => return Err(error.into()),
        };
        Ok(kept.map_or_else(|| Followed::new(plant, self.settings.monitor), |kept| kept.adopting(plant)))
    }

    fn save(&self, followed: &Followed) -> Result<(), WatchError> {
        Ok(checkpoint::save(&self.snapshot, followed)?)
    }

    fn save_when_due(&self, followed: &Followed, saved_at: &mut Timestamp) -> Result<(), WatchError> {
        let now = self.clock.now().wall;
        if now.since(*saved_at) < TimeDelta::seconds(i64::from(self.settings.snapshot_every_s)) {
            return Ok(());
        }
        *saved_at = now;
        self.save(followed)
    }

    /// Waits for scans behind `position`. Dropping the wait loses nothing.
    async fn next_scans(&self, position: &Position) -> Result<(PartitionId, Committed<Scan>), LogError> {
        let mut head = self.log.head().await?;
        loop {
            let behind = head.partitions().find(|(partition, next)| partition.lane() == Lane::Readings && position.next(partition) < *next);
            if let Some((partition, _)) = behind {
                let page = self.log.read_readings(partition, position.next(partition), PAGE).await?;
                return Ok((partition.clone(), page));
            }
            head = self.log.past(&head).await?;
        }
    }
}

/// Waits until the site is described; `None` if told to stop first.
async fn described(tail: &mut SiteTail, stop: &CancellationToken) -> Result<Option<Plant>, WatchError> {
    loop {
        if let Some(plant) = &tail.site.plant {
            return Ok(Some(plant.clone()));
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(None),
            facts = tail.next() => facts?,
        };
    }
}

async fn take_in(followed: &mut Followed, partition: &PartitionId, page: Committed<Scan>, reactions: &Reactions<'_>) -> Result<(), Stopped> {
    let next = page.next();
    for (seq, scan) in page.into_items() {
        if scan.site == reactions.watch.site {
            reactions.observe(followed, &scan).await?;
        }
        followed.position.advance(partition, seq + 1);
    }
    followed.position.advance(partition, next);
    Ok(())
}
