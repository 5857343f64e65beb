//! AcknowledgeAlarm: a person says that he has seen it. Nothing else follows from it.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{alarm::AlarmAcknowledged, envelope::StreamId, ids::AssetId, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AcknowledgeAlarm {
    pub asset: AssetId,
    pub detector: String,
}

impl AcknowledgeAlarm {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        circumstances.person("only a person can have seen an alarm")?;
        match site.alarm(&self.asset, &self.detector) {
            None => Err(no_alarm(&self.asset)),
            Some(alarm) if alarm.acknowledged => Ok(Decision::AlreadySo),
            Some(_) => {
                let fact = AlarmAcknowledged { asset: self.asset.clone(), detector: self.detector.clone(), by: circumstances.by.clone() };
                Ok(Decision::one(StreamId::asset(&self.asset), fact))
            }
        }
    }
}

/// Does not repeat the detector's name: whatever somebody wrote there would stand in the answer on the ledger for ever.
pub(crate) fn no_alarm(asset: &AssetId) -> Refused {
    senseless("no_alarm", format_args!("{asset} never had an alarm by that detector; take asset and detector from the list of alarms"))
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene, watching};

    #[test]
    fn a_person_acknowledges_once_and_a_rising_alarm_asks_again() {
        let scene = scene().given_case().when(watching::acknowledge("ann", "drift")).happens().then_facts(["AlarmAcknowledged"]);
        let scene = scene.when(watching::acknowledge("ann", "drift")).is_already_so();
        scene.when(plant::raise_alert_with_id(2)).happens().when(watching::acknowledge("ann", "drift")).happens();
    }

    #[test]
    fn no_service_has_eyes_and_no_alarm_is_made_up() {
        scene().given_case().when(watching::acknowledge("svc-monitor", "drift")).is_refused("not_a_person");
        scene().given_case().when(watching::acknowledge("ann", "mewma")).is_refused("no_alarm");
    }
}
