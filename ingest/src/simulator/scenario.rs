//! Fault scripts: what goes wrong with the simulated plant, when and how badly. JSON, refused with the place that is wrong.

use super::channel::{ASSET, Channel, Setpoint};
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

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

/// One thing that goes wrong. Times are seconds since the scenario began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub fault: FaultKind,
    pub asset: String,
    /// The transmitter that is wrong; for sensor faults only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    pub start_s: f64,
    /// Until full severity.
    #[serde(default)]
    pub ramp_s: f64,
    /// Until it is over by itself; for ever if left out. Wear never is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// 0 to 1.
    pub severity: f64,
    #[serde(default)]
    pub shape: Shape,
    /// Which way a sensor drifts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    BearingWear,
    Clogging,
    ValveStuck,
    SensorDrift,
    SensorStuck,
    NoiseBurst,
}

/// How severity grows over the ramp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    #[default]
    Linear,
    /// Slowly first, as wear does: the power of 1.5.
    Progressive,
    /// At once; the ramp is not used.
    Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    #[default]
    Up,
    Down,
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

impl FaultKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BearingWear => "bearing_wear",
            Self::Clogging => "clogging",
            Self::ValveStuck => "valve_stuck",
            Self::SensorDrift => "sensor_drift",
            Self::SensorStuck => "sensor_stuck",
            Self::NoiseBurst => "noise_burst",
        }
    }
    /// Only the transmitted value is wrong, not the machine.
    pub const fn is_of_sensor(self) -> bool {
        matches!(self, Self::SensorDrift | Self::SensorStuck | Self::NoiseBurst)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
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
        let impossible = |place: String, what: String| Err(BadScenario::Impossible { name: self.name.chars().take(60).collect(), place, what });
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
}

const NO_TIME: &str = "must be seconds, from 0 to 31536000";

fn is_time(seconds: f64) -> bool {
    (0.0..=31_536_000.0).contains(&seconds)
}

type Wrong = (&'static str, String);

impl Fault {
    fn check(&self, steady_s: f64) -> Result<(), Wrong> {
        if self.asset != ASSET {
            return Err(("asset", format!("must be {ASSET}, the only one of the simulated plant")));
        }
        if !(self.severity > 0.0 && self.severity <= 1.0) {
            return Err(("severity", "must be more than 0 and at most 1".into()));
        }
        if !is_time(self.start_s) || self.start_s < steady_s {
            return Err(("start_s", format!("must be at or after steady_s ({steady_s})")));
        }
        if !is_time(self.ramp_s) {
            return Err(("ramp_s", NO_TIME.into()));
        }
        if self.duration_s.is_some_and(|duration| !is_time(duration)) {
            return Err(("duration_s", NO_TIME.into()));
        }
        if self.fault == FaultKind::BearingWear && self.duration_s.is_some() {
            return Err(("duration_s", "must be left out: a worn bearing does not heal, a repair ends it".into()));
        }
        if self.direction.is_some() && self.fault != FaultKind::SensorDrift {
            return Err(("direction", "is for sensor_drift only".into()));
        }
        self.check_signal()
    }

    fn check_signal(&self) -> Result<(), Wrong> {
        match (&self.signal, self.fault.is_of_sensor()) {
            (None, false) => Ok(()),
            (Some(_), false) => Err(("signal", format!("must be left out: {} is a fault of the machine, not of a sensor", self.fault))),
            (None, true) => Err(("signal", format!("is missing: {} needs the signal whose sensor it is", self.fault))),
            (Some(signal), true) if Channel::by_signal(signal).is_some() => Ok(()),
            (Some(_), true) => {
                let known: Vec<String> = Channel::ALL.iter().map(|channel| channel.signal()).collect();
                Err(("signal", format!("must be one of {}", known.join(", "))))
            }
        }
    }

    /// How bad it is `at` seconds after the scenario began.
    pub(super) fn severity_at(&self, at: f64) -> f64 {
        let since = at - self.start_s;
        if since < 0.0 || self.duration_s.is_some_and(|duration| since >= duration) {
            return 0.0;
        }
        let ramped = if self.ramp_s > 0.0 { (since / self.ramp_s).min(1.0) } else { 1.0 };
        self.severity
            * match self.shape {
                Shape::Linear => ramped,
                Shape::Progressive => ramped.powf(1.5),
                Shape::Step => 1.0,
            }
    }
}

impl Move {
    fn check(&self) -> Result<(), Wrong> {
        if !is_time(self.at_s) {
            return Err(("at_s", NO_TIME.into()));
        }
        let Some(setpoint) = Setpoint::by_signal(&self.signal) else {
            return Err(("signal", format!("must be {} or {}", Setpoint::Speed.signal(), Setpoint::Valve.signal())));
        };
        let range = setpoint.range();
        if range.holds(self.value) { Ok(()) } else { Err(("value", format!("must be from {} to {}", range.low, range.high))) }
    }
}
