//! The devices that are polled: one process of their own, begun for the bench and ended with it.

use anyhow::{Context, Result, bail};
use std::{net::Ipv4Addr, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// Where so many ports in a row are tried, below those that the system hands out by itself.
const FIRST_PORTS: [u16; 5] = [15_000, 18_000, 21_000, 24_000, 27_000];
const UP_WITHIN: Duration = Duration::from_secs(20);

pub struct ScaledPlant {
    /// `host:port/unit` of each device.
    pub addresses: Vec<String>,
    process: Child,
}

impl ScaledPlant {
    pub async fn start(devices: usize) -> Result<Self> {
        for first in FIRST_PORTS {
            if let Some(process) = serve(first, devices).await? {
                let ports = (usize::from(first)..).take(devices);
                let addresses = ports.map(|port| format!("{}:{port}/1", Ipv4Addr::LOCALHOST)).collect();
                return Ok(Self { addresses, process });
            }
        }
        bail!("{devices} devices found no {devices} free ports in a row, neither from {} nor from {}", FIRST_PORTS[0], FIRST_PORTS[4])
    }
    pub async fn stop(mut self) -> Result<()> {
        self.process.kill().await.context("ending the devices' process")
    }
}

/// `None` if the ports are not free.
async fn serve(first: u16, devices: usize) -> Result<Option<Child>> {
    let mut command = Command::new(std::env::current_exe().context("which program this is")?);
    command.arg("plant").arg("--scale").arg(devices.to_string()).arg("--at").arg(format!("{}:{first}", Ipv4Addr::LOCALHOST));
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
    let stdout = process.stdout.take().context("its output is piped")?;
    let line = timeout(UP_WITHIN, BufReader::new(stdout).lines().next_line()).await.context("the devices do not come up")??;
    Ok(line.is_some().then_some(process))
}
