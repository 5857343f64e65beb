//! Making proof files: found by a fact's id, by a reading's place, or for two checkpoints.

use crate::{
    app::{
        log::read_only,
        proving::{OnLedger, Prover},
    },
    cli::progress,
    settings::Settings,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use millwright_domain::{
    Event,
    audit::{
        CheckpointSigned, Proof, ProofFile,
        merkle::{Tree, inclusion, leaf_hash},
        proof::ReadingProof,
    },
    codec::{decode, encode_scan},
    ids::{DeviceId, EventId},
    ports::event_log::EventLog,
    position::{Lane, PartitionId},
    site::ReadingsSealed,
};
use std::{convert::Infallible, path::PathBuf, process::ExitCode, sync::Arc};

#[derive(Debug, Args)]
pub struct Prove {
    /// The id of a fact, as the page and `millwright log tail --json` show it.
    #[arg(required_unless_present_any = ["reading", "since"], conflicts_with_all = ["reading", "since"])]
    event: Option<EventId>,
    /// A reading by its place: device, epoch and number of the scan, such as `plc-1/3/1700`.
    #[arg(long, value_name = "DEVICE/EPOCH/SCAN")]
    reading: Option<Scan>,
    /// That the latest checkpoint continues the one over so many records of `--partition`.
    #[arg(long, value_name = "SIZE", requires = "partition", conflicts_with = "reading")]
    since: Option<u64>,
    /// Where to look; everywhere if not given.
    #[arg(long)]
    partition: Option<PartitionId>,
    /// Standard output if not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone)]
struct Scan {
    device: DeviceId,
    epoch: u64,
    scan: u64,
}

impl std::str::FromStr for Scan {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a reading is named by device, epoch and number of the scan, such as plc-1/3/1700".to_string();
        let (rest, scan) = text.rsplit_once('/').ok_or_else(wrong)?;
        let (device, epoch) = rest.rsplit_once('/').ok_or_else(wrong)?;
        let number = |text: &str| text.parse().map_err(|_no_number| wrong());
        Ok(Self { device: device.parse().map_err(|bad| format!("{bad}"))?, epoch: number(epoch)?, scan: number(scan)? })
    }
}

impl Prove {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        let log = read_only(settings).await?;
        let prover = Prover::new(log.clone(), None);
        let only = self.partition.as_ref();
        let proof = match (self.event, &self.reading, self.since) {
            (Some(event), ..) => {
                let (partition, seq) = find(&*log, only, event).await?;
                ProofFile::Inclusion(Box::new(proved(&prover, &partition, seq).await?))
            }
            (None, Some(reading), _) => ProofFile::Inclusion(Box::new(of_reading(&log, &prover, only, reading).await?)),
            (None, None, Some(size)) => continued(&*log, &prover, only.context("name the partition with --partition")?, size).await?,
            (None, None, None) => bail!("name a fact, a reading or a checkpoint"),
        };
        let text = serde_json::to_string_pretty(&proof)?;
        match &self.out {
            Some(path) => {
                std::fs::write(path, text + "\n").with_context(|| format!("could not write {}", path.display()))?;
                println!("{} holds the proof; `millwright audit verify --proof {}` checks it anywhere", path.display(), path.display());
            }
            None => println!("{text}"),
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn proved(prover: &Prover, partition: &PartitionId, seq: u64) -> Result<Proof> {
    let bar = progress::bar(0, "records into the tree");
    let proof = prover.fact(partition, seq, |done| bar.set_position(done)).await?;
    bar.finish_and_clear();
    proof.with_context(|| {
        format!(
            "no checkpoint is over {partition} seq {seq} yet; the program signs one every hour (audit.checkpoint_every_s), and when it is stopped"
        )
    })
}

async fn ledgers(log: &dyn EventLog, only: Option<&PartitionId>) -> Result<Vec<(PartitionId, u64)>> {
    let head = log.head().await?;
    let ledgers = head.partitions().filter(|(partition, _)| partition.lane() == Lane::Ledger);
    Ok(ledgers.filter(|(partition, _)| only.is_none_or(|only| only == *partition)).map(|(partition, end)| (partition.clone(), end)).collect())
}

/// Ids are texts of one length, so the record that holds it as its own begins with it.
async fn find(log: &dyn EventLog, only: Option<&PartitionId>, event: EventId) -> Result<(PartitionId, u64)> {
    let mark = format!("{{\"id\":\"{event}\"");
    for (partition, end) in ledgers(log, only).await? {
        let mut next = 0;
        while next < end {
            let page = log.read_ledger(&partition, next, 4_096).await?;
            if let Some((seq, _)) = page.iter().find(|(_, record)| record.bytes.starts_with(mark.as_bytes())) {
                return Ok((partition, seq));
            }
            next = page.next();
        }
    }
    bail!("there is no fact {event} on the ledger; `millwright log tail --json` shows ids")
}

async fn continued(log: &dyn EventLog, prover: &Prover, partition: &PartitionId, size: u64) -> Result<ProofFile> {
    let latest: OnLedger = prover.latest(partition).await?.with_context(|| format!("there is no checkpoint on {partition} yet"))?;
    let old = checkpoint_over(log, partition, size).await?;
    let proof = prover.consistency(partition, &old, &latest.checkpoint, |_| ()).await?;
    Ok(ProofFile::Consistency(Box::new(proof)))
}

async fn checkpoint_over(log: &dyn EventLog, partition: &PartitionId, size: u64) -> Result<CheckpointSigned> {
    let end = log.head().await?.next(partition);
    let mut next = size;
    while next < end {
        let page = log.read_ledger(partition, next, 4_096).await?;
        for (_, record) in page.iter() {
            match decode(&record.bytes)?.event {
                Event::CheckpointSigned(fact) if fact.tree_size == size => return Ok(fact),
                Event::CheckpointSigned(_) => bail!("there is no checkpoint over the first {size} records of {partition}"),
                _ => {}
            }
        }
        next = page.next();
    }
    bail!("there is no checkpoint over the first {size} records of {partition}")
}

/// The scan, its seal, the fact that holds the seal, and the checkpoint over that: one file.
async fn of_reading(log: &Arc<dyn EventLog>, prover: &Prover, only: Option<&PartitionId>, wanted: &Scan) -> Result<Proof> {
    let (lane, seq) = find_scan(&**log, wanted).await?;
    let (partition, at, seal) = find_seal(&**log, only, &lane, seq).await?;
    let mut proof = proved(prover, &partition, at).await?;
    let mut tree = Tree::default();
    let mut scan = None;
    let mut next = seal.from;
    while next < seal.to {
        let page = log.read_readings(&lane, next, 4_096).await?;
        let Some((first, _)) = page.iter().next().filter(|(first, _)| *first == next) else {
            bail!("the readings from {next} on under this seal are gone; retention dropped them (log.readings_retention_days)");
        };
        debug_assert_eq!(first, next);
        for (number, item) in page.iter().filter(|(number, _)| *number < seal.to) {
            let mut bytes = vec![];
            encode_scan(item, &mut bytes);
            tree.push(leaf_hash(&bytes));
            if number == seq {
                scan = Some(String::from_utf8(bytes).context("a scan is text")?);
            }
        }
        next = page.next();
    }
    let nodes = &mut |node| Ok::<_, Infallible>(tree.node(node).unwrap_or_default());
    let Ok(path) = inclusion(seq - seal.from, seal.to - seal.from, nodes);
    proof.reading = Some(ReadingProof { seq, scan: scan.context("the reading is gone")?, path });
    Ok(proof)
}

async fn find_scan(log: &dyn EventLog, wanted: &Scan) -> Result<(PartitionId, u64)> {
    let head = log.head().await?;
    for (lane, end) in head.partitions().filter(|(partition, _)| partition.lane() == Lane::Readings) {
        let bar = progress::bar(end, "scans");
        let mut next = 0;
        while next < end {
            let page = log.read_readings(lane, next, 4_096).await?;
            if page.is_empty() {
                break;
            }
            let found = page.iter().find(|(_, scan)| scan.device == wanted.device && scan.epoch == wanted.epoch && scan.scan == wanted.scan);
            if let Some((seq, _)) = found {
                return Ok((lane.clone(), seq));
            }
            next = page.next();
            bar.set_position(next);
        }
        bar.finish_and_clear();
    }
    bail!("there is no scan {} of {} under epoch {}, or retention dropped it", wanted.scan, wanted.device, wanted.epoch)
}

async fn find_seal(log: &dyn EventLog, only: Option<&PartitionId>, lane: &PartitionId, seq: u64) -> Result<(PartitionId, u64, ReadingsSealed)> {
    for (partition, end) in ledgers(log, only).await? {
        let mut next = 0;
        while next < end {
            let page = log.read_ledger(&partition, next, 4_096).await?;
            for (at, record) in page.iter() {
                match decode(&record.bytes)?.event {
                    Event::ReadingsSealed(seal) if seal.partition == *lane && (seal.from..seal.to).contains(&seq) => {
                        return Ok((partition, at, seal));
                    }
                    _ => {}
                }
            }
            next = page.next();
        }
    }
    bail!("the reading is under no seal yet; the next one is made within log.seal_every_s")
}
