//! `millwright audit`: is the log what was written, and what does it say? Works on a folder or on an exported file, beside a running program or without.

use super::progress;
use crate::{
    app::log::read_only,
    settings::{Engine, Settings},
};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use millwright_domain::{
    chain::{Hash, link},
    ports::event_log::EventLog,
    position::{Lane, PartitionId},
};
use millwright_infra::log::{audit::ChainAudit, embedded::verify};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Debug, Args)]
pub struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Recompute every checksum and the hash chain; names the first bad place of each partition.
    Verify {
        /// An exported file instead of the log.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// The readings, too.
        #[arg(long)]
        readings: bool,
    },
    /// Every fact with its hash, one JSON object a line; can be verified anywhere with `--file`.
    Export {
        #[arg(long)]
        partition: Option<PartitionId>,
        /// Standard output if not given.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// One line of an export. `record` is the stored text to the letter, so the hash can be computed from it.
#[derive(Serialize, Deserialize)]
struct Exported {
    partition: PartitionId,
    seq: u64,
    hash: String,
    record: Box<RawValue>,
}

impl Audit {
    pub async fn run(self, settings: &Settings) -> Result<ExitCode> {
        match (self.what, settings.log.engine) {
            (What::Verify { file: Some(file), .. }, _) => verify_file(&file),
            (What::Verify { file: None, readings }, Engine::Embedded) => verify_folder(&settings.data.join("log"), readings),
            (What::Verify { file: None, .. }, Engine::Kafka) => verify_chains(&*read_only(settings).await?).await,
            (What::Export { partition, out }, _) => export(&*read_only(settings).await?, partition, out).await,
        }
    }
}

/// Checksums, marks and chains of an embedded log.
fn verify_folder(log: &Path, readings: bool) -> Result<ExitCode> {
    if !log.exists() {
        bail!("there is no log at {}; name the folder with --data", log.display());
    }
    let bar = progress::bar(0, "records");
    let mut shown = |partition: &PartitionId, done: u64, of: u64| {
        bar.set_length(of);
        bar.set_position(done);
        bar.set_message(partition.to_string());
    };
    let mut verified = vec![verify::verify_ledger(log, &mut shown)?];
    if readings {
        verified.push(verify::verify_readings(log, &mut shown)?);
    }
    bar.finish_and_clear();
    let mut bad = 0;
    for part in &verified {
        part.good.iter().for_each(|(partition, records)| println!("{partition}: {records} records are what was written"));
        part.findings.iter().for_each(|finding| println!("DAMAGED {finding}"));
        bad += part.findings.len();
    }
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The chains alone, on a log whose storage checks its own bytes.
async fn verify_chains(log: &dyn EventLog) -> Result<ExitCode> {
    let head = log.head().await?;
    let mut good = true;
    for (partition, end) in head.partitions().filter(|(partition, _)| partition.lane() == Lane::Ledger) {
        let bar = progress::bar(end, "records");
        let mut audit = ChainAudit::of(partition);
        let mut broken = None;
        while audit.next_seq() < end && broken.is_none() {
            let page = log.read_ledger(partition, audit.next_seq(), 4_096).await?;
            broken = page.iter().find_map(|(_, record)| audit.admit(record).err());
            bar.set_position(audit.next_seq());
        }
        bar.finish_and_clear();
        match broken {
            None => println!("{partition}: {end} records are what was written"),
            Some(broken) => println!("DAMAGED {partition} seq {}: {:#}", audit.next_seq(), anyhow::Error::from(broken)),
        }
        good &= audit.next_seq() == end;
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// An export may hold a part of a partition: the chain is checked from its first record on.
fn verify_file(path: &Path) -> Result<ExitCode> {
    let file = File::open(path).with_context(|| format!("could not read {}", path.display()))?;
    let mut ends: HashMap<PartitionId, (u64, Hash)> = HashMap::new();
    let mut records = 0u64;
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let place = || format!("{}:{number}", path.display());
        let line = line.with_context(place)?;
        let exported: Exported = serde_json::from_str(&line).with_context(|| format!("{}: not a line of an export", place()))?;
        let (next, previous) = match ends.get(&exported.partition) {
            Some(end) => *end,
            None if exported.seq == 0 => (0, Hash::default()),
            None => bail!("{}: {} begins at seq {}; export it from its beginning", place(), exported.partition, exported.seq),
        };
        let hash = link(previous, exported.seq, exported.record.get().as_bytes());
        if exported.seq != next || hash.to_string() != exported.hash {
            println!("DAMAGED {}: {} seq {} is not what was written, or one before it is missing", place(), exported.partition, exported.seq);
            return Ok(ExitCode::FAILURE);
        }
        ends.insert(exported.partition, (next + 1, hash));
        records += 1;
    }
    println!("{records} records in {} partitions are what was written", ends.len());
    Ok(ExitCode::SUCCESS)
}

async fn export(log: &dyn EventLog, only: Option<PartitionId>, out: Option<PathBuf>) -> Result<ExitCode> {
    let mut out: Box<dyn Write> = match &out {
        Some(path) => Box::new(BufWriter::new(File::create(path).with_context(|| format!("could not write {}", path.display()))?)),
        None => Box::new(BufWriter::new(io::stdout())),
    };
    let head = log.head().await?;
    let ledger = head.partitions().filter(|(partition, _)| partition.lane() == Lane::Ledger);
    for (partition, end) in ledger.filter(|(partition, _)| only.as_ref().is_none_or(|only| only == *partition)) {
        let bar = progress::bar(end, "records");
        let mut next = 0;
        while next < end {
            let page = log.read_ledger(partition, next, 4_096).await?;
            next = page.next();
            for (seq, stored) in page.into_items() {
                let record = RawValue::from_string(String::from_utf8(stored.bytes).context("a record is text")?)?;
                let line = Exported { partition: partition.clone(), seq, hash: stored.hash.to_string(), record };
                serde_json::to_writer(&mut out, &line)?;
                out.write_all(b"\n")?;
            }
            bar.set_position(next);
        }
        bar.finish_and_clear();
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}
