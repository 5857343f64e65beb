//! Fault scripts: what goes wrong with the simulated plant, when and how badly. JSON, refused with the place that is wrong.

use super::{
    channel::{ASSETS, Setpoint},
    fault::{NO_TIME, Wrong, is_time},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use super::fault::{Assets, Direction, Fault, FaultKind, Shape};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Seconds at the beginning in which nothing goes wrong, so that baselines can be learned.
    #[serde(default)]
    pub steady_s: f64,
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// What an operator does meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Move>,
}

/// A setpoint given at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    pub at_s: f64,
    pub signal: String,
    pub value: f64,
}

#[derive(Debug, Error)]
pub enum BadScenario {
    #[error("this is no scenario; see config/scenarios/ for examples")]
    NotReadable(#[source] serde_json::Error),
    #[error("scenario {name:?}: {place} {what}")]
    Impossible { name: String, place: String, what: String },
}

impl Scenario {
    /// Nothing goes wrong.
    pub fn normal() -> Self {
        Self { name: "normal".into(), description: String::new(), seed: None, steady_s: 0.0, faults: vec![], moves: vec![] }
    }
    pub fn from_json(text: &str) -> Result<Self, BadScenario> {
        serde_json::from_str::<Self>(text).map_err(BadScenario::NotReadable)?.checked()
    }
    pub fn from_value(value: serde_json::Value) -> Result<Self, BadScenario> {
        serde_json::from_value::<Self>(value).map_err(BadScenario::NotReadable)?.checked()
    }

    /// The seed to play it with: the one a person gives, else the script's own, else 1.
    pub fn seed_or(&self, given: Option<u64>) -> u64 {
        given.or(self.seed).unwrap_or(1)
    }

    /// The scenario as it was given, if it can be played.
    pub fn checked(self) -> Result<Self, BadScenario> {
        let impossible = |place: String, what: String| Err(self.impossible(place, what));
        if self.name.is_empty() || self.name.len() > 96 {
            return impossible("name".into(), "must have 1 to 96 characters".into());
        }
        if !is_time(self.steady_s) {
            return impossible("steady_s".into(), NO_TIME.into());
        }
        for (index, fault) in self.faults.iter().enumerate() {
            if let Err((key, what)) = fault.check(self.steady_s) {
                return impossible(format!("faults[{index}].{key}"), what);
            }
        }
        for (index, step) in self.moves.iter().enumerate() {
            if let Err((key, what)) = step.check() {
                return impossible(format!("moves[{index}].{key}"), what);
            }
        }
        Ok(self)
    }

    /// Whether a plant of so many pumps has every asset that is named.
    pub fn fits(&self, pumps: usize) -> Result<(), BadScenario> {
        let has_not =
            |asset: &str| format!("names {asset}, and this plant has {}; take a plant of more pumps", ASSETS[..pumps.min(ASSETS.len())].join(", "));
        for (index, fault) in self.faults.iter().enumerate() {
            if let Some(asset) = fault.asset.missing(pumps) {
                return Err(self.impossible(format!("faults[{index}].asset"), has_not(asset)));
            }
        }
        for (index, step) in self.moves.iter().enumerate() {
            if let Some((place, _)) = Setpoint::by_signal(&step.signal).filter(|(place, _)| *place >= pumps) {
                return Err(self.impossible(format!("moves[{index}].signal"), has_not(ASSETS[place])));
            }
        }
        Ok(())
    }

    fn impossible(&self, place: String, what: String) -> BadScenario {
        BadScenario::Impossible { name: self.name.chars().take(60).collect(), place, what }
    }
}

impl Move {
    fn check(&self) -> Result<(), Wrong> {
        if !is_time(self.at_s) {
            return Err(("at_s", NO_TIME.into()));
        }
        let Some((_, setpoint)) = Setpoint::by_signal(&self.signal) else {
            let of = |setpoint: Setpoint| setpoint.signal_of(ASSETS[0]);
            return Err(("signal", format!("must be {} or {}, or that of another pump", of(Setpoint::Speed), of(Setpoint::Valve))));
        };
        let range = setpoint.range();
        if range.holds(self.value) { Ok(()) } else { Err(("value", format!("must be from {} to {}", range.low, range.high))) }
    }
}
