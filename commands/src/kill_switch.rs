//! EngageKillSwitch and ReleaseKillSwitch: stop everything that acts on a site. Anybody may stop; only a person may release.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    envelope::StreamId,
    sealed::Sealed,
    site::{KillSwitchEngaged, KillSwitchReleased, Site},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EngageKillSwitch {
    pub reason: Sealed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseKillSwitch;

impl EngageKillSwitch {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        if site.kill_switch.is_some() {
            return Ok(Decision::AlreadySo);
        }
        Ok(Decision::one(StreamId::site(), KillSwitchEngaged { by: circumstances.by.clone(), reason: self.reason.clone() }))
    }
}

impl ReleaseKillSwitch {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        if site.kill_switch.is_none() {
            return Ok(Decision::AlreadySo);
        }
        if circumstances.by.is_service() {
            return Err(senseless("not_a_person", "only a person may release the kill switch"));
        }
        Ok(Decision::one(StreamId::site(), KillSwitchReleased { by: circumstances.by.clone() }))
    }
}
