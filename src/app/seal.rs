//! Seals readings on the ledger at a steady pace: the Merkle root over what each partition of readings gained since the last seal.

use chrono::TimeDelta;
use millwright_agents::{
    checkpoint::{self, CheckpointError},
    insist::{insist, reaction_id},
};
use millwright_commands::{Ask, Commands, SealReadings};
use millwright_domain::{
    chain::merkle_root,
    codec::encode_scan,
    ids::ActorId,
    ports::{
        clock::Clock,
        event_log::{EventLog, LogError},
    },
    position::{Lane, PartitionId, Position},
    site::ReadingsSealed,
};
use std::{path::PathBuf, sync::Arc};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Error)]
pub enum SealError {
    #[error("the readings to seal could not be read")]
    Log(#[from] LogError),
    #[error("the sealer could not keep its place")]
    Checkpoint(#[from] CheckpointError),
}

/// The most scans under one root.
const SCANS: u64 = 1 << 20;
const PAGE: usize = 4_096;

pub struct Sealer {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    /// The site's partition, which the seals go to.
    pub partition: PartitionId,
    pub every_s: u32,
    pub checkpoint: PathBuf,
}

impl Sealer {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), SealError> {
        let mut sealed: Position = checkpoint::load(&self.checkpoint)?.unwrap_or_default();
        loop {
            let due = self.clock.now().wall + TimeDelta::seconds(self.every_s.max(1).into());
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.clock.wall_reaches(due) => {}
            }
            let head = self.log.head().await?;
            for (lane, end) in head.partitions().filter(|(partition, _)| partition.lane() == Lane::Readings) {
                while sealed.next(lane) < end && !stop.is_cancelled() {
                    let to = self.seal(lane, sealed.next(lane), end, &stop).await?;
                    sealed.advance(lane, to);
                    checkpoint::save(&self.checkpoint, &sealed)?;
                }
            }
        }
    }

    /// Seals from `from` on, and returns where it ended.
    async fn seal(&self, lane: &PartitionId, from: u64, end: u64, stop: &CancellationToken) -> Result<u64, LogError> {
        let mut leaves: Vec<Vec<u8>> = vec![];
        let (mut first, mut next) = (None, from);
        while next < end && (leaves.len() as u64) < SCANS {
            let page = self.log.read_readings(lane, next, PAGE).await?;
            if page.is_empty() {
                break;
            }
            for (seq, scan) in page.iter().filter(|(seq, _)| *seq < end) {
                first.get_or_insert(seq);
                let mut bytes = vec![];
                encode_scan(scan, &mut bytes);
                leaves.push(bytes);
                next = seq + 1;
            }
        }
        let Some(first) = first else { return Ok(end) };
        let leaves: Vec<&[u8]> = leaves.iter().map(Vec::as_slice).collect();
        let sealed = ReadingsSealed { partition: lane.clone(), from: first, to: next, merkle_root: merkle_root(&leaves).to_string() };
        let by: ActorId = "svc-sealer".parse().expect("a literal that is a name");
        let ask = Ask::new(by, SealReadings { sealed }).with_id(reaction_id(format_args!("{lane}:{first}"), "seal", 0));
        insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
        Ok(next)
    }
}
