//! Episodes of faults: does the memory find the right past case first?

use super::Found;
use anyhow::{Context, Result};
use clap::Args;
use millwright_agents::evaluate::similar::{Reading, SimilarOptions, disturb::Disturbance, evaluate_similar};
use std::{
    fs::File,
    path::{Path, PathBuf},
};

#[derive(Debug, Args)]
pub struct Similar {
    /// Healthy rows at the beginning of each episode, where the manifest does not say (protocol similar).
    #[arg(long, value_name = "N")]
    lead_in_rows: Option<usize>,
    /// A column that is no signal, such as one that holds the label; may be given again (protocol similar).
    #[arg(long, value_name = "COLUMN")]
    ignore: Vec<String>,
    /// Seconds after the onset in which a fault shows itself; else as long as the episodes are (protocol similar).
    #[arg(long, value_name = "SECONDS")]
    horizon: Option<f64>,
    /// Asks with each channel in a unit of its own (protocol similar).
    #[arg(long)]
    units: bool,
    /// Asks with every N-th row only (protocol similar).
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    every: usize,
    /// Asks with noise of this share of each channel's healthy standard deviation (protocol similar).
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    noise: f64,
    /// Of the units and the noise (protocol similar).
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Looks among other vendors' episodes only (protocol similar).
    #[arg(long)]
    other_vendors: bool,
    /// Past cases that are written for each query (protocol similar).
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = at_least_one)]
    top: usize,
    /// Also write `query,rank,file,label,score,calibrated` (protocol similar).
    #[arg(long, value_name = "FILE")]
    ranking: Option<PathBuf>,
}

impl Similar {
    /// The first option that was given, if one was.
    pub(super) fn given(&self) -> Option<&'static str> {
        [
            (self.lead_in_rows.is_some(), "--lead-in-rows"),
            (!self.ignore.is_empty(), "--ignore"),
            (self.horizon.is_some(), "--horizon"),
            (self.units, "--units"),
            (self.every != 1, "--every"),
            (self.noise != 0.0, "--noise"),
            (self.seed != 1, "--seed"),
            (self.other_vendors, "--other-vendors"),
            (self.top != 10, "--top"),
            (self.ranking.is_some(), "--ranking"),
        ]
        .into_iter()
        .find_map(|(is_given, option)| is_given.then_some(option))
    }

    pub(super) fn evaluate(&self, folder: &Path, time: Option<String>) -> Result<Found> {
        let options = SimilarOptions {
            reading: Reading { time, lead_in_rows: self.lead_in_rows, ignore: self.ignore.clone() },
            horizon_s: self.horizon,
            disturbance: Disturbance { units: self.units, every: self.every, noise: self.noise, seed: self.seed },
            other_vendors: self.other_vendors,
            top: self.top,
        };
        let report = evaluate_similar(folder, &options)?;
        if let Some(path) = &self.ranking {
            let doing = || format!("could not write {}", path.display());
            report.write_ranking(File::create(path).with_context(doing)?).with_context(doing)?;
        }
        Found::new("Similar cases", report.figures(), report.json())
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "give a whole number from 1 on".into())
}

fn share(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|share: &f64| (0.0..=10.0).contains(share)).ok_or_else(|| "give a share from 0 to 10: 0.3 is 30 %".into())
}
