//! What was said in a call to a model: kept sealed, so that it can be asked again, and destroyed. Its hash stays on the ledger for ever.

use crate::{
    ids::{ActorId, CaseId, DeploymentName, ModelClass},
    model_call::{Answer, ModelPolicy, Prompt},
    sealed::Sealed,
    time::Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// Of what was said in one attempt, in bytes before sealing. What is longer is known by its hash alone: sealed it is twice as long, and a
/// record of the ledger has to hold it.
pub const MOST_WORDS: usize = 192 * 1024;

/// A fact beside `ModelCalled`: what was asked and what was answered, word by word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelCallKept {
    /// The question; its attempts share it.
    pub call: Uuid,
    /// From 1.
    pub attempt: u32,
    pub agent: ActorId,
    pub deployment: DeploymentName,
    /// Whether it was answered.
    pub answered: bool,
    /// SHA-256 of the words, hex. They hold the random key of the prompt's fences, so nothing can be guessed from it.
    pub digest: String,
    /// Of the words, before sealing.
    pub bytes: u64,
    /// What opens them; destroyed, they are gone in every copy of the ledger.
    pub key: ActorId,
    /// `None`: they were longer than is kept, or could not be sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Sealed>,
}

/// Somebody had it asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelCallReplayed {
    pub call: Uuid,
    /// Under which it is asked now.
    pub again: Uuid,
    /// `None`: of the same deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<DeploymentName>,
    pub by: ActorId,
}

/// The key to the words of a case, or of one call, on one day was destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallWordsShredded {
    pub key: ActorId,
    pub why: Shredding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shredding {
    /// They are older than the settings keep them.
    Age,
    /// A person wanted it.
    Wanted,
}

/// What is sealed. Everything that it takes to ask the same again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptWords {
    pub class: ModelClass,
    pub policy: ModelPolicy,
    /// As [`Prompt::to_record`] writes it: with what others said, results of tools included, and the key of the fences.
    prompt: Box<RawValue>,
    pub answer: Option<Answer>,
    /// Why there is no answer.
    pub failed: Option<String>,
}

impl KeptWords {
    pub fn of(class: &ModelClass, policy: &ModelPolicy, prompt: &Prompt, said: Result<&Answer, String>) -> Result<Self, serde_json::Error> {
        let prompt = RawValue::from_string(prompt.to_record()?)?;
        let (answer, failed) = match said {
            Ok(answer) => (Some(answer.clone()), None),
            Err(why) => (None, Some(why)),
        };
        Ok(Self { class: class.clone(), policy: policy.clone(), prompt, answer, failed })
    }
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
    pub fn from_text(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
    pub fn prompt(&self) -> Result<Prompt, serde_json::Error> {
        Prompt::from_record(self.prompt.get())
    }
}

/// By case and day (UTC), so that words can be destroyed by case and by age; what is about no case has a key for each call.
pub fn key_of_words(case: Option<CaseId>, call: Uuid, now: Timestamp) -> ActorId {
    let day = now.to_datetime().map_or_else(|| "0".into(), |at| at.format("%Y%m%d").to_string());
    let about = case.map_or(call, |case| case.0);
    let key = format!("words-{about}-{day}");
    key.parse().unwrap_or_else(|_| unreachable!("letters, digits and dashes of a UUID and a day are a name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::untrusted::{Nonce, Origin, Untrusted};

    #[test]
    fn what_is_kept_reads_back_as_the_same_question() {
        let prompt = Prompt::new("You look at pumps.", Nonce::of(7)).say("Why?").show(Untrusted::new(Origin::Alarm, "HOT"));
        let (class, policy) = ("standard".parse().unwrap(), ModelPolicy::default());
        let kept = KeptWords::of(&class, &policy, &prompt, Err("no answer".into())).unwrap();
        let read = KeptWords::from_text(&kept.to_text().unwrap()).unwrap();
        assert_eq!(read.prompt().unwrap(), prompt);
        assert_eq!((read.failed.as_deref(), read.answer), (Some("no answer"), None));
    }

    #[test]
    fn a_case_has_a_key_a_day() {
        let (case, call) = (CaseId(Uuid::from_u128(5)), Uuid::from_u128(6));
        let at = |secs| Timestamp::from_secs(secs);
        assert_eq!(key_of_words(Some(case), call, at(0)).as_str(), "words-00000000-0000-0000-0000-000000000005-19700101");
        assert_eq!(key_of_words(Some(case), call, at(86_399)), key_of_words(Some(case), Uuid::nil(), at(0)));
        assert_ne!(key_of_words(Some(case), call, at(86_400)), key_of_words(Some(case), call, at(0)));
        assert!(key_of_words(None, call, at(0)).as_str().contains("000006-"));
    }
}
