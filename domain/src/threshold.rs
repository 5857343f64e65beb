//! How tolerant the monitor is of one signal: its limits times a factor, which outcomes move within bounds and a person may set.

use crate::{
    ids::{ActorId, CaseId, SignalId},
    sealed::Sealed,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// From now on the signal's limits are `factor` times the configured ones. Undone by setting `was` again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThresholdAdjusted {
    pub signal: SignalId,
    pub factor: f64,
    pub was: f64,
    pub by: ActorId,
    /// For people: what was counted.
    pub reason: String,
    /// The cases that were counted; none of them counts again.
    #[serde(default)]
    pub because: Vec<CaseId>,
    /// What a person wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
}

/// The state folded from a signal's adjustments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    pub factor: f64,
    pub counted: BTreeSet<CaseId>,
    /// A person has set it: outcomes move it no more.
    pub held: bool,
}

impl Default for Threshold {
    fn default() -> Self {
        Self { factor: 1.0, counted: BTreeSet::new(), held: false }
    }
}

impl Threshold {
    pub fn evolve(&mut self, fact: &ThresholdAdjusted) {
        self.factor = fact.factor;
        self.counted.extend(&fact.because);
        self.held = !fact.by.is_service();
    }
}
