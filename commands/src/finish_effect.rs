//! FinishEffect: what came of an attempt to send. A message that was an action completes that action with it.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    Event,
    action::Action,
    case::{ActionCompleted, ActionFailed},
    effect::{Effect, EffectDone, EffectFailed, EffectWanted},
    envelope::StreamId,
    ids::EffectId,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FinishEffect {
    pub effect: EffectId,
    pub attempt: u32,
    pub result: EffectResult,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EffectResult {
    Done {
        receipt: String,
    },
    /// To be tried again.
    FailedForNow {
        reason: String,
    },
    /// Given up; a person can see it and decide.
    FailedForGood {
        reason: String,
    },
}

impl FinishEffect {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some(Effect::Attempted { wanted, attempt }) = site.effects.get(&self.effect) else {
            return Err(senseless("not_attempted", format_args!("no attempt to send {} is under way", self.effect)));
        };
        if *attempt != self.attempt {
            return Err(senseless("another_attempt", format_args!("attempt {attempt} is under way, not {}", self.attempt)));
        }
        let mut facts = vec![(StreamId::effect(self.effect), self.ending())];
        facts.extend(self.action_ending(site, wanted));
        Ok(Decision::Facts { facts, subject: Some(self.effect.to_string()) })
    }

    fn ending(&self) -> Event {
        let (effect, attempt) = (self.effect, self.attempt);
        match self.result.clone() {
            EffectResult::Done { receipt } => EffectDone { effect, attempt, receipt }.into(),
            EffectResult::FailedForNow { reason } => EffectFailed { effect, attempt, reason, final_: false }.into(),
            EffectResult::FailedForGood { reason } => EffectFailed { effect, attempt, reason, final_: true }.into(),
        }
    }

    fn action_ending(&self, site: &Site, wanted: &EffectWanted) -> Option<(StreamId, Event)> {
        let (case, action) = (wanted.case?, wanted.action?);
        let started = matches!(site.case(case).file()?.actions.get(&action)?, Action::Started { .. });
        let ending = match &self.result {
            EffectResult::Done { .. } => ActionCompleted { action, read_back: None }.into(),
            EffectResult::FailedForGood { reason } => ActionFailed { action, reason: reason.clone() }.into(),
            EffectResult::FailedForNow { .. } => return None,
        };
        started.then(|| (StreamId::case(case), ending))
    }
}

#[cfg(test)]
mod tests {
    use super::EffectResult;
    use crate::testing::{plant, scene};

    #[test]
    fn a_delivered_message_completes_its_action_and_is_never_sent_again() {
        let scene = scene().given_case().when(plant::propose("send_alert_to_backup_tech")).happens();
        let action = scene.action();
        let scene = scene.when(plant::start(action)).happens();
        let effect = scene.effect();
        let scene = scene.when(plant::attempt(effect, 1)).happens().when(plant::attempt(effect, 1)).is_refused("attempt_taken");
        let done = EffectResult::Done { receipt: "r".into() };
        let scene = scene.when(plant::finish_effect(effect, 1, done)).happens().then_facts(["EffectDone", "ActionCompleted"]);
        scene.when(plant::attempt(effect, 2)).is_refused("effect_over");
    }

    #[test]
    fn a_message_that_failed_for_now_is_tried_again() {
        let scene = scene().given_case().when(plant::propose("send_alert_to_backup_tech")).happens();
        let action = scene.action();
        let scene = scene.when(plant::start(action)).happens();
        let effect = scene.effect();
        let failed = EffectResult::FailedForNow { reason: "busy".into() };
        let scene = scene.when(plant::attempt(effect, 1)).happens().when(plant::finish_effect(effect, 1, failed)).happens();
        scene.then_facts(["EffectFailed"]).when(plant::attempt(effect, 2)).happens();
    }
}
