//! Verifying: the log in place, an export, a proof file, and the log against checkpoints that somebody kept.

use crate::{
    app::log::read_only,
    cli::progress,
    settings::{Engine, Settings},
};
use anyhow::{Context, Result, bail};
use clap::Args;
use millwright_domain::{
    audit::{ProofFile, PublicKey},
    chain::{Hash, link},
    export::ExportedFact,
    ports::event_log::EventLog,
    position::{Lane, PartitionId},
};
use millwright_infra::{
    audit::heads::kept,
    log::{
        audit::ChainAudit,
        embedded::verify::{self, Kept, Signed, Verified},
    },
};
use std::{
    collections::HashMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

#[derive(Debug, Args)]
pub struct Verify {
    /// An exported file instead of the log.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["proof", "readings", "checkpoints"])]
    file: Option<PathBuf>,
    /// A proof file instead of the log.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["readings", "checkpoints"])]
    proof: Option<PathBuf>,
    /// The public key that checkpoints must be signed with. Without it, whose signature it is remains for you to judge.
    #[arg(long, value_name = "PUBLIC")]
    key: Option<PublicKey>,
    /// Checkpoints that somebody kept elsewhere: a ledger that was written anew does not fit them.
    #[arg(long, value_name = "FILE")]
    checkpoints: Option<PathBuf>,
    /// The readings, too.
    #[arg(long)]
    readings: bool,
}

impl Verify {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        if let Some(file) = &self.file {
            return verify_file(file);
        }
        if let Some(proof) = &self.proof {
            return verify_proof(proof, self.key.as_ref());
        }
        let kept = self.checkpoints.as_deref().map(read_kept).transpose()?.unwrap_or_default();
        let good = match settings.log.engine {
            Engine::Embedded => verify_folder(&settings.data.join("log"), &kept, self.readings)?,
            Engine::Kafka => verify_chains(&*read_only(settings).await?, &kept).await?,
        };
        let good = good.iter().fold(true, |good, (partition, signed)| good & said(partition, signed, kept.get(partition), self.key.as_ref()));
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// What was signed of each partition that is good; `None` for one that is not.
type Partitions = Vec<(PartitionId, Option<Signed>)>;

fn said(partition: &PartitionId, signed: &Option<Signed>, kept: Option<&Vec<millwright_domain::audit::Checkpoint>>, key: Option<&PublicKey>) -> bool {
    let Some(signed) = signed else { return false };
    if signed.checkpoints > 0 {
        let key = signed.keys.last().cloned().unwrap_or_default();
        let hold = if signed.checkpoints == 1 { "checkpoint holds" } else { "checkpoints hold" };
        println!("{partition}: {} {hold}, the last over {} records, signed with {key}", signed.checkpoints, signed.up_to);
    }
    for key in &signed.unvouched {
        println!("{partition}: NOTE no key before it vouches for {key}; ask who made it");
    }
    if let Some(kept) = kept {
        println!("{partition}: {} of {} checkpoints that were kept elsewhere are of this ledger", signed.met, kept.len());
    }
    match key.map(ToString::to_string) {
        Some(key) if !signed.keys.is_empty() && !signed.keys.contains(&key) => {
            println!("DAMAGED {partition}: none of its checkpoints is signed with {key}");
            false
        }
        _ => true,
    }
}

fn read_kept(path: &Path) -> Result<Kept> {
    let text = fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    let (checkpoints, others) = kept(&text);
    if others > 0 {
        println!("{}: {others} parts of it are no checkpoint and are passed over", path.display());
    }
    let mut by_partition = Kept::new();
    for (checkpoint, _) in checkpoints {
        let mut parts = checkpoint.origin.rsplitn(3, '/');
        let named = parts.next().zip(parts.next()).map(|(name, lane)| format!("{lane}/{name}"));
        let partition: Option<PartitionId> = named.filter(|named| named.starts_with("ledger/")).and_then(|named| named.parse().ok());
        let partition = partition.with_context(|| format!("{} holds a checkpoint of {:?}, which is no ledger", path.display(), checkpoint.origin))?;
        by_partition.entry(partition).or_default().push(checkpoint);
    }
    if by_partition.is_empty() {
        bail!("{} holds no checkpoint; give a file as `GET /audit/checkpoints` answers it", path.display());
    }
    Ok(by_partition)
}

/// Checksums, marks, chains and checkpoints of an embedded log.
fn verify_folder(log: &Path, kept: &Kept, readings: bool) -> Result<Partitions> {
    if !log.exists() {
        bail!("there is no log at {}; name the folder with --data", log.display());
    }
    let bar = progress::bar(0, "records");
    let began = Instant::now();
    let mut shown = |walked: verify::Walked<'_>| {
        bar.set_length(walked.of);
        bar.set_position(walked.done);
        bar.set_message(format!("{}, {}", walked.partition, rate(walked.bytes, began)));
    };
    let mut all = vec![verify::verify_ledger_against(log, kept, &mut shown)?];
    if readings {
        all.push(verify::verify_readings(log, &mut shown)?);
    }
    bar.finish_and_clear();
    let mut partitions = vec![];
    for Verified { good, findings, signed, .. } in &all {
        good.iter().for_each(|(partition, records)| println!("{partition}: {records} records are what was written"));
        findings.iter().for_each(|finding| println!("DAMAGED {finding}"));
        let is_bad = |partition: &PartitionId| findings.iter().any(|finding| finding.partition.as_ref() == Some(partition));
        partitions.extend(signed.iter().map(|(partition, signed)| (partition.clone(), (!is_bad(partition)).then(|| signed.clone()))));
        partitions.extend(findings.iter().map(|finding| (finding.partition.clone().unwrap_or_else(PartitionId::platform), None)));
    }
    let bytes = all.iter().map(|verified| verified.bytes).sum();
    println!("{:.1} MB, {}", bytes as f64 / 1e6, rate(bytes, began));
    Ok(partitions)
}

fn rate(bytes: u64, since: Instant) -> String {
    format!("{:.0} MB/s", bytes as f64 / 1e6 / since.elapsed().as_secs_f64().max(1e-6))
}

/// The chains and checkpoints alone, on a log whose storage checks its own bytes.
async fn verify_chains(log: &dyn EventLog, kept: &Kept) -> Result<Partitions> {
    let head = log.head().await?;
    let mut partitions = vec![];
    for (partition, end) in head.partitions().filter(|(partition, _)| partition.lane() == Lane::Ledger) {
        let bar = progress::bar(end, "records");
        let mut audit = ChainAudit::of(partition).against(kept.get(partition).into_iter().flatten().cloned());
        let mut broken = None;
        while audit.next_seq() < end && broken.is_none() {
            let page = log.read_ledger(partition, audit.next_seq(), 4_096).await?;
            broken = page.iter().find_map(|(_, record)| audit.admit(record).err());
            bar.set_position(audit.next_seq());
        }
        bar.finish_and_clear();
        let beyond = audit.signed().beyond().map(|size| format!("somebody kept a checkpoint over its first {size} records"));
        let wrong = broken.map(|broken| format!("{:#}", anyhow::Error::from(broken))).or(beyond);
        match &wrong {
            None => println!("{partition}: {end} records are what was written"),
            Some(wrong) => println!("DAMAGED {partition} seq {}: {wrong}", audit.next_seq()),
        }
        partitions.push((partition.clone(), wrong.is_none().then(|| audit.signed().into())));
    }
    Ok(partitions)
}

/// An export may hold a part of a ledger: each line is checked by itself, and against the one before it where they follow each other.
fn verify_file(path: &Path) -> Result<ExitCode> {
    let mut file = BufReader::new(File::open(path).with_context(|| format!("could not read {}", path.display()))?);
    if file.fill_buf().with_context(|| format!("could not read {}", path.display()))?.starts_with(b"PAR1") {
        bail!("{} is a Parquet file, which is for analysis; to verify, export as lines of JSON (--format jsonl)", path.display());
    }
    let mut ends: HashMap<PartitionId, (u64, Hash)> = HashMap::new();
    let (mut records, mut gaps) = (0u64, 0u64);
    for (number, line) in (1..).zip(file.lines()) {
        let place = || format!("{}:{number}", path.display());
        let line = line.with_context(place)?;
        let exported: ExportedFact = serde_json::from_str(&line).with_context(|| format!("{}: not a line of an export", place()))?;
        let (next, previous) = match (ends.get(&exported.partition), exported.previous_hash) {
            (Some(end), None) => *end,
            (Some((next, hash)), Some(said)) if exported.seq == *next && said != *hash => (*next, *hash),
            (None, None) if exported.seq == 0 => (0, Hash::default()),
            (None, None) => bail!("{}: {} begins at seq {}; export it from its beginning", place(), exported.partition, exported.seq),
            (end, Some(said)) => {
                let follows = end.map_or(exported.seq == 0, |(next, _)| *next == exported.seq);
                gaps += u64::from(!follows);
                (exported.seq, said)
            }
        };
        let hash = link(previous, exported.seq, exported.record.get().as_bytes());
        if exported.seq != next || hash != exported.hash {
            println!("DAMAGED {}: {} seq {} is not what was written, or one before it is missing", place(), exported.partition, exported.seq);
            return Ok(ExitCode::FAILURE);
        }
        ends.insert(exported.partition, (next + 1, hash));
        records += 1;
    }
    let missing = if gaps > 0 { format!("; what lies in {gaps} gaps was left out of the export") } else { String::new() };
    println!("{records} records in {} partitions are what was written{missing}", ends.len());
    Ok(ExitCode::SUCCESS)
}

fn verify_proof(path: &Path, key: Option<&PublicKey>) -> Result<ExitCode> {
    let text = fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    let file: ProofFile = serde_json::from_str(&text).with_context(|| format!("{} is no proof file", path.display()))?;
    let (said, signer) = match &file {
        ProofFile::Inclusion(proof) => match proof.check() {
            Ok(proved) => {
                let fact = &proved.fact;
                let of = format!("{} of {} by {}, recorded at {}", fact.event.kind(), fact.id, fact.actor, fact.recorded_at);
                let scan = proved.scan.map(|scan| format!("scan {} of {} under epoch {} is under a seal: ", scan.scan, scan.device, scan.epoch));
                let within = format!("seq {} among the first {} of {}", fact.seq, proved.checkpoint.size, proved.checkpoint.origin);
                (Ok(format!("{}{of} is {within}", scan.unwrap_or_default())), proof.public_key)
            }
            Err(unproved) => (Err(unproved), proof.public_key),
        },
        ProofFile::Consistency(proof) => {
            let checked = proof.check();
            let said =
                checked.map(|(old, new)| format!("the checkpoint of {} over {} records continues the one over {}", new.origin, new.size, old.size));
            (said, proof.public_key)
        }
    };
    match (said, key) {
        (Err(unproved), _) => println!("NOT PROVED {}: {:#}", path.display(), anyhow::Error::from(unproved)),
        (Ok(_), Some(key)) if *key != signer => println!("NOT PROVED {}: it is signed with {signer}, not with {key}", path.display()),
        (Ok(said), key) => {
            println!("{said}");
            match key {
                Some(key) => println!("signed with {key}"),
                None => println!("signed with {signer}; whether that is a key you trust is for you to say (--key)"),
            }
            return Ok(ExitCode::SUCCESS);
        }
    }
    Ok(ExitCode::FAILURE)
}
