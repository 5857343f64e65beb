//! AdoptPolicy: the site's action policy, as a whole. Any change voids what was approved under the old one.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    envelope::StreamId,
    policy::Policy,
    site::{PolicyAdopted, Site},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AdoptPolicy {
    pub policy: Policy,
}

impl AdoptPolicy {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        if site.policy == self.policy {
            return Ok(Decision::AlreadySo);
        }
        let policy = self.policy.clone().checked().map_err(|refused| senseless("bad_policy", refused))?;
        Ok(Decision::one(StreamId::site(), PolicyAdopted { policy }))
    }
}
