//! `millwright simulate`: the simulated plant's values as CSV, without a clock or a network.

use crate::settings::Settings;
use anyhow::{Context, Result};
use clap::Args;
use millwright_ingest::simulator::record::simulate;
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
    /// Where the CSV goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Simulate {
    pub fn run(self, _: &Settings) -> Result<ExitCode> {
        let scenario = crate::app::scenario::named_or_file(&self.scenario)?;
        let file = File::create(&self.out).with_context(|| format!("could not write {}", self.out.display()))?;
        let mut out = BufWriter::new(file);
        simulate(self.seed, self.ticks, scenario, &mut out)
            .and_then(|_| out.flush())
            .with_context(|| format!("could not write {}", self.out.display()))?;
        println!("{} simulated seconds in {}", self.ticks, self.out.display());
        Ok(ExitCode::SUCCESS)
    }
}
