//! RejectAction: a person says no.

use crate::{
    approve_action::{ApproveActionRefused, answerable},
    decision::{Circumstances, Decision, Refusal, Refused},
};
use millwright_domain::{case::ActionRejected, envelope::StreamId, ids::ActionId, sealed::Sealed, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RejectAction {
    pub action: ActionId,
    pub note: Option<Sealed>,
}

impl RejectAction {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some(case) = site.case_of_action.get(&self.action) else {
            return Err(ApproveActionRefused::NothingProposed(self.action).at(StreamId::partition()));
        };
        let stream = StreamId::case(*case);
        if circumstances.by.is_service() {
            return Err(ApproveActionRefused::NotAPerson(circumstances.by.clone()).at(stream));
        }
        answerable(site.case(*case), self.action, circumstances.now.wall).map_err(|refused| refused.at(stream.clone()))?;
        // A no is the safe answer: every person may give it.
        let rejected = ActionRejected { action: self.action, by: circumstances.by.clone(), note: self.note.clone() };
        Ok(Decision::one(stream, rejected).about(case))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn a_no_ends_the_action_and_a_later_yes_changes_nothing() {
        let scene = scene().given_proposal();
        let action = scene.action();
        scene.when(plant::reject(action)).happens().then_facts(["ActionRejected"]).when(plant::approve(action)).is_refused("already_decided");
    }
}
