//! Process plants made from seeds: what is seen of each fault, and whether the right past one is found.

use super::Found;
use crate::settings::Settings;
use anyhow::Result;
use millwright_agents::evaluate::processes::{compare_processes, evaluate_processes};

/// Of the plant whose faults are asked of each other.
const SEED: u64 = 101;

pub(super) fn evaluate(settings: &Settings) -> Result<Vec<Found>> {
    let seen = evaluate_processes(settings.monitor.mewma);
    let similar = compare_processes(SEED)?;
    Ok(vec![
        Found { details: seen.details(), ..Found::new("Process faults: simulated plants of 52 signals", seen.figures(), &seen)? },
        Found::new("Similar cases: runs of 18 faults on a simulated plant", similar.figures(), similar.json())?,
    ])
}
