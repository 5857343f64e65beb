//! pymodbus' asynchronous client on the same devices and schedule, as a process of its own.

use super::{PERIOD, Went};
use crate::cli::bench::servers::in_source_tree;
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::{process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt, process::Command};

#[derive(Deserialize)]
struct Told {
    polls: u64,
    late: u64,
    skipped: u64,
    failed: u64,
    p99_ms: f64,
    cpu_s: f64,
}

pub async fn poll(addresses: &[String], lasts: Duration) -> Result<Went> {
    let python = in_source_tree(".venv/bin/python");
    let (Some(script), Some(python)) = (in_source_tree("bench/pymodbus-peer/poll.py"), python) else {
        bail!("the peer is not here; run this in the source tree, after tests/peers/setup.sh")
    };
    let mut command = Command::new(python);
    command.arg(script).arg(lasts.as_secs_f64().to_string()).arg(PERIOD.as_millis().to_string());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().context("starting pymodbus' client")?;
    let mut stdin = child.stdin.take().context("its stdin is piped")?;
    stdin.write_all(addresses.join("\n").as_bytes()).await?;
    drop(stdin);
    let output = child.wait_with_output().await?;
    ensure!(output.status.success(), "pymodbus' client ended with {}", output.status);
    let Told { polls, late, skipped, failed, p99_ms, cpu_s } = serde_json::from_slice(&output.stdout).context("what pymodbus' client tells")?;
    let cores = cpu_s / (lasts.as_secs_f64() + 2.0);
    Ok(Went { devices: addresses.len(), polls, late: late as f64, skipped, failed, p99_ms, cores })
}
