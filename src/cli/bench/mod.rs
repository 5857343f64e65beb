//! `millwright bench`: figures as ratios against a peer or a physical limit in the same run, because machines differ and absolute times prove nothing.

mod alert;
mod append;
mod at_work;
mod audit;
mod commands;
mod detectors;
mod gateway;
mod graphql;
mod history;
mod idle;
mod ingest;
mod kafka_produce;
mod load;
mod past;
mod peer;
mod polling;
mod rebuild;
mod replay;
mod segment;
mod servers;
mod similar;
mod subscriptions;
mod takeover;
mod write;

use crate::settings::Settings;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use std::{path::PathBuf, process::ExitCode};
use tempfile::TempDir;

#[derive(Debug, Args)]
pub struct Bench {
    name: Name,
    /// One JSON object instead of text.
    #[arg(long)]
    json: bool,
    /// How much work, against the default of 1; smaller is quicker and noisier.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Where `past` makes its log, or finds it as a run before left it; `replay --data` and `audit verify --data` read it, too.
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    #[command(flatten)]
    with: Servers,
}

/// What the benches of the plant edition work with.
#[derive(Debug, Args)]
struct Servers {
    /// A broker for `kafka-produce`, `takeover` and `commands`; `auto`, which the first two do without it, starts one.
    #[arg(long, value_name = "HOST:PORT|auto")]
    kafka: Option<String>,
    /// A database in which the peer of `commands` makes its tables `events` and `snapshots` anew; `auto` starts one.
    #[arg(long, value_name = "URL|auto")]
    postgres: Option<String>,
    /// The peer's program, if it is not where it is built.
    #[arg(long, value_name = "PROGRAM")]
    peer: Option<PathBuf>,
    /// About how long a round of `kafka-produce` takes.
    #[arg(long, value_name = "N", default_value_t = 2.0)]
    seconds: f64,
    /// How many times `takeover` takes an owner away.
    #[arg(long, value_name = "N", default_value_t = 20)]
    rounds: usize,
}

#[derive(Debug, Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    /// Embedded append against a bare segment file on the same disk.
    Append,
    /// Readings durable, through detectors and rollups, queryable.
    Ingest,
    /// Commands decided, durable, answered.
    Commands,
    /// The ledger into states.
    Replay,
    /// The projections from zero.
    Rebuild,
    /// The state as of a random time, from pasts that are kept.
    Past,
    /// Readings appended to Kafka against a bare producer.
    KafkaProduce,
    /// From the death of an owner to the first command that another node answers.
    Takeover,
    /// Devices polled every 100 ms, beside pymodbus' asynchronous client.
    Polling,
    /// EWMA and CUSUM over a million series.
    Detectors,
    /// The most similar of 100,000 past cases.
    Similar,
    /// What the gateway to language models adds to a call, at 1,000 calls a second.
    Gateway,
    /// From an alert to its message in a program's hands, at 100 alerts a second.
    Alert,
    /// From a yes to the value read back, while 100,000 readings a second come in.
    Write,
    /// The page's first question, while 100,000 readings a second come in.
    Graphql,
    /// A change to each of 1,000 sockets that listen for it.
    Subscriptions,
    /// Verifying the ledger against the bare hash.
    Audit,
    /// Memory with 1,000 signals, and time from start to the first reading.
    Idle,
}

/// What one bench found. `ratio` is ours over the peer's (the median of rounds where there are rounds), or over the goal where there is no peer; 1 or more is good.
#[derive(Debug, Serialize)]
struct Figure {
    bench: Name,
    unit: &'static str,
    ours: f64,
    peer: &'static str,
    peers: f64,
    ratio: f64,
    goal: &'static str,
    /// Everything else worth knowing, in its own words.
    more: serde_json::Value,
    machine: String,
    profile: &'static str,
}

/// A figure before the frame is put around it.
struct Measured {
    unit: &'static str,
    ours: f64,
    peer: &'static str,
    peers: f64,
    /// If it is not simply ours over the peer's: the median over rounds, each in both ways.
    ratio: Option<f64>,
    goal: &'static str,
    more: serde_json::Value,
}

impl Bench {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let folder = TempDir::new().context("a bench needs a folder for temporary files")?;
        let one = |measured| vec![measured];
        let measured = match self.name {
            Name::Append => one(append::measure(folder.path(), self.scale).await?),
            Name::Ingest => one(ingest::measure(folder.path(), self.scale, &settings).await?),
            Name::Commands => commands::measure(folder.path(), self.scale, &self.with, &settings).await?,
            Name::Replay => one(replay::measure(folder.path(), self.scale).await?),
            Name::Rebuild => one(rebuild::measure(folder.path(), self.scale).await?),
            Name::Past => one(past::measure(folder.path(), self.keep.as_deref(), self.scale).await?),
            Name::KafkaProduce => one(kafka_produce::measure(folder.path(), self.scale, &self.with, &settings).await?),
            Name::Takeover => one(takeover::measure(folder.path(), &self.with, &settings).await?),
            Name::Polling => one(polling::measure(folder.path(), self.scale).await?),
            Name::Detectors => one(detectors::measure(self.scale)?),
            Name::Similar => one(similar::measure(self.scale)?),
            Name::Gateway => one(gateway::measure(folder.path(), self.scale).await?),
            Name::Alert => one(alert::measure(folder.path(), self.scale).await?),
            Name::Write => one(write::measure(folder.path(), self.scale).await?),
            Name::Graphql => one(graphql::measure(folder.path(), self.scale).await?),
            Name::Subscriptions => one(subscriptions::measure(folder.path(), self.scale).await?),
            Name::Audit => one(audit::measure(folder.path(), self.scale).await?),
            Name::Idle => one(idle::measure(folder.path()).await?),
        };
        for measured in measured {
            let figure = framed(self.name, measured);
            match self.json {
                true => println!("{}", serde_json::to_string(&figure)?),
                false => println!(
                    "{:?}: {:.1} {} against {:.1} ({}): ratio {:.2}; goal: {}\n{}",
                    figure.bench, figure.ours, figure.unit, figure.peers, figure.peer, figure.ratio, figure.goal, figure.more
                ),
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn framed(bench: Name, measured: Measured) -> Figure {
    let Measured { unit, ours, peer, peers, ratio, goal, more } = measured;
    let ratio = ratio.unwrap_or(if peers > 0.0 { ours / peers } else { 0.0 });
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    Figure { bench, unit, ours, peer, peers, ratio, goal, more, machine: machine(), profile }
}

/// Processor and count, as the kernel tells them.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("unknown processor", |(_, name)| name);
    format!("{cores} x {model}")
}

/// Processor seconds of this program so far.
fn worked_s() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// `count` scaled, at least 1.
fn scaled(count: u64, scale: f64) -> u64 {
    ((count as f64 * scale) as u64).max(1)
}

/// The value that `share` (0 to 1) of the sorted values do not pass.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(((sorted.len() as f64 * share) as usize).min(last)).copied().unwrap_or(0.0)
}
