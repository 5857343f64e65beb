//! AttemptEffect: the outbox worker is about to send. Recorded first, so that a crash in between is known.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    effect::{Effect, EffectAttempted},
    envelope::StreamId,
    ids::EffectId,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttemptEffect {
    pub effect: EffectId,
    /// One more than the attempts so far: an attempt is begun once.
    pub attempt: u32,
}

impl AttemptEffect {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        match site.effects.get(&self.effect) {
            None => Err(senseless("unknown_effect", format_args!("nothing with the id {} is to be sent", self.effect))),
            Some(Effect::Done | Effect::Dead { .. } | Effect::Unknown { .. } | Effect::Dropped) => {
                Err(senseless("effect_over", "it was delivered, dropped, or waits for a person"))
            }
            Some(_) if !site.is_live() => Err(senseless("not_live", "this site is imported or replayed; nothing leaves the house for it")),
            Some(effect) if self.attempt != effect.attempts() + 1 => {
                Err(senseless("attempt_taken", format_args!("attempt {} was begun already", self.attempt)))
            }
            Some(_) => Ok(Decision::one(StreamId::effect(self.effect), EffectAttempted { effect: self.effect, attempt: self.attempt })),
        }
    }
}
