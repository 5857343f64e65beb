//! What diagnosis looks at: one machine's signals in figures without units, so that one rule fits many vendors.

use millwright_domain::{
    Timestamp,
    evidence::{Evidence, Feature},
    ids::{AssetId, SignalId},
    quantity::QuantityKind,
};
use serde::{Deserialize, Serialize};

/// Seconds that features look back, unless a field says otherwise.
pub const WINDOW_S: i64 = 60;
/// Slopes need longer than means to stand out from noise.
pub const SLOPE_S: i64 = 120;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssetFeatures {
    pub asset: AssetId,
    pub at: Timestamp,
    /// False while setpoints are where they never were in training: then means and spreads are nobody's fault.
    pub known_regime: bool,
    /// Whether any detector is in alarm.
    pub alarmed: bool,
    pub signals: Vec<SignalFeatures>,
}

/// Figures of one signal. `None` where there is nothing to judge by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignalFeatures {
    pub signal: SignalId,
    pub kind: QuantityKind,
    /// Mean over the window, in the signal's unit.
    pub current: f64,
    /// Baseline mean.
    pub expected: f64,
    /// Baseline standard deviations from the baseline mean.
    pub drift: Option<f64>,
    /// Jitter over the baseline's.
    pub noise: Option<f64>,
    /// Change over two minutes in baseline standard deviations.
    pub slope: Option<f64>,
    /// Seconds without a change, over the seconds that would be too long.
    pub stuck: f64,
    /// Departure from what the other signals imply, in standard deviations of that departure.
    pub residual: Option<f64>,
    /// How far the other signals are from normal without this one.
    pub others: Option<f64>,
    /// Share of its spread that the other signals explained while it was learned, 0 to 1: how much their word is worth.
    #[serde(default)]
    pub testimony: Option<f64>,
    /// Departure from the setpoint, in usual departures.
    pub mismatch: Option<f64>,
    /// Share of bad readings.
    pub missing: f64,
    /// Good readings of the last minute.
    #[serde(default)]
    pub good: u32,
    /// Seconds without a change.
    pub still_s: f64,
}

impl SignalFeatures {
    /// One figure of it as evidence.
    pub fn evidence(&self, feature: Feature, at: Timestamp) -> Option<Evidence> {
        let (magnitude, window) = match feature {
            Feature::Drift => (self.drift?, WINDOW_S),
            Feature::Noise => (self.noise?, WINDOW_S),
            Feature::Slope => (self.slope?, SLOPE_S),
            Feature::Stuck => (self.still_s, self.still_s as i64),
            Feature::Residual => (self.residual?, WINDOW_S),
            Feature::Contribution => return None,
        };
        let window_s = u32::try_from(window).unwrap_or(u32::MAX);
        let Self { signal, kind, current, expected, .. } = self;
        Some(Evidence { signal: signal.clone(), kind: *kind, feature, magnitude, current: *current, expected: *expected, window_s, at })
    }
}
