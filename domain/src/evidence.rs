//! What speaks for an alert or a diagnosis: figures with their signal, so that a person can check them against the curve.

use crate::{Timestamp, ids::SignalId, quantity::QuantityKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One figure about one signal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    pub signal: SignalId,
    pub kind: QuantityKind,
    pub feature: Feature,
    /// In the feature's own measure; for `drift` baseline standard deviations, signed.
    pub magnitude: f64,
    /// Mean over the window, in the signal's unit.
    pub current: f64,
    /// Baseline mean, in the signal's unit.
    pub expected: f64,
    /// The window that the figure was taken over, in seconds, ending at `at`.
    pub window_s: u32,
    pub at: Timestamp,
}

/// What the figure says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// (window mean − baseline mean) / baseline standard deviation of raw values.
    Drift,
    /// Share of the multivariate distance that this signal contributes, signed by its direction.
    Contribution,
    /// Window standard deviation / baseline standard deviation.
    Noise,
    /// Change over the window, in baseline standard deviations.
    Slope,
    /// Seconds without any change of the value.
    Stuck,
    /// Departure from what the asset's other signals imply, in residual standard deviations.
    Residual,
}

impl Feature {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drift => "drift",
            Self::Contribution => "contribution",
            Self::Noise => "noise",
            Self::Slope => "slope",
            Self::Stuck => "stuck",
            Self::Residual => "residual",
        }
    }
}
