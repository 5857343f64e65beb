//! MarkTruth: a simulator says what it really does to a machine, on a partition that only the evaluation reads.

use crate::decision::{Circumstances, Decision, Refused};
use millwright_domain::{
    envelope::StreamId,
    site::{GroundTruthMarked, Site},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MarkTruth {
    pub truth: GroundTruthMarked,
}

impl MarkTruth {
    pub(crate) fn decide(&self, _: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        Ok(Decision::one(StreamId::truth(), self.truth.clone()))
    }
}
