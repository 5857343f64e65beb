//! ExpireApproval: nobody answered in time, so it is no; or the yes came and nothing could begin in time. Judged by the deadline itself.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    action::Action,
    case::{ActionVoided, ApprovalExpired},
    envelope::StreamId,
    ids::ActionId,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) const NOT_BEGUN: &str = "it was approved and could not begin in time; propose it again if it is still wanted";

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
        match action {
            Action::AwaitingApproval { proposal, .. } if circumstances.now.wall < proposal.expires_at => {
                Err(senseless("not_yet", format_args!("it can be answered until {}", proposal.expires_at)))
            }
            Action::AwaitingApproval { .. } => Ok(Decision::one(StreamId::case(*case), ApprovalExpired { action: self.action }).about(case)),
            Action::Approved { proposal, .. } if circumstances.now.wall < proposal.begin_by() => {
                Err(senseless("not_yet", format_args!("it was approved and may begin until {}", proposal.begin_by())))
            }
            Action::Approved { .. } => {
                Ok(Decision::one(StreamId::case(*case), ActionVoided { action: self.action, reason: NOT_BEGUN.into() }).about(case))
            }
            Action::Started { .. } | Action::Completed { .. } | Action::Ended { .. } | Action::Unverified { .. } => Ok(Decision::AlreadySo),
        }
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
    fn what_has_begun_does_not_expire() {
        let scene = scene().given_started();
        let action = scene.action();
        scene.later_s(1_000).when(plant::expire(action)).is_already_so();
    }

    #[test]
    fn what_was_approved_and_never_began_is_void_two_minutes_after_the_last_moment_for_a_yes() {
        let scene = scene().given_approval();
        let action = scene.action();
        scene
            .later_s(419)
            .when(plant::expire(action))
            .is_refused("not_yet")
            .then_recorded([])
            .later_s(1)
            .when(plant::expire(action))
            .then_facts(["ActionVoided"]);
    }
}
