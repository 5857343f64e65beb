//! KeepModelCall, ReplayModelCall and ShredCallWords: what was said in a call to a model, asked again, and destroyed.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    envelope::StreamId,
    ids::{ActorId, CaseId, DeploymentName},
    kept_call::{CallWordsShredded, MOST_WORDS, ModelCallKept, ModelCallReplayed, Shredding},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The part that speaks to models.
const GATEWAY: &str = "svc-gateway";
/// Hexadecimal digits of what is sealed, with its tag.
const MOST_SEALED: usize = 2 * (MOST_WORDS + 16);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeepModelCall {
    pub kept: ModelCallKept,
    /// `None`: it was about no case, and stands with what the agent spends.
    pub case: Option<CaseId>,
}

/// Asked by a person, before anything is asked of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplayModelCall {
    pub call: Uuid,
    /// Whose call it was.
    pub agent: ActorId,
    pub case: Option<CaseId>,
    pub again: Uuid,
    pub with: Option<DeploymentName>,
}

/// Asked after the vault has destroyed the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShredCallWords {
    pub key: ActorId,
    pub agent: ActorId,
    pub case: Option<CaseId>,
    pub why: Shredding,
}

impl KeepModelCall {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        if circumstances.by.as_str() != GATEWAY {
            return Err(senseless("not_the_gateway", "only the gateway knows what was said in a call"));
        }
        if self.kept.words.as_ref().is_some_and(|words| words.text.len() > MOST_SEALED) {
            return Err(senseless("too_long", format!("words of more than {MOST_WORDS} bytes are known by their hash alone")));
        }
        Ok(Decision::one(stream(site, self.case, &self.kept.agent), self.kept.clone()))
    }
}

impl ReplayModelCall {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let replayed = ModelCallReplayed { call: self.call, again: self.again, with: self.with.clone(), by: circumstances.by.clone() };
        Ok(Decision::one(stream(site, self.case, &self.agent), replayed))
    }
}

impl ShredCallWords {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        if circumstances.by.is_service() && !circumstances.by.is_part() {
            return Err(senseless("not_a_person", "only a person has words destroyed before their time"));
        }
        if !self.key.as_str().starts_with("words-") {
            return Err(senseless("not_words", "this is no key of words said to a model; a person is forgotten with forgetPerson"));
        }
        Ok(Decision::one(stream(site, self.case, &self.agent), CallWordsShredded { key: self.key.clone(), why: self.why }))
    }
}

fn stream(site: &Site, case: Option<CaseId>, agent: &ActorId) -> StreamId {
    let known = case.filter(|case| site.case(*case).file().is_some());
    known.map_or_else(|| StreamId::agent(agent), StreamId::case)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{
        Event,
        ids::CommandId,
        time::{Now, Timestamp},
    };

    fn decided(by: &str, decide: impl Fn(&Site, Circumstances<'_>) -> Result<Decision, Refused>) -> Result<(StreamId, Event), Refused> {
        let (by, now) = (by.parse().unwrap(), Now::both(Timestamp::from_secs(9)));
        let circumstances = Circumstances { command: CommandId(Uuid::nil()), by: &by, now, observed: &[] };
        decide(&Site::default(), circumstances).map(|decision| match decision {
            Decision::Facts { mut facts, .. } => facts.remove(0),
            Decision::AlreadySo => panic!("nothing was decided"),
        })
    }
    fn kept(text: &str) -> KeepModelCall {
        let key: ActorId = "words-1-20260101".parse().unwrap();
        let words = millwright_domain::sealed::Sealed { subject: key.clone(), nonce: "00".into(), text: text.into() };
        let (agent, deployment) = ("svc-weaver".parse().unwrap(), "small".parse().unwrap());
        let kept = ModelCallKept {
            call: Uuid::nil(),
            attempt: 1,
            agent,
            deployment,
            answered: true,
            digest: "ab".into(),
            bytes: 3,
            key,
            words: Some(words),
        };
        KeepModelCall { kept, case: Some(CaseId(Uuid::from_u128(4))) }
    }

    #[test]
    fn only_the_gateway_keeps_what_was_said_and_not_without_end() {
        assert!(decided("ann", |site, circumstances| kept("c0").decide(site, circumstances)).is_err());
        assert!(decided(GATEWAY, |site, circumstances| kept(&"0".repeat(MOST_SEALED + 1)).decide(site, circumstances)).is_err());
        let (stream, event) = decided(GATEWAY, |site, circumstances| kept("c0").decide(site, circumstances)).unwrap();
        assert_eq!((stream.as_str(), event.kind()), ("agent/svc-weaver", "ModelCallKept"), "a case that nobody knows has no stream");
    }

    #[test]
    fn a_persons_key_is_not_shredded_as_words() {
        let shred =
            |key: &str| ShredCallWords { key: key.parse().unwrap(), agent: "svc-weaver".parse().unwrap(), case: None, why: Shredding::Wanted };
        assert!(decided("ann", |site, circumstances| shred("person-1").decide(site, circumstances)).is_err());
        assert!(decided("ann", |site, circumstances| shred("words-1-20260101").decide(site, circumstances)).is_ok());
    }
}
