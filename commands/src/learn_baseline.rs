//! LearnBaseline: the figures that a signal's drift is judged by from now on.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{baseline::BaselineLearned, envelope::StreamId, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `baseline.version` is given by the rule: one more than the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LearnBaseline {
    pub baseline: BaselineLearned,
}

impl LearnBaseline {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let baseline = &self.baseline;
        let figures = [baseline.mean, baseline.std, baseline.p95, baseline.p99];
        if baseline.count == 0 || figures.iter().any(|figure| !figure.is_finite()) || baseline.std < 0.0 {
            return Err(senseless("bad_baseline", format_args!("the figures for {} are no baseline: {figures:?}", baseline.signal)));
        }
        let version = site.baseline_versions.get(&baseline.signal).copied().unwrap_or(0) + 1;
        Ok(Decision::one(StreamId::signal(&baseline.signal), BaselineLearned { version, ..baseline.clone() }))
    }
}
