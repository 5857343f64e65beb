//! The peer of the commands: cqrs-es on Postgres, a program of its own, which does the same work and says what it measured.

use super::servers;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const BUILT: &str = "bench/cqrs-es-peer/target/release/cqrs-es-peer";

/// What it prints: the better of the two stores that it has, and the other.
#[derive(Debug, Serialize, Deserialize)]
pub struct Peer {
    pub best: Store,
    other: Store,
    connections: u32,
    durable: serde_json::Value,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Store {
    store: String,
    commands: u64,
    pub per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
}

pub struct Work {
    pub clients: u64,
    pub in_flight: usize,
    pub commands: u64,
}

pub async fn measure(named: Option<&Path>, postgres: &str, work: &Work) -> Result<Peer> {
    let program: PathBuf = named
        .map(Path::to_path_buf)
        .or_else(|| servers::in_source_tree(BUILT))
        .context("the peer is not built; `make bench` does that, or name its program with --peer")?;
    let mut command = Command::new(&program);
    command.arg(postgres).args(["--clients", &work.clients.to_string(), "--in-flight", &work.in_flight.to_string()]);
    command.args(["--commands", &work.commands.to_string()]).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = tokio::task::spawn_blocking(move || command.output()).await?.with_context(|| format!("{} could not be run", program.display()))?;
    ensure!(output.status.success(), "the peer failed: {}", output.status);
    serde_json::from_slice(&output.stdout).context("the peer said something else than its figures")
}
