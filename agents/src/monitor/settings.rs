//! Every number of the monitor that a plant may want to change.

use super::mewma::MewmaSettings;
use chrono::TimeDelta;
use millwright_domain::quantity::QuantityKind;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MonitorSettings {
    /// How long normal is learned before anything is judged.
    pub learning_s: u32,
    /// An alert past so many baseline standard deviations; the mean of 5 minutes against the baseline's.
    pub drift_limit: f64,
    pub drift_clear: f64,
    /// An alert past so many times the baseline's standard deviation, over a minute.
    pub noise_limit: f64,
    pub noise_clear: f64,
    /// A value that has not moved for so many times the longest stillness in training, and never less than `stuck_least_s`, is stuck.
    pub stuck_factor: f64,
    pub stuck_least_s: f64,
    /// An alert when more than this share of a minute's readings is bad.
    pub silence_limit: f64,
    /// An alert when a measured value is further from its setpoint than so many times its usual spread.
    pub mismatch_limit: f64,
    /// The multivariate alarm is told at once from this many times its limit on …
    pub confirm_score: f64,
    /// … else when it has stood for so long and the last minute of some signal is past the drift limit.
    pub confirm_after_s: u32,
    /// … or when it has stood for so long because of how the machine moves, not of where it stands.
    pub confirm_restless_s: u32,
    /// While an alert stands, features for diagnosis are given this often.
    pub features_every_s: u32,
    /// An alarm that stands is told again after so many seconds.
    pub realarm_after_s: u32,
    pub mewma: MewmaSettings,
}

impl Default for MonitorSettings {
    fn default() -> Self {
        Self {
            learning_s: 48 * 3_600,
            drift_limit: 2.0,
            drift_clear: 1.0,
            noise_limit: 2.5,
            noise_clear: 1.5,
            stuck_factor: 10.0,
            stuck_least_s: 60.0,
            silence_limit: 0.8,
            mismatch_limit: 6.0,
            confirm_score: 2.0,
            confirm_after_s: 30,
            confirm_restless_s: 300,
            features_every_s: 15,
            realarm_after_s: 8 * 3_600,
            mewma: MewmaSettings::default(),
        }
    }
}

impl MonitorSettings {
    pub fn learning(&self) -> TimeDelta {
        TimeDelta::seconds(i64::from(self.learning_s))
    }
}

/// What is told to a machine or switched by hand: it moves when somebody wants it to, so its moving is no fault.
pub const fn is_told(kind: QuantityKind) -> bool {
    matches!(kind, QuantityKind::SpeedSetpoint | QuantityKind::ValveSetpoint | QuantityKind::State)
}

/// What rises when a machine suffers, and falls when it is run more gently: high, it is no matter of how the machine is run.
pub const fn tells_of_wear(kind: QuantityKind) -> bool {
    matches!(kind, QuantityKind::Vibration | QuantityKind::BearingTemperature | QuantityKind::MotorTemperature)
}

/// The kind that follows a setpoint.
pub const fn follower_of(setpoint: QuantityKind) -> Option<QuantityKind> {
    match setpoint {
        QuantityKind::SpeedSetpoint => Some(QuantityKind::Speed),
        QuantityKind::ValveSetpoint => Some(QuantityKind::ValvePosition),
        _ => None,
    }
}
