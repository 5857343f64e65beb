//! ReceiveMessage and MarkMessageRead: an enrolled person wrote or pressed a button, or has a message of ours on the screen.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    envelope::StreamId,
    ids::{CaseId, EffectId},
    message::{Answer, Channel, MessageRead, MessageReceived},
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
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarkMessageRead {
    pub effect: EffectId,
}

impl ReceiveMessage {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.person("only a person's answer is an answer")?.clone();
        let case = self.case.filter(|case| site.case(*case).file().is_some());
        let stream = case.map_or_else(|| StreamId::person(&by), StreamId::case);
        let (answer, words) = (self.answer.clone(), self.words.clone());
        let received = MessageReceived { channel: self.channel, delivery: self.delivery.clone(), by, answer, words, case };
        Ok(Decision::one(stream, received))
    }
}

impl MarkMessageRead {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        if !site.effects.contains_key(&self.effect) {
            return Err(senseless("unknown_effect", format_args!("nothing with the id {} was sent", self.effect)));
        }
        Ok(Decision::one(StreamId::effect(self.effect), MessageRead { effect: self.effect }))
    }
}
