//! RetryEffect and DropEffect: a person has looked at what did not arrive, and wants it tried again, or not any more.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    effect::{Effect, EffectDropped, EffectRetried},
    envelope::StreamId,
    ids::EffectId,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetryEffect {
    pub effect: EffectId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DropEffect {
    pub effect: EffectId,
}

impl RetryEffect {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.person("only a person can have something tried again; it may have arrived")?.clone();
        if !site.is_live() {
            return Err(senseless("not_live", "this site is imported or replayed; nothing leaves the house for it"));
        }
        match known(site, self.effect)? {
            Effect::Dead { .. } | Effect::Unknown { .. } => {
                Ok(Decision::one(StreamId::effect(self.effect), EffectRetried { effect: self.effect, by }).about(self.effect))
            }
            Effect::Wanted { .. } | Effect::Attempted { .. } | Effect::Waiting { .. } => Ok(Decision::AlreadySo),
            Effect::Done | Effect::Dropped => Err(over()),
        }
    }
}

impl DropEffect {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.person("only a person can give something up for good")?.clone();
        match known(site, self.effect)? {
            // One that is under way may still arrive, as it may have before.
            Effect::Attempted { .. } | Effect::Wanted { .. } | Effect::Waiting { .. } | Effect::Dead { .. } | Effect::Unknown { .. } => {
                Ok(Decision::one(StreamId::effect(self.effect), EffectDropped { effect: self.effect, by }).about(self.effect))
            }
            Effect::Dropped => Ok(Decision::AlreadySo),
            Effect::Done => Err(over()),
        }
    }
}

fn known(site: &Site, effect: EffectId) -> Result<&Effect, Refused> {
    site.effects.get(&effect).ok_or_else(|| senseless("unknown_effect", format_args!("nothing with the id {effect} was to be sent")))
}

fn over() -> Refused {
    senseless("effect_over", "it was delivered, or dropped")
}

#[cfg(test)]
mod tests {
    use super::{DropEffect, RetryEffect};
    use crate::{
        EffectResult,
        testing::{plant, scene},
    };

    #[test]
    fn what_was_given_up_is_tried_again_when_a_person_says_so_and_only_then() {
        let scene = scene().given_message();
        let effect = scene.effect();
        let refused = EffectResult::FailedForGood { reason: "no such recipient".into() };
        let scene = scene.when(plant::attempt(effect, 1)).happens().when(plant::finish_effect(effect, 1, refused)).happens();
        let scene = scene.when(plant::attempt(effect, 2)).is_refused("effect_over");
        let scene = scene.when(plant::ask("svc-outbox", RetryEffect { effect })).is_refused("not_a_person");
        let scene = scene.when(plant::ask("ann", RetryEffect { effect })).then_facts(["EffectRetried"]);
        scene.when(plant::ask("ann", RetryEffect { effect })).is_already_so().when(plant::attempt(effect, 2)).then_facts(["EffectAttempted"]);
    }

    #[test]
    fn what_is_dropped_is_never_sent() {
        let scene = scene().given_message();
        let effect = scene.effect();
        let scene = scene.when(plant::ask("ann", DropEffect { effect })).then_facts(["EffectDropped"]);
        scene.when(plant::attempt(effect, 1)).is_refused("effect_over").when(plant::ask("ann", RetryEffect { effect })).is_refused("effect_over");
    }

    #[test]
    fn what_is_on_its_way_can_be_dropped_and_its_end_is_no_news() {
        let scene = scene().given_message();
        let effect = scene.effect();
        let scene = scene.when(plant::attempt(effect, 1)).happens().when(plant::ask("ann", DropEffect { effect })).then_facts(["EffectDropped"]);
        let done = EffectResult::Done { receipt: "r".into() };
        scene.when(plant::finish_effect(effect, 1, done)).is_refused("not_attempted");
    }
}
