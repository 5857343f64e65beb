//! FinishAction: what came of a begun action: it took, it did not, or nobody can know.

use crate::{
    decision::{Circumstances, Decision, Refused, senseless},
    telling::{Telling, links},
};
use millwright_domain::{
    Event,
    action::{Action, Order, Proposal},
    case::{ActionCompleted, ActionFailed, ActionUnverified},
    envelope::StreamId,
    ids::{ActionId, CaseId},
    message::Message,
    policy::Ruling,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FinishAction {
    pub action: ActionId,
    pub verdict: Verdict,
    /// The bytes that left for the device, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Verdict {
    /// For a write, with the value read back.
    Completed {
        read_back: Option<f64>,
    },
    /// Certainly without effect.
    Failed {
        reason: String,
    },
    Unverified {
        reason: String,
    },
}

impl FinishAction {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        if !circumstances.by.is_service() {
            return Err(senseless(
                "not_the_executor",
                "only the executor knows what came of a write; a person verifies one that it cannot vouch for",
            ));
        }
        let case = site.case_of_action.get(&self.action);
        let action = case.and_then(|case| site.case(*case).file()?.actions.get(&self.action));
        let (Some(case), Some(action)) = (case, action) else {
            return Err(senseless("nothing_proposed", format_args!("nothing with the id {} was proposed", self.action)));
        };
        let Action::Started { proposal, .. } = action else {
            return Err(senseless("not_started", format_args!("this action is {}; only a begun one can end", action.stage())));
        };
        let mut facts = vec![(StreamId::case(*case), self.ending())];
        if proposal.ruling == Ruling::AutoApprove
            && let Order::Write(_) = proposal.order
        {
            facts.extend(self.announcement(site, *case, proposal));
        }
        Ok(Decision::Facts { facts, subject: Some(case.to_string()) })
    }

    fn ending(&self) -> Event {
        let (action, sent) = (self.action, self.sent.clone());
        match self.verdict.clone() {
            Verdict::Completed { read_back } => ActionCompleted { action, read_back, sent }.into(),
            Verdict::Failed { reason } => ActionFailed { action, reason, sent }.into(),
            Verdict::Unverified { reason } => ActionUnverified { action, reason, sent }.into(),
        }
    }

    /// What ran without a person is told to a person.
    fn announcement(&self, site: &Site, case: CaseId, proposal: &Proposal) -> Vec<(StreamId, Event)> {
        let result = match &self.verdict {
            Verdict::Completed { .. } => "executed by itself".to_string(),
            Verdict::Failed { reason } => format!("tried by itself, without effect ({reason})"),
            Verdict::Unverified { reason } => format!("tried by itself, and nobody knows whether it took; please look ({reason})"),
        };
        let headline = format!("{}: {result}", proposal.name);
        let text = format!("Policy allowed {} to run without asking. Result: {result}.", proposal.name);
        let telling = Telling {
            to: site.roster.alerts.to.as_deref().unwrap_or("operators"),
            message: Message { links: links(site, case), ..Message::plain(headline, text) },
            because: self.action.to_string(),
            reason: "announcement",
            case: Some(case),
            action: None,
        };
        telling.wanted(site)
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict;
    use crate::testing::{plant, scene};

    #[test]
    fn an_action_ends_once() {
        let scene = scene().given_started();
        let action = scene.action();
        let done = || Verdict::Completed { read_back: Some(1_125.0) };
        scene
            .when(plant::finish(action, done()))
            .happens()
            .then_facts(["ActionCompleted"])
            .when(plant::finish(action, done()))
            .is_refused("not_started");
    }

    #[test]
    fn a_write_nobody_can_vouch_for_waits_for_a_person() {
        let scene = scene().given_started();
        let action = scene.action();
        let unknown = Verdict::Unverified { reason: "no reply after the write was sent".into() };
        scene.when(plant::finish(action, unknown)).happens().then_facts(["ActionUnverified"]).action_is(action, "unverified");
    }

    #[test]
    fn what_ran_by_itself_is_announced() {
        let scene = scene().given_case().when(plant::propose("reduce_motor_speed_to_60pct")).happens();
        let action = scene.action();
        let scene = scene.when(plant::start(action)).happens();
        scene.when(plant::finish(action, Verdict::Completed { read_back: Some(900.0) })).happens().then_facts(["ActionCompleted", "EffectWanted"]);
    }
}
