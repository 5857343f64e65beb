//! ApproveAction: a person says yes to exactly one proposal; of high risk it takes two. Late, second and ineligible answers are recorded and change nothing.

use crate::decision::{Circumstances, Decision, Refusal, Refused};
use millwright_domain::{
    Timestamp,
    action::{Action, Ending, Proposal},
    approval::{ApprovalGiven, Asked, Risk},
    case::{ActionApproved, Case, Rule},
    envelope::StreamId,
    ids::{ActionId, ActorId},
    message::{BINDING_SHOWN, Channel},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApproveAction {
    pub action: ActionId,
    /// The binding shown to the person who said yes. A button of a chat carries the beginning of it.
    pub binding: String,
    /// How the yes came, if not from the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Channel>,
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
    #[error("{0} is not among those who may approve this; ask one of them, or have one of them delegate it")]
    NotAmongApprovers(ActorId),
    #[error("{0} has said yes to this already; it takes another person, too")]
    SaidYesBefore(ActorId),
    #[error("you answer for {0} or {0} for you, and a high risk takes two who decide for themselves; ask another approver")]
    NotOfTheirOwn(ActorId),
    #[error("the policy was changed since this was proposed; propose it again if it is still needed")]
    PolicyChanged,
    #[error("this is of high risk, so the first yes is given at the page, where the evidence is; the second may come from a phone")]
    NeedsThePage,
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
            Self::NotAmongApprovers(_) => "not_among_approvers",
            Self::SaidYesBefore(_) => "said_yes_before",
            Self::NotOfTheirOwn(_) => "not_of_their_own",
            Self::PolicyChanged => "policy_changed",
            Self::NeedsThePage => "needs_the_page",
        }
    }
    fn rule(&self) -> Option<Rule> {
        match self {
            Self::NothingProposed(_) => None,
            _ => Some(Rule::Approval),
        }
    }
}

impl ApproveAction {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some(case) = site.case_of_action.get(&self.action) else {
            return Err(ApproveActionRefused::NothingProposed(self.action).at(StreamId::partition()));
        };
        let stream = StreamId::case(*case);
        let (proposal, asked) = answerable(site.case(*case), self.action, circumstances.now.wall).map_err(|refused| refused.at(stream.clone()))?;
        let by = circumstances.by.clone();
        may_answer(site, proposal, asked, &by).and_then(|()| self.fits(proposal, asked, &by)).map_err(|refused| refused.at(stream.clone()))?;
        let plan = &site.policy.approval;
        let behind = asked.behind(plan, proposal, &by);
        if let Some(other) = asked.yes.iter().find(|yes| asked.behind(plan, proposal, yes) == behind) {
            return Err(ApproveActionRefused::NotOfTheirOwn(other.clone()).at(stream));
        }
        let (action, binding) = (self.action, proposal.binding());
        let needed = proposal.risk.yes_needed();
        if asked.yes.len() + 1 < needed {
            let given = ApprovalGiven { action, binding, by, needed: u32::try_from(needed).unwrap_or(u32::MAX) };
            return Ok(Decision::one(stream, given).about(case));
        }
        Ok(Decision::one(stream, ActionApproved { action, binding, by }).about(case))
    }

    /// Whether this yes is to this proposal, and may come from this person this way.
    fn fits(&self, proposal: &Proposal, asked: &Asked, by: &ActorId) -> Result<(), ApproveActionRefused> {
        if proposal.proposed_by == *by {
            return Err(ApproveActionRefused::OwnProposal);
        }
        // A chat alone is not enough: somebody has to have looked at the page.
        if self.via.is_some() && proposal.risk == Risk::High && asked.yes.is_empty() {
            return Err(ApproveActionRefused::NeedsThePage);
        }
        let binding = proposal.binding();
        let is_same = match self.via {
            None => binding == self.binding,
            Some(_) => self.binding.len() >= BINDING_SHOWN && binding.starts_with(&self.binding),
        };
        if !is_same {
            return Err(ApproveActionRefused::AnotherBinding);
        }
        if asked.yes.contains(by) {
            return Err(ApproveActionRefused::SaidYesBefore(by.clone()));
        }
        Ok(())
    }
}

/// Whether a person's answer to this proposal counts at all.
pub(crate) fn may_answer(site: &Site, proposal: &Proposal, asked: &Asked, by: &ActorId) -> Result<(), ApproveActionRefused> {
    if by.is_service() {
        return Err(ApproveActionRefused::NotAPerson(by.clone()));
    }
    // Who may answer is what the policy says that it was proposed under.
    if site.policy.digest() != proposal.policy_digest {
        return Err(ApproveActionRefused::PolicyChanged);
    }
    if !asked.may_answer(&site.policy.approval, proposal, by) {
        return Err(ApproveActionRefused::NotAmongApprovers(by.clone()));
    }
    Ok(())
}

