//! ProposeRelearning, ApproveRelearning, RestoreBaseline: what is normal for a machine changes only when a person says so, and can be taken back.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    baseline::{BaselineRestored, RelearningApproved, RelearningProposed},
    envelope::StreamId,
    ids::AssetId,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const ONLY_A_PERSON: &str = "only a person may say what is normal";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProposeRelearning {
    pub asset: AssetId,
    pub because: String,
}

/// Needs no proposal: after an overhaul a person knows it first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApproveRelearning {
    pub asset: AssetId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RestoreBaseline {
    pub asset: AssetId,
}

impl ProposeRelearning {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        described(site, &self.asset)?;
        if site.relearning.get(&self.asset).is_some_and(|known| known.proposed) {
            return Ok(Decision::AlreadySo);
        }
        let fact = RelearningProposed { asset: self.asset.clone(), because: self.because.clone() };
        Ok(Decision::one(StreamId::asset(&self.asset), fact))
    }
}

impl ApproveRelearning {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        described(site, &self.asset)?;
        circumstances.person(ONLY_A_PERSON)?;
        if site.open_cases_of(&self.asset).next().is_some() {
            return Err(senseless("case_open", format_args!("{} has an open case; close it first, or its fault is learned as normal", self.asset)));
        }
        if site.locked_out.contains_key(&self.asset) {
            return Err(senseless("locked_out", format_args!("somebody works on {}; return it to service first", self.asset)));
        }
        Ok(Decision::one(StreamId::asset(&self.asset), RelearningApproved { asset: self.asset.clone(), by: circumstances.by.clone() }))
    }
}

impl RestoreBaseline {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        described(site, &self.asset)?;
        circumstances.person(ONLY_A_PERSON)?;
        if site.relearning.get(&self.asset).is_none_or(|known| known.depth == 0) {
            return Err(senseless(
                "nothing_to_restore",
                format_args!("{} is judged by what was learned first, or by the oldest that is kept", self.asset),
            ));
        }
        Ok(Decision::one(StreamId::asset(&self.asset), BaselineRestored { asset: self.asset.clone(), by: circumstances.by.clone() }))
    }
}

fn described(site: &Site, asset: &AssetId) -> Result<(), Refused> {
    match site.plant.as_ref().is_some_and(|plant| plant.asset(asset).is_some()) {
        true => Ok(()),
        false => Err(senseless("unknown_asset", format_args!("no asset {asset} is described for this site"))),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene, watching};

    #[test]
    fn a_service_proposes_once_and_a_person_approves() {
        let scene = scene().given_plant().when(watching::propose_relearning()).happens().when(watching::propose_relearning()).is_already_so();
        let scene = scene.when(watching::approve_relearning("svc-monitor")).is_refused("not_a_person");
        scene.when(watching::approve_relearning("ann")).happens().then_facts(["RelearningApproved"]).when(watching::propose_relearning()).happens();
    }

    #[test]
    fn a_fault_is_not_learned_as_normal() {
        scene().given_case().when(watching::approve_relearning("ann")).is_refused("case_open");
        scene().given_plant().when(plant::lock_out()).happens().when(watching::approve_relearning("ann")).is_refused("locked_out");
    }

    #[test]
    fn what_was_relearned_can_be_taken_back_once_for_each_time() {
        let scene = scene().given_plant().when(watching::restore_baseline("ann")).is_refused("nothing_to_restore");
        let scene = scene.when(watching::approve_relearning("ann")).happens().when(watching::restore_baseline("ann")).happens();
        scene.when(watching::restore_baseline("ann")).is_refused("nothing_to_restore");
    }
}
