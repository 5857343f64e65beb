//! FinishEffect: what came of an attempt to send, and when the next one is due. A message that was an action ends that action; a new ticket joins its case.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use chrono::TimeDelta;
use millwright_domain::{
    Event, Timestamp,
    action::Action,
    case::{ActionCompleted, ActionFailed, ActionUnverified, Severity},
    effect::{Effect, EffectDone, EffectFailed, EffectWanted},
    envelope::StreamId,
    ids::{EffectId, derived},
    message::{Channel, Message, MessageUnknown},
    site::Site,
    ticket::{TICKETS, TicketOpened, TicketRef, TicketWork},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Attempts before the next way is taken, or a person has to look: two minutes by chat, half an hour by mail, as mail servers make strangers
/// wait. A ticket is of use for longer.
const ATTEMPTS: u32 = 8;
const ATTEMPTS_BY_MAIL: u32 = 12;
const ATTEMPTS_ON_A_TICKET: u32 = 16;
/// A target that asks to be left alone for a while has nothing against us.
const ATTEMPTS_ON_A_BUSY_TARGET: u32 = 100;
const LONGEST_PAUSE_MS: i64 = 3_600_000;

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
        /// How long the target wants to be left alone, if it says.
        #[serde(default)]
        wait_ms: Option<u32>,
    },
    /// Given up; a person can see it and decide.
    FailedForGood {
        reason: String,
    },
    /// Sent, and nobody knows whether it arrived. Never sent again by itself; what is critical is sent once more, marked as such.
    Unknown {
        reason: String,
    },
}

impl FinishEffect {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some(Effect::Attempted { wanted, attempt }) = site.effects.get(&self.effect) else {
            return Err(senseless("not_attempted", format_args!("no attempt to send {} is under way", self.effect)));
        };
        if *attempt != self.attempt {
            return Err(senseless("another_attempt", format_args!("attempt {attempt} is under way, not {}", self.attempt)));
        }
        let opened = self.opened_ticket(wanted)?;
        let ending = self.ending(wanted, circumstances.now.wall);
        let mut facts = vec![(StreamId::effect(self.effect), ending.clone())];
        facts.extend(action_ending(site, wanted, &ending));
        facts.extend(opened);
        facts.extend(matches!(ending, Event::MessageUnknown(_)).then(|| repeated(site, wanted)).flatten());
        Ok(Decision::Facts { facts, subject: Some(self.effect.to_string()) })
    }

    fn ending(&self, wanted: &EffectWanted, now: Timestamp) -> Event {
        let (effect, attempt) = (self.effect, self.attempt);
        match self.result.clone() {
            EffectResult::Done { receipt } => EffectDone { effect, attempt, receipt }.into(),
            EffectResult::Unknown { reason } => MessageUnknown { effect, attempt, reason }.into(),
            EffectResult::FailedForGood { reason } => EffectFailed { effect, attempt, reason, final_: true, retry_at: None }.into(),
            EffectResult::FailedForNow { reason, wait_ms } => {
                let most = match wait_ms {
                    Some(_) => ATTEMPTS_ON_A_BUSY_TARGET,
                    None if wanted.target.starts_with(TICKETS) => ATTEMPTS_ON_A_TICKET,
                    None if wanted.adapter_and_recipient().0 == Channel::Email.as_str() => ATTEMPTS_BY_MAIL,
                    None => ATTEMPTS,
                };
                let final_ = attempt >= most;
                let retry_at = (!final_).then(|| now + pause(effect, attempt, wait_ms));
                EffectFailed { effect, attempt, reason, final_, retry_at }.into()
            }
        }
    }

    fn opened_ticket(&self, wanted: &EffectWanted) -> Result<Option<(StreamId, Event)>, Refused> {
        let (EffectResult::Done { receipt }, Some(case)) = (&self.result, wanted.case) else { return Ok(None) };
        let opens = wanted.target.starts_with(TICKETS) && matches!(serde_json::from_str(&wanted.body), Ok(TicketWork::Open { .. }));
        if !opens {
            return Ok(None);
        }
        let bad = |cause| senseless("no_ticket", format_args!("the receipt does not name the ticket that was opened: {cause}"));
        let ticket: TicketRef = serde_json::from_str(receipt).map_err(bad)?;
        Ok(Some((StreamId::case(case), TicketOpened { case, ticket }.into())))
    }
}

