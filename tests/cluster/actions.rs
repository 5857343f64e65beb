//! The way to a write on a machine: a case, a proposal, a person's yes; and what became of it.

use super::{Cluster, partition};
use millwright_commands::{Ask, Command, ProposeAction, RaiseAlert};
use millwright_domain::{
    Event,
    case::{AlertRaised, Severity},
    envelope::{Answer, Recorded},
    ids::{ActionId, CaseId, EventId},
};
use serde_json::{Value, json};
use uuid::Uuid;

const APPROVE: &str = "mutation($action: ID!, $binding: String!) { approveAction(action: $action, binding: $binding) { kind code reason } }";

/// A proposal that waits for a yes.
pub struct Proposed {
    pub action: ActionId,
    binding: String,
}

impl Cluster {
    /// Something is wrong with the pump, and slowing it down is proposed.
    pub async fn slowing_down_is_proposed(&self, site: &str) -> Proposed {
        let alert = AlertRaised::new("pump-1".parse().unwrap(), "drift", Severity::High);
        let case: CaseId = self.done(site, "svc-monitor", RaiseAlert { alert }).await.parse().unwrap();
        let propose = ProposeAction { case, name: "slow_pump_to_75pct".parse().unwrap(), because: EventId(Uuid::now_v7()) };
        let action: ActionId = self.done(site, "svc-diagnosis", propose).await.parse().unwrap();
        let proposed = |facts: &[Recorded]| {
            facts.iter().find_map(|fact| match &fact.event {
                Event::ActionProposed(proposed) if proposed.proposal.action == action => Some(proposed.binding.clone()),
                _ => None,
            })
        };
        let binding = self.ledger.until(&partition(site), "an action is proposed", proposed).await;
        Proposed { action, binding }
    }

    /// A person says yes, on the page of this node.
    pub async fn approve(&self, node: &str, proposed: &Proposed) {
        let way = self.node(node).way();
        let variables = json!({"action": proposed.action, "binding": proposed.binding});
        // Its page may not show the proposal yet.
        let answer: Value = super::until("the yes is taken", async || way.ask(APPROVE, variables.clone()).await.ok()).await;
        assert_eq!(answer["approveAction"]["kind"], "DONE", "{answer}");
    }

    pub async fn begun(&self, site: &str, action: ActionId) {
        let begun = |facts: &[Recorded]| facts.iter().any(|fact| matches!(&fact.event, Event::ActionStarted(s) if s.action == action)).then_some(());
        self.ledger.until(&partition(site), "the action is begun", begun).await;
    }

    /// How the action ended, once it has.
    pub async fn ended(&self, site: &str, action: ActionId) -> &'static str {
        self.ledger.until(&partition(site), "the action ended", |facts| endings(facts, action).pop()).await
    }

    async fn done(&self, site: &str, by: &str, command: impl Into<Command>) -> String {
        match self.ledger.ask(&partition(site), &Ask::new(by.parse().unwrap(), command)).await {
            Answer::Done { subject: Some(subject), .. } => subject,
            other => panic!("{other:?}"),
        }
    }
}

/// Every end that was recorded; more than one is a fault.
pub fn endings(facts: &[Recorded], action: ActionId) -> Vec<&'static str> {
    let ending = |fact: &Recorded| match &fact.event {
        Event::ActionCompleted(end) => (end.action == action).then_some("completed"),
        Event::ActionFailed(end) => (end.action == action).then_some("failed"),
        Event::ActionUnverified(end) => (end.action == action).then_some("unverified"),
        _ => None,
    };
    facts.iter().filter_map(ending).collect()
}
