//! ReceiveMessage, MarkMessageRead, MarkMessageNotDelivered: an enrolled person wrote or pressed a button; a message of ours was read, or never arrived.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    Timestamp,
    envelope::StreamId,
    ids::{CaseId, EffectId},
    message::{Answer, Channel, MessageNotDelivered, MessageRead, MessageReceived, RefersTo},
    sealed::Sealed,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Asked in the person's own name, by the door that verified where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiveMessage {
    pub channel: Channel,
    pub delivery: String,
    pub answer: Answer,
    pub words: Sealed,
    /// The case it is about, as far as that is plain.
    pub case: Option<CaseId>,
    #[serde(default)]
    pub refers_to: RefersTo,
    #[serde(default)]
    pub written_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarkMessageRead {
    pub effect: EffectId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarkMessageNotDelivered {
    pub effect: EffectId,
    pub reason: String,
}

impl ReceiveMessage {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.person("only a person's answer is an answer")?.clone();
        let case = self.case.filter(|case| site.case(*case).file().is_some());
        let stream = case.map_or_else(|| StreamId::person(&by), StreamId::case);
        let (answer, words) = (self.answer.clone(), self.words.clone());
        let received = MessageReceived {
            channel: self.channel,
            delivery: self.delivery.clone(),
            by,
            answer,
            words,
            case,
            refers_to: self.refers_to,
            written_at: self.written_at,
        };
        Ok(Decision::one(stream, received))
    }
}

impl MarkMessageRead {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        known(site, self.effect)?;
        Ok(Decision::one(StreamId::effect(self.effect), MessageRead { effect: self.effect }))
    }
}

impl MarkMessageNotDelivered {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        known(site, self.effect)?;
        Ok(Decision::one(StreamId::effect(self.effect), MessageNotDelivered { effect: self.effect, reason: self.reason.clone() }))
    }
}

fn known(site: &Site, effect: EffectId) -> Result<(), Refused> {
    if site.effects.contains_key(&effect) {
        return Ok(());
    }
    Err(senseless("unknown_effect", format_args!("nothing with the id {effect} was sent")))
}
