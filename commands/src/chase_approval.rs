//! RemindApproval and EscalateApproval: nobody has answered yet. Judged by the policy's times, each recorded once.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    Timestamp,
    action::{Action, Proposal},
    approval::{ApprovalEscalated, ApprovalReminded, Asked},
    envelope::StreamId,
    ids::{ActionId, CaseId},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemindApproval {
    pub action: ActionId,
    /// 1 for the first.
    pub number: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EscalateApproval {
    pub action: ActionId,
    /// 1 for the first.
    pub level: u32,
}

impl RemindApproval {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some((case, proposal, asked)) = waiting(site, self.action, circumstances.now.wall)? else { return Ok(Decision::AlreadySo) };
        match asked.next_reminder(&site.policy.approval, site.policy.proposed_at(proposal)) {
            Some((number, at)) if number == self.number && circumstances.now.wall < at => Err(not_yet(at)),
            Some((number, _)) if number == self.number => {
                Ok(Decision::one(StreamId::case(case), ApprovalReminded { action: self.action, number }).about(case))
            }
            _ => Ok(Decision::AlreadySo),
        }
    }
}

impl EscalateApproval {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some((case, proposal, asked)) = waiting(site, self.action, circumstances.now.wall)? else { return Ok(Decision::AlreadySo) };
        match asked.next_level(&site.policy.approval, site.policy.proposed_at(proposal)) {
            Some((level, _, at)) if level == self.level && circumstances.now.wall < at => Err(not_yet(at)),
            Some((level, to, _)) if level == self.level => {
                Ok(Decision::one(StreamId::case(case), ApprovalEscalated { action: self.action, level, to: to.clone() }).about(case))
            }
            _ => Ok(Decision::AlreadySo),
        }
    }
}

/// `None` where it was answered, or can be answered no more.
fn waiting(site: &Site, action: ActionId, now: Timestamp) -> Result<Option<(CaseId, &Proposal, &Asked)>, Refused> {
    let case = site.case_of_action.get(&action).copied();
    let known = case.and_then(|case| Some((case, site.case(case).file()?.actions.get(&action)?)));
    let Some((case, known)) = known else {
        return Err(senseless("nothing_proposed", format_args!("nothing with the id {action} was proposed")));
    };
    match known {
        Action::AwaitingApproval { proposal, asked } if now < proposal.expires_at => Ok(Some((case, proposal, asked))),
        _ => Ok(None),
    }
}

fn not_yet(at: Timestamp) -> Refused {
    senseless("not_yet", format_args!("that is due at {at}"))
}

#[cfg(test)]
mod tests {
    use super::{EscalateApproval, RemindApproval};
    use crate::testing::{plant, scene};

    #[test]
    fn whoever_does_not_answer_is_reminded_and_then_others_may_answer_too() {
        let scene = scene().given_case().when(plant::adopt(plant::careful_policy())).happens().when(plant::propose("slow_pump_to_75pct")).happens();
        let action = scene.action();
        let remind = |number| plant::ask("svc-timekeeper", RemindApproval { action, number });
        let escalate = |level| plant::ask("svc-timekeeper", EscalateApproval { action, level });
        let scene = scene.later_s(59).when(remind(1)).is_refused("not_yet").when(escalate(1)).is_refused("not_yet");
        let scene = scene.later_s(1).when(remind(1)).then_facts(["ApprovalReminded"]).when(remind(1)).is_already_so();
        let scene = scene.when(remind(2)).is_refused("not_yet").when(plant::approved_by("emma", action)).is_refused("not_among_approvers");
        let scene = scene.later_s(60).when(escalate(1)).then_facts(["ApprovalEscalated"]).when(escalate(1)).is_already_so();
        scene.when(plant::approved_by("emma", action)).then_facts(["ActionApproved"]);
    }

    #[test]
    fn what_was_answered_is_chased_no_more() {
        let scene = scene().given_case().when(plant::adopt(plant::careful_policy())).happens().when(plant::propose("slow_pump_to_75pct")).happens();
        let action = scene.action();
        let scene = scene.when(plant::approve(action)).happens().later_s(200);
        let scene = scene.when(plant::ask("svc-timekeeper", RemindApproval { action, number: 1 })).is_already_so();
        scene.when(plant::ask("svc-timekeeper", EscalateApproval { action, level: 1 })).is_already_so();
    }
}