/// The proposal, if it still waits for an answer. The deadline is judged here, not by whether a timer has fired.
pub(crate) fn answerable(case: &Case, action: ActionId, now: Timestamp) -> Result<(&Proposal, &Asked), ApproveActionRefused> {
    let file = match case {
        Case::Unopened => return Err(ApproveActionRefused::NothingProposed(action)),
        Case::Closed(..) => return Err(ApproveActionRefused::CaseClosed),
        Case::Open(file) => file,
    };
    match file.actions.get(&action) {
        None => Err(ApproveActionRefused::NothingProposed(action)),
        Some(Action::AwaitingApproval { proposal, .. }) if now >= proposal.expires_at => {
            Err(ApproveActionRefused::ApprovalExpired(proposal.expires_at))
        }
        Some(Action::AwaitingApproval { proposal, asked }) => Ok((proposal, asked)),
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

    #[test]
    fn what_is_of_high_risk_takes_two_persons_and_the_first_of_them_at_the_page() {
        let scene = scene().given_case().when(plant::adopt(plant::careful_policy())).happens().when(plant::propose("shutdown_motor")).happens();
        let action = scene.action();
        let scene = scene.when(plant::approved_in_chat("ann", action)).is_refused("needs_the_page");
        let scene = scene.when(plant::approved_by("ann", action)).then_facts(["ApprovalGiven"]).action_is(action, "awaiting_approval");
        let scene = scene.when(plant::approved_by("ann", action)).is_refused("said_yes_before").then_recorded(["CommandRefused"]);
        let scene = scene.when(plant::start(action)).is_refused("not_approved");
        let scene = scene.when(plant::approved_in_chat("ann", action)).is_refused("said_yes_before");
        scene.clone().when(plant::approved_in_chat("bob", action)).then_facts(["ActionApproved"]);
        scene.when(plant::approved_by("bob", action)).then_facts(["ActionApproved"]);
    }

    #[test]
    fn of_two_who_say_yes_neither_chose_the_other() {
        let scene = scene().given_case().when(plant::adopt(plant::careful_policy())).happens().when(plant::propose("shutdown_motor")).happens();
        let action = scene.action();
        let scene = scene.when(plant::delegate("ann", action, "carl")).happens().when(plant::delegate("carl", action, "dora")).happens();
        let scene = scene.when(plant::approved_by("ann", action)).then_facts(["ApprovalGiven"]);
        let scene = scene.when(plant::approved_by("carl", action)).is_refused("not_of_their_own");
        let scene = scene.when(plant::approved_by("dora", action)).is_refused("not_of_their_own");
        let scene = scene.when(plant::delegate("ann", action, "emma")).is_refused("said_yes_before");
        scene.when(plant::approved_by("bob", action)).then_facts(["ActionApproved"]);
    }

    #[test]
    fn where_policy_names_approvers_nobody_else_counts_unless_one_of_them_delegates() {
        let scene = scene().given_case().when(plant::adopt(plant::careful_policy())).happens().when(plant::propose("slow_pump_to_75pct")).happens();
        let action = scene.action();
        let scene = scene.when(plant::approved_by("carl", action)).is_refused("not_among_approvers");
        let scene = scene.when(plant::delegate("carl", action, "dora")).is_refused("not_among_approvers");
        let scene = scene.when(plant::delegate("ann", action, "carl")).then_facts(["ApprovalDelegated", "EffectWanted"]);
        scene.when(plant::approved_by("carl", action)).then_facts(["ActionApproved"]);
    }

    #[test]
    fn a_policy_that_was_changed_since_lets_nobody_answer() {
        let scene = scene().given_case().when(plant::adopt(plant::careful_policy())).happens().when(plant::propose("slow_pump_to_75pct")).happens();
        let action = scene.action();
        let scene = scene.when(plant::adopt_policy()).happens().when(plant::approved_by("emma", action)).is_refused("policy_changed");
        scene.when(plant::delegate("emma", action, "carl")).is_refused("policy_changed");
    }

    #[test]
    fn a_button_carries_the_beginning_of_the_binding_and_no_less() {
        let scene = scene().given_proposal();
        let action = scene.action();
        let scene = scene.when(plant::approved_in_chat_as("ann", action, 15)).is_refused("another_binding");
        scene.when(plant::approved_in_chat_as("ann", action, 16)).then_facts(["ActionApproved"]);
    }
}
