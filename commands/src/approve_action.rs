//! ApproveAction: a person says yes to exactly one proposal. Late, second and ineligible answers are recorded and change nothing.

use crate::decision::{Circumstances, Decision, Refusal, Refused};
use millwright_domain::{
    Timestamp,
    action::{Action, Ending, Proposal},
    case::{ActionApproved, Case, Rule},
    envelope::StreamId,
    ids::{ActionId, ActorId},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApproveAction {
    pub action: ActionId,
    /// The binding shown to the person who said yes.
    pub binding: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApproveActionRefused {
    #[error("nothing with the id {0} was proposed")]
    NothingProposed(ActionId),
    #[error("the case is closed; its actions are void")]
    CaseClosed,
    #[error("the approval expired at {0}; propose the action again if it is still needed")]
    ApprovalExpired(Timestamp),
    #[error("a newer proposal took this one's place; answer that one")]
    ActionSuperseded,
    #[error("this action is already {0}")]
    AlreadyDecided(&'static str),
    #[error("what was approved is not what is proposed now; look at it again and answer anew")]
    AnotherBinding,
    #[error("who proposed an action cannot approve it; ask somebody else")]
    OwnProposal,
    #[error("only a person can approve; {0} is a program")]
    NotAPerson(ActorId),
}

impl Refusal for ApproveActionRefused {
    fn code(&self) -> &'static str {
        match self {
            Self::NothingProposed(_) => "nothing_proposed",
            Self::CaseClosed => "case_closed",
            Self::ApprovalExpired(_) => "approval_expired",
            Self::ActionSuperseded => "action_superseded",
            Self::AlreadyDecided(_) => "already_decided",
            Self::AnotherBinding => "another_binding",
            Self::OwnProposal => "own_proposal",
            Self::NotAPerson(_) => "not_a_person",
        }
    }
    fn rule(&self) -> Option<Rule> {
        match self {
            Self::NothingProposed(_) => None,
            Self::CaseClosed
            | Self::ApprovalExpired(_)
            | Self::ActionSuperseded
            | Self::AlreadyDecided(_)
            | Self::AnotherBinding
            | Self::OwnProposal
            | Self::NotAPerson(_) => Some(Rule::Approval),
        }
    }
}

impl ApproveAction {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some(case) = site.case_of_action.get(&self.action) else {
            return Err(ApproveActionRefused::NothingProposed(self.action).at(StreamId::partition()));
        };
        let stream = StreamId::case(*case);
        let proposal = answerable(site.case(*case), self.action, circumstances.now.wall).map_err(|refused| refused.at(stream.clone()))?;
        self.may_approve(proposal, circumstances.by).map_err(|refused| refused.at(stream.clone()))?;
        let approved = ActionApproved { action: self.action, binding: self.binding.clone(), by: circumstances.by.clone() };
        Ok(Decision::one(stream, approved).about(case))
    }

    fn may_approve(&self, proposal: &Proposal, by: &ActorId) -> Result<(), ApproveActionRefused> {
        if by.is_service() {
            return Err(ApproveActionRefused::NotAPerson(by.clone()));
        }
        if proposal.proposed_by == *by {
            return Err(ApproveActionRefused::OwnProposal);
        }
        if proposal.binding() != self.binding {
            return Err(ApproveActionRefused::AnotherBinding);
        }
        Ok(())
    }
}

/// The proposal, if it still waits for an answer. The deadline is judged here, not by whether a timer has fired.
pub(crate) fn answerable(case: &Case, action: ActionId, now: Timestamp) -> Result<&Proposal, ApproveActionRefused> {
    let file = match case {
        Case::Unopened => return Err(ApproveActionRefused::NothingProposed(action)),
        Case::Closed(..) => return Err(ApproveActionRefused::CaseClosed),
        Case::Open(file) => file,
    };
    match file.actions.get(&action) {
        None => Err(ApproveActionRefused::NothingProposed(action)),
        Some(Action::AwaitingApproval { proposal }) if now >= proposal.expires_at => Err(ApproveActionRefused::ApprovalExpired(proposal.expires_at)),
        Some(Action::AwaitingApproval { proposal }) => Ok(proposal),
        Some(Action::Ended { ending: Ending::Superseded, .. }) => Err(ApproveActionRefused::ActionSuperseded),
        Some(Action::Ended { proposal, ending: Ending::Expired }) => Err(ApproveActionRefused::ApprovalExpired(proposal.expires_at)),
        Some(decided) => Err(ApproveActionRefused::AlreadyDecided(decided.stage())),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn a_yes_in_time_approves() {
        let scene = scene().given_proposal();
        let action = scene.action();
        scene.when(plant::approve(action)).happens().then_facts(["ActionApproved"]);
    }

    #[test]
    fn a_yes_after_five_minutes_is_recorded_and_changes_nothing() {
        let scene = scene().given_proposal().later_s(300);
        let action = scene.action();
        scene.when(plant::approve(action)).is_refused("approval_expired").then_recorded(["CommandRefused"]).action_is(action, "awaiting_approval");
    }

    #[test]
    fn approving_twice_changes_nothing() {
        let scene = scene().given_proposal();
        let action = scene.action();
        scene.when(plant::approve(action)).happens().when(plant::approve(action)).is_refused("already_decided");
    }

    #[test]
    fn an_old_click_cannot_approve_a_newer_proposal() {
        let scene = scene().given_proposal();
        let old = scene.action();
        scene.when(plant::propose("shutdown_motor")).happens().when(plant::approve(old)).is_refused("action_superseded");
    }

    #[test]
    fn a_yes_to_something_else_is_no_yes() {
        let scene = scene().given_proposal();
        let action = scene.action();
        scene.when(plant::approve_bound(action, "another")).is_refused("another_binding");
    }

    #[test]
    fn nobody_approves_his_own_proposal_and_no_program_approves_at_all() {
        let scene = scene().given_case().when(plant::proposed_by("ann", "slow_pump_to_75pct")).happens();
        let action = scene.action();
        let scene = scene.when(plant::approved_by("ann", action)).is_refused("own_proposal");
        scene.when(plant::approved_by("svc-diagnosis", action)).is_refused("not_a_person");
    }
}
