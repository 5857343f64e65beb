//! `millwright bench`: figures as ratios against a peer or a physical limit in the same run, because machines differ and absolute times prove nothing.

mod append;
mod commands;
mod idle;
mod ingest;
mod load;
mod rebuild;
mod replay;
mod segment;

use crate::settings::Settings;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::process::ExitCode;
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
    /// Memory with 1,000 signals, and time from start to the first reading.
    Idle,
}

/// What one bench found. `ratio` is ours over the peer's, or over the goal where there is no peer; 1 or more is good.
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
    goal: &'static str,
    more: serde_json::Value,
}

impl Bench {
    pub async fn run(self, settings: Settings) -> Result<ExitCode> {
        let folder = TempDir::new().context("a bench needs a folder for temporary files")?;
        let measured = match self.name {
            Name::Append => append::measure(folder.path(), self.scale).await?,
            Name::Ingest => ingest::measure(folder.path(), self.scale, &settings).await?,
            Name::Commands => commands::measure(folder.path(), self.scale).await?,
            Name::Replay => replay::measure(folder.path(), self.scale).await?,
            Name::Rebuild => rebuild::measure(folder.path(), self.scale).await?,
            Name::Idle => idle::measure(folder.path()).await?,
        };
        let figure = framed(self.name, measured);
        match self.json {
            true => println!("{}", serde_json::to_string(&figure)?),
            false => println!(
                "{:?}: {:.0} {} against {:.0} ({}): ratio {:.2}; goal: {}\n{}",
                figure.bench, figure.ours, figure.unit, figure.peers, figure.peer, figure.ratio, figure.goal, figure.more
            ),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn framed(bench: Name, measured: Measured) -> Figure {
    let Measured { unit, ours, peer, peers, goal, more } = measured;
    let ratio = if peers > 0.0 { ours / peers } else { 0.0 };
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

/// `count` scaled, at least 1.
fn scaled(count: u64, scale: f64) -> u64 {
    ((count as f64 * scale) as u64).max(1)
}

/// The value that `share` (0 to 1) of the sorted values do not pass.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(((sorted.len() as f64 * share) as usize).min(last)).copied().unwrap_or(0.0)
}
