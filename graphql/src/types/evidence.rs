//! What speaks for an alert or a diagnosis.

use crate::scalars::{id, time};
use async_graphql::{Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{action, evidence};

#[derive(SimpleObject)]
pub struct Evidence {
    signal: ID,
    kind: String,
    feature: Feature,
    /// In the feature's own measure; for DRIFT baseline standard deviations, signed.
    magnitude: f64,
    /// Mean over the window, in the signal's unit.
    current: f64,
    /// Baseline mean, in the signal's unit.
    expected: f64,
    window_s: u32,
    at: DateTime<Utc>,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "evidence::Feature")]
pub enum Feature {
    Drift,
    Contribution,
    Noise,
    Slope,
    Stuck,
    Residual,
}

pub(crate) fn shown(evidence: &[evidence::Evidence]) -> Vec<Evidence> {
    let one = |one: &evidence::Evidence| Evidence {
        signal: id(&one.signal),
        kind: one.kind.to_string(),
        feature: one.feature.into(),
        magnitude: one.magnitude,
        current: one.current,
        expected: one.expected,
        window_s: one.window_s,
        at: time(one.at),
    };
    evidence.iter().map(one).collect()
}

/// A reading that a decision rested on.
#[derive(SimpleObject)]
pub struct Observed {
    signal: ID,
    value: f64,
    at: DateTime<Utc>,
}

pub(crate) fn observed(observed: &[action::Observed]) -> Vec<Observed> {
    observed.iter().map(|one| Observed { signal: id(&one.signal), value: one.value, at: time(one.at) }).collect()
}
