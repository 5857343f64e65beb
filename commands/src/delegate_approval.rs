//! DelegateApproval: somebody who may answer asks somebody else to.

use crate::{
    approve_action::{ApproveActionRefused, answerable, may_answer},
    decision::{Circumstances, Decision, Refusal, Refused, senseless},
    telling::{Telling, links},
};
use millwright_domain::{
    Event,
    approval::ApprovalDelegated,
    envelope::StreamId,
    ids::{ActionId, ActorId},
    message::{Message, buttons},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DelegateApproval {
    pub action: ActionId,
    pub to: ActorId,
}

impl DelegateApproval {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some(case) = site.case_of_action.get(&self.action).copied() else {
            return Err(ApproveActionRefused::NothingProposed(self.action).at(StreamId::partition()));
        };
        let stream = StreamId::case(case);
        let (proposal, asked) = answerable(site.case(case), self.action, circumstances.now.wall).map_err(|refused| refused.at(stream.clone()))?;
        may_answer(site, proposal, asked, circumstances.by).map_err(|refused| refused.at(stream.clone()))?;
        // Whoever proposed it does not choose who says yes to it; nor does the first of two choose the second.
        if proposal.proposed_by == *circumstances.by {
            return Err(ApproveActionRefused::OwnProposal.at(stream));
        }
        if asked.yes.contains(circumstances.by) {
            return Err(ApproveActionRefused::SaidYesBefore(circumstances.by.clone()).at(stream));
        }
        if self.to.is_service() {
            return Err(ApproveActionRefused::NotAPerson(self.to.clone()).at(stream));
        }
        if proposal.proposed_by == self.to {
            return Err(ApproveActionRefused::OwnProposal.at(stream));
        }
        if self.to == *circumstances.by {
            return Err(senseless("own_delegate", "you may answer this yourself; delegate it to somebody else"));
        }
        if asked.also.contains(&self.to) {
            return Ok(Decision::AlreadySo);
        }
        let delegated = ApprovalDelegated { action: self.action, by: circumstances.by.clone(), to: self.to.clone() };
        let mut facts: Vec<(StreamId, Event)> = vec![(stream, delegated.into())];
        let telling = Telling {
            to: self.to.as_str(),
            message: Message {
                buttons: buttons(proposal, asked),
                links: links(site, case),
                ..Message::plain(
                    format!("{}: yes or no?", proposal.name),
                    format!("{} asks you to answer for {}. Nobody's answer by {} is a no.", circumstances.by, proposal.name, proposal.expires_at),
                )
            },
            because: format!("{}/{}", self.action, self.to),
            reason: "delegated",
            case: Some(case),
            action: None,
        };
        facts.extend(telling.wanted(site));
        Ok(Decision::Facts { facts, subject: Some(case.to_string()) })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn nobody_delegates_to_who_proposed_it_to_a_program_or_to_oneself() {
        let scene = scene().given_case().when(plant::proposed_by("ann", "slow_pump_to_75pct")).happens();
        let action = scene.action();
        let scene = scene.when(plant::delegate("bob", action, "ann")).is_refused("own_proposal");
        let scene = scene.when(plant::delegate("ann", action, "carl")).is_refused("own_proposal");
        let scene = scene.when(plant::delegate("bob", action, "svc-proposer")).is_refused("not_a_person");
        let scene = scene.when(plant::delegate("bob", action, "bob")).is_refused("own_delegate");
        let scene = scene.when(plant::delegate("bob", action, "carl")).happens().when(plant::delegate("bob", action, "carl")).is_already_so();
        scene.later_s(300).when(plant::delegate("bob", action, "dora")).is_refused("approval_expired");
    }
}
