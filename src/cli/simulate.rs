//! `millwright simulate`: the simulated plant's values as CSV, without a clock or a network.

use crate::settings::Settings;
use anyhow::{Context, Result};
use clap::Args;
use millwright_ingest::simulator::{channel::ASSETS, demo::Addresses, record::simulate_pumps};
use std::{
    fs::File,
    io::{BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

#[derive(Debug, Args)]
pub struct Simulate {
    /// Every random number follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Simulated seconds.
    #[arg(long, default_value_t = 3_600)]
    ticks: u64,
    /// A shipped scenario by name, or a JSON file.
    #[arg(long, default_value = "normal")]
    scenario: String,
    #[command(flatten)]
    pumps: Pumps,
    /// Where the CSV goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// The size of a simulated plant, asked for the same way wherever there is one.
#[derive(Debug, Clone, Copy, Args)]
pub struct Pumps {
    /// How many pumps: pump-1 on Modbus TCP, pump-2 on Siemens S7, pump-3 on MQTT, pump-4 and pump-5 behind a Modbus gateway of another vendor.
    #[arg(long, default_value_t = 1, value_name = "1..5", value_parser = clap::value_parser!(u8).range(1..=ASSETS.len() as i64))]
    pumps: u8,
}

impl Pumps {
    pub fn count(self) -> usize {
        self.pumps.into()
    }
    /// The scenario that is played if nobody names one.
    pub fn scenario_or(self, named: Option<&str>) -> &str {
        named.unwrap_or(if self.pumps == 1 { "chronic_wear" } else { "cross_vendor_wear" })
    }
    /// Protocols and addresses, for a person.
    pub fn spoken(self, at: &Addresses) -> String {
        let all = [("Modbus TCP", at.controller), ("S7", at.s7), ("MQTT by the broker", at.broker), ("Modbus TCP (units 4 and 5)", at.gateway)];
        let spoken: Vec<String> = all.iter().take(self.count()).map(|(protocol, at)| format!("{protocol} at {at}")).collect();
        spoken.join(", ")
    }
}

impl Simulate {
    pub fn run(self, _: &Settings) -> Result<ExitCode> {
        let pumps = self.pumps.count();
        let scenario = crate::app::scenario::named_or_file(&self.scenario)?;
        scenario.fits(pumps).context("choose another scenario, or more pumps with --pumps")?;
        let file = File::create(&self.out).with_context(|| format!("could not write {}", self.out.display()))?;
        let mut out = BufWriter::new(file);
        simulate_pumps(pumps, self.seed, self.ticks, scenario, &mut out)
            .and_then(|_| out.flush())
            .with_context(|| format!("could not write {}", self.out.display()))?;
        println!("{} simulated seconds in {}", self.ticks, self.out.display());
        Ok(ExitCode::SUCCESS)
    }
}
