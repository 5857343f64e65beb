//! TakeAlarmOutOfService and ReturnAlarmToService: an alarm that tells nobody until a person says otherwise.

use crate::{
    acknowledge_alarm::no_alarm,
    decision::{Circumstances, Decision, Refused},
};
use millwright_domain::{
    alarm::{AlarmReturnedToService, AlarmTakenOutOfService},
    envelope::StreamId,
    ids::AssetId,
    sealed::Sealed,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const ONLY_A_PERSON: &str = "only a person may take an alarm out of service, or return it";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TakeAlarmOutOfService {
    pub asset: AssetId,
    pub detector: String,
    pub reason: Sealed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnAlarmToService {
    pub asset: AssetId,
    pub detector: String,
}

impl TakeAlarmOutOfService {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.person(ONLY_A_PERSON)?.clone();
        match site.alarm(&self.asset, &self.detector) {
            None => Err(no_alarm(&self.asset)),
            Some(alarm) if alarm.out_of_service => Ok(Decision::AlreadySo),
            Some(_) => {
                let (asset, detector, reason) = (self.asset.clone(), self.detector.clone(), self.reason.clone());
                Ok(Decision::one(StreamId::asset(&self.asset), AlarmTakenOutOfService { asset, detector, by, reason }))
            }
        }
    }
}

impl ReturnAlarmToService {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.person(ONLY_A_PERSON)?.clone();
        if site.alarm(&self.asset, &self.detector).is_none_or(|alarm| !alarm.out_of_service) {
            return Ok(Decision::AlreadySo);
        }
        let (asset, detector) = (self.asset.clone(), self.detector.clone());
        Ok(Decision::one(StreamId::asset(&self.asset), AlarmReturnedToService { asset, detector, by }))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene, watching};

    #[test]
    fn an_alarm_out_of_service_tells_nobody_until_a_person_returns_it() {
        let scene = scene().given_case().when(plant::closed_by_person()).happens().when(watching::out_of_service("ann", "drift")).happens();
        let scene = scene.later_s(86_400).when(plant::raise_alert_with_id(2)).happens().then_facts(["AlertSuppressed"]);
        let scene = scene.when(watching::back_in_service("svc-timekeeper", "drift")).is_refused("not_a_person");
        let scene = scene.when(watching::back_in_service("ann", "drift")).happens().then_facts(["AlarmReturnedToService"]);
        scene.when(plant::raise_alert_with_id(3)).happens().then_facts(["AlertRaised"]);
    }
}
