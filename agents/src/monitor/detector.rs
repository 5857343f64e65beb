//! Which detectors there are, and how bad what they saw is.

use millwright_domain::case::Severity;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A figure so many times its limit is critical.
pub const CRITICAL_TIMES: f64 = 4.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detector {
    /// The mean of five minutes has left the baseline.
    Drift,
    /// The machine's signals together are where they never were in training.
    Mewma,
    /// The last minute is noisier than the baseline.
    Noise,
    /// A value has stopped moving.
    Stuck,
    /// Most of a minute's readings are bad.
    Silence,
    /// A measured value does not follow its setpoint.
    Mismatch,
    /// The last minute is past where the plant file says that the machine should be stopped.
    Trip,
}

impl Detector {
    pub const ALL: [Self; 7] = [Self::Drift, Self::Mewma, Self::Noise, Self::Stuck, Self::Silence, Self::Mismatch, Self::Trip];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Mewma => "mewma",
            Self::Noise => "noise",
            Self::Stuck => "stuck",
            Self::Silence => "silence",
            Self::Mismatch => "mismatch",
            Self::Trip => "trip",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|detector| detector.as_str() == name)
    }

    /// What holds however a machine is run; the others compare it with how it was run while normal was learned.
    pub const fn holds_in_any_regime(self) -> bool {
        matches!(self, Self::Stuck | Self::Silence | Self::Mismatch | Self::Trip)
    }

    /// By how many times its limit a figure is past it.
    pub fn severity(self, times: f64) -> Severity {
        match self {
            Self::Stuck | Self::Silence => Severity::Low,
            Self::Trip => Severity::Critical,
            _ if times >= CRITICAL_TIMES => Severity::Critical,
            _ if times >= 2.0 => Severity::High,
            Self::Mismatch => Severity::High,
            _ if times >= 1.25 => Severity::Medium,
            _ => Severity::Low,
        }
    }
}

impl fmt::Display for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
