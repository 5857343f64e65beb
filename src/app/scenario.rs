//! Finds a scenario by its shipped name or in a file.

use anyhow::{Context, Result};
use millwright_ingest::simulator::{demo::shipped_scenarios, scenario::Scenario};
use std::fs;

pub fn named_or_file(text: &str) -> Result<Scenario> {
    let mut shipped = shipped_scenarios();
    let names = shipped.iter().map(|scenario| scenario.name.as_str()).collect::<Vec<_>>().join(", ");
    if let Some(place) = shipped.iter().position(|scenario| scenario.name == text) {
        return Ok(shipped.swap_remove(place));
    }
    let json = fs::read_to_string(text).with_context(|| format!("{text} is neither a shipped scenario ({names}) nor a readable file"))?;
    Scenario::from_json(&json).with_context(|| format!("the scenario {text} cannot be played"))
}
