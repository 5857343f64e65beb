//! Process plants made from a seed, 52 signals and 18 faults each: how much of each fault the live detector sees, at what share of false alarms;
//! and whether the memory finds the right past fault first. Needs no recordings.

use super::{
    run::alarms,
    similar::{
        CannotCompareEpisodes, Labelled, SimilarOptions, SimilarReport, compare_episodes,
        process::{FAULTS, ProcessPlant},
    },
};
use crate::monitor::mewma::MewmaSettings;
use serde::Serialize;

/// Rows that are learned from, healthy rows that are judged, and rows of the fault.
const LEARNED: usize = 500;
const HEALTHY: usize = 160;
const FAULTY: usize = 800;
/// Plants, by their seeds.
const PLANTS: std::ops::Range<u64> = 21..25;
/// Runs of each fault that the memory is asked about.
const RUNS: u64 = 3;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Processes {
    pub plants: usize,
    /// Share of faulty rows in alarm, by fault.
    pub found: Vec<(String, f64)>,
    /// Of healthy rows.
    pub false_alarms: f64,
    /// Rows from the onset to the first alarm, of every fault and plant; one that is never seen counts as all its rows.
    pub median_delay: usize,
}

impl Processes {
    /// Over all faults.
    pub fn share(&self) -> f64 {
        self.found.iter().map(|(_, share)| share).sum::<f64>() / self.found.len().max(1) as f64
    }
    pub fn figures(&self) -> Vec<(&'static str, String)> {
        vec![
            ("faulty rows", format!("{:.1} % in alarm, at {:.2} % of healthy rows", 100.0 * self.share(), 100.0 * self.false_alarms)),
            ("delay", format!("median {} rows from the onset", self.median_delay)),
            ("made", format!("{} plants of 52 signals, {} faults each, learned from {LEARNED} rows", self.plants, self.found.len())),
        ]
    }
    /// One line a fault.
    pub fn details(&self) -> String {
        let lines: String = self.found.iter().map(|(fault, share)| format!("| {fault} | {:.0} |\n", 100.0 * share)).collect();
        format!("\n| fault | rows in alarm % |\n|---|---|\n{lines}")
    }
}

pub fn evaluate_processes(settings: MewmaSettings) -> Processes {
    let mut found: Vec<(String, f64)> = FAULTS.iter().map(|(name, _)| ((*name).to_string(), 0.0)).collect();
    let (mut false_alarms, mut healthy, mut delays) = (0_usize, 0_usize, Vec::new());
    let plants = PLANTS.count();
    for seed in PLANTS {
        let plant = ProcessPlant::new(seed);
        for (number, (_, fault)) in FAULTS.into_iter().enumerate() {
            let episode = plant.episode(fault, seed * 100 + number as u64, LEARNED + HEALTHY, LEARNED + HEALTHY + FAULTY);
            let rows: Vec<Vec<f64>> =
                (0..episode.times.len()).map(|row| episode.channels.iter().map(|channel| channel.values[row]).collect()).collect();
            let alarms = alarms(&rows, LEARNED, settings);
            let (before, after) = alarms.split_at(HEALTHY);
            false_alarms += before.iter().filter(|alarm| **alarm).count();
            healthy += before.len();
            let seen = after.iter().filter(|alarm| **alarm).count();
            found[number].1 += seen as f64 / (after.len() * plants) as f64;
            delays.push(after.iter().position(|alarm| *alarm).unwrap_or(after.len()));
        }
    }
    delays.sort_unstable();
    Processes { plants, found, false_alarms: false_alarms as f64 / healthy.max(1) as f64, median_delay: delays[delays.len() / 2] }
}

/// Several runs of each fault on one plant, asked of each other, as recorded and disturbed.
pub fn compare_processes(seed: u64) -> Result<SimilarReport, CannotCompareEpisodes> {
    let made = ProcessPlant::new(seed);
    let mut runs: Vec<Labelled> = Vec::new();
    for run in 0..RUNS {
        for (number, (label, fault)) in FAULTS.into_iter().enumerate() {
            let episode = made.episode(fault, run * 100 + number as u64, 160, 560);
            runs.push(Labelled { file: format!("{label}/{run:02}"), label: label.into(), vendor: None, role: None, episode });
        }
    }
    runs.sort_by(|one, other| one.file.cmp(&other.file));
    compare_episodes(&runs, &SimilarOptions::default())
}