/// Doubles from one second to an hour, and never before the target wants; spread by the effect's id, so that many do not come back at once.
fn pause(effect: EffectId, attempt: u32, wait_ms: Option<u32>) -> TimeDelta {
    let doubled = (1_000i64 << attempt.saturating_sub(1).min(12)).min(LONGEST_PAUSE_MS);
    let least = wait_ms.map_or(doubled, i64::from);
    let spread = i64::try_from(effect.0.as_u128() % 250).unwrap_or(0);
    TimeDelta::milliseconds(least + doubled.min(60_000) * spread / 1_000)
}

fn action_ending(site: &Site, wanted: &EffectWanted, ending: &Event) -> Option<(StreamId, Event)> {
    let (case, action) = (wanted.case?, wanted.action?);
    let started = matches!(site.case(case).file()?.actions.get(&action)?, Action::Started { .. });
    let ending = match ending {
        Event::EffectDone(_) => ActionCompleted { action, read_back: None, sent: None }.into(),
        Event::MessageUnknown(unknown) => ActionUnverified { action, reason: unknown.reason.clone(), sent: None }.into(),
        Event::EffectFailed(failed) if failed.final_ => ActionFailed { action, reason: failed.reason.clone(), sent: None }.into(),
        _ => return None,
    };
    started.then(|| (StreamId::case(case), ending))
}

/// Two messages are better than none when a machine is about to break.
fn repeated(site: &Site, wanted: &EffectWanted) -> Option<(StreamId, Event)> {
    let message = Message::of_body(&wanted.body)?;
    if message.severity != Some(Severity::Critical) || message.repeat {
        return None;
    }
    let effect = EffectId(derived(&wanted.effect.to_string(), "repeat", 0));
    // It was repeated the first time; what a person tries again is in her hands.
    if site.effects.contains_key(&effect) {
        return None;
    }
    let body = Message { repeat: true, ..message }.body_for(&wanted.target);
    let again = EffectWanted { effect, idempotency_key: effect.to_string(), body, action: None, ..wanted.clone() };
    Some((StreamId::effect(effect), again.into()))
}

#[cfg(test)]
mod tests {
    use super::{EffectResult, FinishEffect, pause};
    use crate::{
        retry_effect::RetryEffect,
        testing::{plant, scene},
    };
    use millwright_domain::{
        case::Severity,
        ids::{EffectId, derived},
        message::Message,
        ticket::{TicketText, TicketWork},
    };
    use proptest::prelude::*;

    fn failed(wait_ms: Option<u32>) -> EffectResult {
        EffectResult::FailedForNow { reason: "busy".into(), wait_ms }
    }

    #[test]
    fn a_delivered_message_completes_its_action_and_is_never_sent_again() {
        let scene = scene().given_message();
        let effect = scene.effect();
        let scene = scene.when(plant::attempt(effect, 1)).happens().when(plant::attempt(effect, 1)).is_refused("attempt_taken");
        let done = EffectResult::Done { receipt: "r".into() };
        let scene = scene.when(plant::finish_effect(effect, 1, done)).happens().then_facts(["EffectDone", "ActionCompleted"]);
        scene.when(plant::attempt(effect, 2)).is_refused("effect_over");
    }

