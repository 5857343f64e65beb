//! SealReadings: put the Merkle root of a range of readings on the ledger, so that each of them can be proved later.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    envelope::StreamId,
    site::{ReadingsSealed, Site},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SealReadings {
    pub sealed: ReadingsSealed,
}

impl SealReadings {
    pub(crate) fn decide(&self, _: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        if self.sealed.from >= self.sealed.to {
            return Err(senseless("empty_range", "there is nothing between `from` and `to` to seal"));
        }
        Ok(Decision::one(StreamId::partition(), self.sealed.clone()))
    }
}
