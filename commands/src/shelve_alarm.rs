//! ShelveAlarm and UnshelveAlarm: a nuisance alarm tells nobody for a while, with a reason and an end.

use crate::{
    acknowledge_alarm::no_alarm,
    decision::{Circumstances, Decision, Refused, senseless},
};
use chrono::TimeDelta;
use millwright_domain::{
    alarm::{AlarmShelved, AlarmUnshelved},
    envelope::StreamId,
    ids::AssetId,
    sealed::Sealed,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A shift: whoever comes next must hear of it again.
pub const LONGEST_SHELF_MIN: u32 = 8 * 60;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShelveAlarm {
    pub asset: AssetId,
    pub detector: String,
    pub minutes: u32,
    pub reason: Sealed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnshelveAlarm {
    pub asset: AssetId,
    pub detector: String,
}

impl ShelveAlarm {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        circumstances.person("only a person may shelve an alarm")?;
        if !(1..=LONGEST_SHELF_MIN).contains(&self.minutes) {
            return Err(senseless(
                "bad_shelf",
                format_args!("an alarm is shelved for 1 to {LONGEST_SHELF_MIN} minutes; take it out of service if it must be quiet for longer"),
            ));
        }
        if site.alarm(&self.asset, &self.detector).is_none() {
            return Err(no_alarm(&self.asset));
        }
        let until = circumstances.now.wall + TimeDelta::minutes(i64::from(self.minutes));
        let (asset, detector, reason) = (self.asset.clone(), self.detector.clone(), self.reason.clone());
        Ok(Decision::one(StreamId::asset(&self.asset), AlarmShelved { asset, detector, until, by: circumstances.by.clone(), reason }))
    }
}

impl UnshelveAlarm {
    /// A service may only when the time is over.
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some(until) = site.alarm(&self.asset, &self.detector).and_then(|alarm| alarm.shelved_until) else { return Ok(Decision::AlreadySo) };
        if circumstances.by.is_service() && circumstances.now.wall < until {
            return Err(senseless("too_early", format_args!("the alarm is shelved until {until}")));
        }
        let (asset, detector) = (self.asset.clone(), self.detector.clone());
        Ok(Decision::one(StreamId::asset(&self.asset), AlarmUnshelved { asset, detector, by: circumstances.by.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene, watching};

    #[test]
    fn what_rises_on_the_shelf_is_recorded_and_opens_no_case() {
        let scene = scene().given_case().when(plant::closed_by_person()).happens().when(watching::shelve("ann", "drift", 60)).happens();
        let scene = scene.when(plant::raise_alert_with_id(2)).happens().then_facts(["AlertSuppressed"]);
        assert_eq!(scene.open_cases(), 0);
        let scene = scene.later_s(3_600).when(plant::raise_alert_with_id(3)).happens().then_facts(["AlertRaised"]);
        assert_eq!(scene.open_cases(), 1);
    }

    #[test]
    fn a_shelf_is_no_longer_than_a_shift_and_only_a_person_puts_on_it() {
        scene().given_case().when(watching::shelve("ann", "drift", 481)).is_refused("bad_shelf");
        scene().given_case().when(watching::shelve("ann", "drift", 0)).is_refused("bad_shelf");
        scene().given_case().when(watching::shelve("svc-monitor", "drift", 5)).is_refused("not_a_person");
        scene().given_case().when(watching::shelve("ann", "noise", 5)).is_refused("no_alarm");
    }

    #[test]
    fn the_clock_takes_it_off_when_its_time_is_over_and_a_person_whenever_he_likes() {
        let scene = scene().given_case().when(watching::shelve("ann", "drift", 60)).happens();
        let early = scene.clone().when(watching::unshelve("svc-timekeeper", "drift")).is_refused("too_early");
        early.later_s(3_600).when(watching::unshelve("svc-timekeeper", "drift")).happens().then_facts(["AlarmUnshelved"]);
        scene.when(watching::unshelve("ann", "drift")).happens().when(watching::unshelve("ann", "drift")).is_already_so();
    }
}