    #[test]
    fn a_message_that_failed_for_now_is_tried_again_and_given_up_in_the_end() {
        let mut scene = scene().given_message();
        let effect = scene.effect();
        for attempt in 1..8 {
            scene = scene.when(plant::attempt(effect, attempt)).happens().when(plant::finish_effect(effect, attempt, failed(None)));
            scene = scene.then_facts(["EffectFailed"]);
        }
        scene
            .when(plant::attempt(effect, 8))
            .happens()
            .when(plant::finish_effect(effect, 8, failed(None)))
            .then_facts(["EffectFailed", "ActionFailed"]);
    }

    #[test]
    fn a_chat_that_does_not_answer_leaves_the_action_to_a_person() {
        let scene = scene().given_message();
        let effect = scene.effect();
        let unknown = EffectResult::Unknown { reason: "no answer within 15 s".into() };
        let scene = scene.when(plant::attempt(effect, 1)).happens().when(plant::finish_effect(effect, 1, unknown));
        scene.then_facts(["MessageUnknown", "ActionUnverified"]).when(plant::attempt(effect, 2)).is_refused("effect_over");
    }

    #[test]
    fn what_is_critical_and_may_not_have_arrived_is_sent_once_more_and_says_so() {
        let unknown = || EffectResult::Unknown { reason: "no answer".into() };
        for (severity, facts) in [(Severity::High, 1), (Severity::Critical, 2)] {
            let message = Message { severity: Some(severity), ..Message::plain("pump-1", "it breaks") };
            let scene = scene().given_plant().when(plant::want_message("whatsapp:ann", &message)).happens();
            let effect = scene.effect();
            let scene = scene.when(plant::attempt(effect, 1)).happens().when(plant::finish_effect(effect, 1, unknown())).happens();
            assert_eq!(scene.recorded().len(), facts);
            if facts == 2 {
                let again = scene.effect();
                assert_ne!(again, effect);
                let scene = scene.when(plant::attempt(again, 1)).happens().when(plant::finish_effect(again, 1, unknown()));
                let scene = scene.then_facts(["MessageUnknown"]);
                // A person tries the first one again: that is hers to follow.
                let scene = scene.when(plant::ask("ann", RetryEffect { effect })).happens();
                scene.when(plant::attempt(effect, 2)).happens().when(plant::finish_effect(effect, 2, unknown())).then_facts(["MessageUnknown"]);
            }
        }
    }

    #[test]
    fn an_opened_ticket_joins_its_case() {
        let scene = scene().given_case();
        let text = TicketText { title: "t".into(), body: "b".into(), labels: vec![], severity: Severity::Low };
        let scene = scene.when(plant::want_ticket("tickets/github", &TicketWork::Open { text })).happens();
        let effect = scene.effect();
        let scene = scene.when(plant::attempt(effect, 1)).happens();
        let nonsense = EffectResult::Done { receipt: "17".into() };
        let scene = scene.when(plant::finish_effect(effect, 1, nonsense)).is_refused("no_ticket");
        let receipt = r#"{"system":"github","id":"17","url":"https://github.com/o/r/issues/17"}"#.into();
        scene.when(plant::finish_effect(effect, 1, EffectResult::Done { receipt })).then_facts(["EffectDone", "TicketOpened"]);
    }

    #[test]
    fn nothing_ends_that_was_not_begun() {
        let scene = scene().given_message();
        let effect = scene.effect();
        let finish = FinishEffect { effect, attempt: 1, result: EffectResult::Done { receipt: String::new() } };
        scene.when(plant::ask("svc-outbox", finish)).is_refused("not_attempted");
    }

    proptest! {
        #[test]
        fn a_pause_never_ends_before_the_target_wants_nor_lasts_for_ever(attempt in 1..1_000u32, wait in proptest::option::of(0..86_400_000u32), id in any::<u64>()) {
            let effect = EffectId(derived(&id.to_string(), "t", 0));
            let pause = pause(effect, attempt, wait).num_milliseconds();
            prop_assert!(pause >= wait.map_or(1_000, i64::from));
            prop_assert!(pause <= wait.map_or(3_600_000, i64::from) + 15_000);
        }
    }
}
