//! ExpireApproval: nobody answered in time, so it is no. Asked by a timer, judged by the deadline itself.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{action::Action, case::ApprovalExpired, envelope::StreamId, ids::ActionId, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExpireApproval {
    pub action: ActionId,
}

impl ExpireApproval {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let case = site.case_of_action.get(&self.action);
        let action = case.and_then(|case| site.case(*case).file()?.actions.get(&self.action));
        let (Some(case), Some(action)) = (case, action) else {
            return Err(senseless("nothing_proposed", format_args!("nothing with the id {} was proposed", self.action)));
        };
        let Action::AwaitingApproval { proposal } = action else { return Ok(Decision::AlreadySo) };
        if circumstances.now.wall < proposal.expires_at {
            return Err(senseless("not_yet", format_args!("it can be answered until {}", proposal.expires_at)));
        }
        Ok(Decision::one(StreamId::case(*case), ApprovalExpired { action: self.action }).about(case))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn a_timer_that_fires_early_expires_nothing() {
        let scene = scene().given_proposal().later_s(299);
        let action = scene.action();
        scene.when(plant::expire(action)).is_refused("not_yet").later_s(1).when(plant::expire(action)).happens().then_facts(["ApprovalExpired"]);
    }

    #[test]
    fn what_was_answered_does_not_expire() {
        let scene = scene().given_proposal();
        let action = scene.action();
        scene.when(plant::approve(action)).happens().later_s(400).when(plant::expire(action)).is_already_so();
    }
}
