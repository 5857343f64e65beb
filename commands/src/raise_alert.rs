//! RaiseAlert: the monitor saw something depart from normal. Joins the asset's open case, or opens one.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    alarm::AlertSuppressed,
    case::AlertRaised,
    envelope::StreamId,
    ids::{CaseId, derived},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RaiseAlert {
    pub alert: AlertRaised,
}

impl RaiseAlert {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let asset = &self.alert.asset;
        if site.plant.as_ref().is_none_or(|plant| plant.asset(asset).is_none()) {
            return Err(senseless("unknown_asset", format_args!("no asset {asset} is described for this site; describe the plant first")));
        }
        if let Some(suppressed) = self.suppressed(site, circumstances) {
            return Ok(Decision::one(StreamId::asset(asset), suppressed));
        }
        let case = self.case_to_join(site).unwrap_or_else(|| CaseId(derived(&circumstances.command.to_string(), "case", 0)));
        Ok(Decision::one(StreamId::case(case), self.alert.clone()).about(case))
    }

    /// Recorded all the same: what nobody was told must still be there for whoever asks later.
    fn suppressed(&self, site: &Site, circumstances: Circumstances<'_>) -> Option<AlertSuppressed> {
        let AlertRaised { asset, detector, severity, evidence, .. } = &self.alert;
        let by_design = site.locked_out.contains_key(asset);
        let alarm = site.alarm(asset, detector).cloned().unwrap_or_default();
        let why = alarm.suppression(circumstances.now.wall, by_design)?;
        Some(AlertSuppressed { asset: asset.clone(), detector: detector.clone(), severity: *severity, evidence: evidence.clone(), why })
    }

    /// Of several open cases, the one that most of the evidence is about; of equals, the one opened last.
    fn case_to_join(&self, site: &Site) -> Option<CaseId> {
        let shared = |case: CaseId| {
            let known = site.case(case).open_file().map_or(&[][..], |file| &file.evidence);
            self.alert.evidence.iter().filter(|new| known.iter().any(|old| old.signal == new.signal)).count()
        };
        site.open_cases_of(&self.alert.asset).max_by_key(|(case, file)| (shared(*case), file.opened_at)).map(|(case, _)| case)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn the_first_alert_opens_a_case_and_the_next_joins_it() {
        let opened = scene().given_plant().when(plant::raise_alert()).happens();
        let case = opened.subject();
        opened.then_facts(["AlertRaised"]).when(plant::raise_alert_with_id(2)).happens().then_facts(["AlertRaised"]).is_about(&case);
    }

    #[test]
    fn an_alert_after_the_case_was_closed_opens_another() {
        let scene = scene().given_case();
        let first = scene.case();
        let scene = scene.when(plant::closed_by_person()).happens().when(plant::raise_alert_with_id(9)).happens();
        assert_ne!(scene.subject(), first.to_string());
    }

    #[test]
    fn an_alert_on_a_machine_that_somebody_works_on_is_recorded_and_opens_nothing() {
        let scene = scene().given_plant().when(plant::lock_out()).happens().when(plant::raise_alert()).happens();
        assert_eq!(scene.then_facts(["AlertSuppressed"]).open_cases(), 0);
    }

    #[test]
    fn an_alert_on_an_asset_nobody_described_is_refused() {
        scene().when(plant::raise_alert()).is_refused("unknown_asset");
    }
}
