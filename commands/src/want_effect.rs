//! WantEffect: something is to be told or asked outside. Wanting it twice under one id is wanting it once.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{effect::EffectWanted, envelope::StreamId, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WantEffect {
    pub wanted: EffectWanted,
}

impl WantEffect {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        if !site.is_live() {
            return Err(senseless("not_live", "this site is imported or replayed; nothing leaves the house for it"));
        }
        if site.effects.contains_key(&self.wanted.effect) {
            return Ok(Decision::AlreadySo);
        }
        Ok(Decision::one(StreamId::effect(self.wanted.effect), self.wanted.clone()))
    }
}
