//! `millwright plant`: the simulated plant alone, in real time, to collect from over real protocols; or the file that describes it.

use super::{run::told_to_stop, simulate::Pumps};
use crate::{
    app::{
        scenario,
        simulated::{Simulated, Simulation, described},
    },
    configured::PlantFile,
    settings::Settings,
};
use anyhow::{Context, Result, bail};
use clap::Args;
use millwright_infra::clock::SystemClock;
use millwright_ingest::simulator::{
    demo::Addresses,
    scale::{self, ScalePlant},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{net::SocketAddr, process::ExitCode, sync::Arc};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Args)]
pub struct Plant {
    /// Where the first pump speaks Modbus TCP. Others take the ports after it: S7, MQTT (a broker), and a gateway to two units.
    #[arg(long = "at", default_value = "127.0.0.1:1502", value_name = "ADDR")]
    at: SocketAddr,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    pumps: Pumps,
    /// A shipped scenario by name, or a JSON file. By default a bearing wears out, or, with several pumps, two.
    #[arg(long)]
    scenario: Option<String>,
    /// Instead of pumps so many small Modbus TCP devices of four values, each on a port of its own, to measure a collector with.
    #[arg(long, value_name = "DEVICES", conflicts_with_all = ["pumps", "scenario"], value_parser = clap::value_parser!(u16).range(1..=20_000))]
    scale: Option<u16>,
    /// Only print the plant file that describes it, and end.
    #[arg(long)]
    describe: bool,
}

impl Plant {
    pub async fn run(self, _: Settings) -> Result<ExitCode> {
        match (self.scale, self.describe) {
            (Some(devices), false) => self.serve_scale(devices).await?,
            (Some(devices), true) => {
                let (plant, devices) = scale::described(self.at, devices, 100)?;
                print!("{}", toml::to_string(&PlantFile { plant, devices })?);
            }
            (None, false) => self.serve().await?,
            (None, true) => print!("{}", toml::to_string(&described(self.pumps.count(), &Addresses::from(self.at)))?),
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn serve(&self) -> Result<()> {
        let pumps = self.pumps.count();
        let scenario = scenario::named_or_file(self.pumps.scenario_or(self.scenario.as_deref()))?;
        let simulation = Simulation { at: self.at, pumps, seed: self.seed, scenario, speed: 1.0 };
        let simulated = Simulated::start(simulation, Arc::new(SystemClock)).await?;
        let at = simulated.addresses;
        match pumps {
            1 => println!("a simulated pump speaks Modbus TCP at {}; `millwright plant --describe` prints its plant file", at.controller),
            _ => println!(
                "{pumps} simulated pumps speak {}; `millwright plant --pumps {pumps} --describe` prints their plant file",
                self.pumps.spoken(&at)
            ),
        }
        told_to_stop().await?;
        simulated.stop().await;
        Ok(())
    }

    async fn serve_scale(&self, devices: u16) -> Result<()> {
        allow_open_files(2 * u64::from(devices) + 100)?;
        let plant = ScalePlant::bind(self.at, devices, self.seed);
        let plant = plant.await.with_context(|| format!("{devices} devices could not listen from {} on; choose other ports with --at", self.at))?;
        let addresses = plant.addresses()?;
        let (Some(first), Some(last)) = (addresses.first(), addresses.last()) else { bail!("--scale must be at least 1") };
        println!("{devices} simulated devices speak Modbus TCP at {first} to {last}; `--describe` prints their plant file");
        let stop = CancellationToken::new();
        let served = tokio::spawn(plant.serve(stop.clone()));
        told_to_stop().await?;
        stop.cancel();
        served.await.context("the simulated devices ended badly")
    }
}

/// Each device takes a file handle to listen and one for its reader. Shells allow a thousand as a rule, and more to those who ask.
fn allow_open_files(wanted: u64) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let current = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    setrlimit(Resource::Nofile, Rlimit { current: Some(current), ..limit }).context("the limit of open files could not be raised")?;
    if current < wanted {
        bail!("so many devices need {wanted} open files, and {current} are allowed; raise the limit (`ulimit -Hn`), or take fewer devices");
    }
    Ok(())
}
