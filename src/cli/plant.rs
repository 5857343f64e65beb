//! `millwright plant`: the simulated plant alone, in real time, as a Modbus TCP server to collect from; or the file that describes it.

use super::run::told_to_stop;
use crate::{
    app::{scenario, simulated::Simulated},
    configured::PlantFile,
    settings::Settings,
};
use anyhow::Result;
use clap::Args;
use millwright_infra::clock::SystemClock;
use millwright_ingest::simulator::demo::{demo_device, demo_plant};
use std::{net::SocketAddr, process::ExitCode, sync::Arc};

#[derive(Debug, Args)]
pub struct Plant {
    /// Where the plant speaks Modbus TCP.
    #[arg(long = "at", default_value = "127.0.0.1:1502", value_name = "ADDR")]
    at: SocketAddr,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A shipped scenario by name, or a JSON file.
    #[arg(long, default_value = "chronic_wear")]
    scenario: String,
    /// Only print the plant file that describes it, and end.
    #[arg(long)]
    describe: bool,
}

impl Plant {
    pub async fn run(self, _: Settings) -> Result<ExitCode> {
        if self.describe {
            print!("{}", toml::to_string(&PlantFile { plant: demo_plant(), devices: vec![demo_device(self.at)] })?);
            return Ok(ExitCode::SUCCESS);
        }
        let scenario = scenario::named_or_file(&self.scenario)?;
        let simulated = Simulated::start(self.at, self.seed, scenario, Arc::new(SystemClock), 1.0).await?;
        println!("a simulated pump speaks Modbus TCP at {}; `millwright plant --describe` prints its plant file", simulated.address);
        told_to_stop().await?;
        simulated.stop().await;
        Ok(ExitCode::SUCCESS)
    }
}
