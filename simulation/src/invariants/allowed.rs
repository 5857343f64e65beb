//! No action without its approval or policy: what begins was proposed, allowed by a person in time or by policy alone, and not taken back.

use super::Invariant;
use crate::trace::Step;
use millwright_domain::{
    Event, Timestamp,
    action::{Order, Proposal},
    envelope::Recorded,
    ids::ActionId,
    policy::{Policy, Ruling},
};
use std::collections::BTreeMap;

#[derive(Default)]
pub struct NoActionWithoutItsYes {
    policy: Policy,
    actions: BTreeMap<ActionId, Known>,
}

struct Known {
    proposal: Proposal,
    allowed: bool,
    begun: bool,
    /// Rejected, expired, voided or superseded.
    ended: bool,
}

impl Invariant for NoActionWithoutItsYes {
    fn name(&self) -> &'static str {
        "no action without its approval or policy"
    }

    fn sees(&mut self, _: Timestamp, step: &Step) -> Result<(), String> {
        match step {
            Step::Kept { fact, .. } => self.takes_in(fact),
            Step::Written { order, node, .. } => {
                let orders = |known: &&Known| matches!(&known.proposal.order, Order::Write(wanted) if wanted == order);
                if self.actions.values().filter(orders).any(|known| known.begun) {
                    return Ok(());
                }
                Err(format!("{node} wrote {} to {}, which nothing on the log had begun", order.value, order.signal))
            }
            _ => Ok(()),
        }
    }
}

impl NoActionWithoutItsYes {
    fn takes_in(&mut self, fact: &Recorded) -> Result<(), String> {
        match &fact.event {
            Event::PolicyAdopted(adopted) => self.policy = adopted.policy.clone(),
            Event::ActionProposed(proposed) => {
                if self.policy.ruling(&proposed.proposal.name) == Ruling::Never {
                    return Err(format!("{} is on the never list and was proposed", proposed.proposal.name));
                }
                let known = Known { proposal: proposed.proposal.clone(), allowed: false, begun: false, ended: false };
                self.actions.insert(proposed.proposal.action, known);
            }
            Event::ActionApproved(approved) => {
                let by_itself = self.policy.clone();
                let known = self.actions.get_mut(&approved.action).ok_or("an action was approved that nobody proposed")?;
                judge_yes(&by_itself, known, approved, fact)?;
                known.allowed = true;
            }
            Event::ActionStarted(started) => {
                let known = self.actions.get_mut(&started.action).ok_or("an action began that nobody proposed")?;
                if !known.allowed || known.ended || known.begun {
                    let Known { allowed, ended, begun, .. } = known;
                    return Err(format!("action {} began; allowed: {allowed}, ended: {ended}, begun before: {begun}", started.action));
                }
                known.begun = true;
            }
            Event::ActionRejected(ended) => self.end(&ended.action),
            Event::ApprovalExpired(ended) => self.end(&ended.action),
            Event::ActionVoided(ended) => self.end(&ended.action),
            Event::ActionSuperseded(ended) => self.end(&ended.action),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, action: &ActionId) {
        if let Some(known) = self.actions.get_mut(action) {
            known.ended = true;
        }
    }
}

fn judge_yes(policy: &Policy, known: &Known, yes: &millwright_domain::case::ActionApproved, fact: &Recorded) -> Result<(), String> {
    let proposal = &known.proposal;
    if known.ended {
        return Err(format!("action {} was approved after its end", yes.action));
    }
    if yes.binding != proposal.binding() {
        return Err(format!("action {} was approved as something else", yes.action));
    }
    if yes.by.as_str() == "svc-policy" {
        let allowed = policy.ruling(&proposal.name) == Ruling::AutoApprove;
        return if allowed { Ok(()) } else { Err(format!("{} was let through by a policy that asks a person", proposal.name)) };
    }
    if yes.by.is_service() || yes.by == proposal.proposed_by {
        return Err(format!("{} may not approve {}", yes.by, yes.action));
    }
    // The fact's own time: what the owner's clock showed when it was decided.
    if fact.occurred_at >= proposal.expires_at {
        return Err(format!("action {} was approved at {:?}, it expired at {:?}", yes.action, fact.occurred_at, proposal.expires_at));
    }
    Ok(())
}
