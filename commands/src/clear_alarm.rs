//! ClearAlarm: a detector sees nothing of a machine any more.

use crate::decision::{Circumstances, Decision, Refused};
use millwright_domain::{alarm::AlarmCleared, envelope::StreamId, ids::AssetId, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClearAlarm {
    pub asset: AssetId,
    pub detector: String,
}

impl ClearAlarm {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        if site.alarm(&self.asset, &self.detector).is_none_or(|alarm| !alarm.active) {
            return Ok(Decision::AlreadySo);
        }
        let fact = AlarmCleared { asset: self.asset.clone(), detector: self.detector.clone() };
        Ok(Decision::one(StreamId::asset(&self.asset), fact))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{scene, watching};

    #[test]
    fn an_alarm_that_stands_is_cleared_once() {
        let scene = scene().given_case().when(watching::clear_alarm("drift")).happens().then_facts(["AlarmCleared"]);
        scene.when(watching::clear_alarm("drift")).is_already_so();
    }

    #[test]
    fn what_never_rose_has_nothing_to_clear() {
        scene().given_plant().when(watching::clear_alarm("drift")).is_already_so();
    }
}
