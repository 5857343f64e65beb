//! Keeps what was said in each call to a model: sealed under a key that can be destroyed, as a fact on the stream of the case that it was about.

use crate::{
    gateway::observer::{Answered, Failed, Observer, Routed, Spoken},
    insist::service,
};
use async_trait::async_trait;
use millwright_commands::{Ask, Commands, KeepModelCall};
use millwright_domain::{
    ids::{ActorId, CommandId, derived},
    kept_call::{KeptWords, MOST_WORDS, ModelCallKept, key_of_words},
    ports::{clock::Clock, vault::Vault},
    position::PartitionId,
};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// In whose name people ask again what was asked before: those answers are shown to them and not kept.
pub const REPLAYER: &str = "svc-replay";

/// Stands in front of who records the calls.
pub struct CallKeeper {
    pub record: Arc<dyn Observer>,
    pub commands: Commands,
    pub vault: Arc<dyn Vault>,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
}

impl CallKeeper {
    /// Failing to keep words is no reason to fail the call: it is told in the program's log, without a word of them.
    async fn keep(&self, spoken: &Spoken<'_>) {
        let question = spoken.question;
        let said = spoken.said.map_err(ToString::to_string);
        let text = KeptWords::of(&question.class, &question.policy, &question.prompt, said).and_then(|words| words.to_text());
        let Ok(text) = text else {
            tracing::error!(call = %question.call, "what was said in a call to a model could not be written down; it is not kept");
            return;
        };
        let key = key_of_words(question.case, question.call, self.clock.now().wall);
        let kept = ModelCallKept {
            call: question.call,
            attempt: spoken.attempt,
            agent: question.agent.clone(),
            deployment: spoken.deployment.clone(),
            answered: spoken.said.is_ok(),
            digest: hex::encode(Sha256::digest(text.as_bytes())),
            bytes: text.len() as u64,
            words: self.sealed(&key, text).await,
            key,
        };
        let id = CommandId(derived(&question.call.to_string(), "kept", spoken.attempt));
        let mut ask = Ask::new(service("svc-gateway"), KeepModelCall { kept, case: question.case }).with_id(id);
        ask.correlation = question.case.map(|case| case.0);
        if let Err(error) = self.commands.ask(&self.partition, ask).await {
            tracing::warn!(%error, call = %question.call, "what was said in a call to a model is not kept");
        }
    }

    /// On a thread of its own: a new key waits for the disk.
    async fn sealed(&self, key: &ActorId, text: String) -> Option<millwright_domain::sealed::Sealed> {
        if text.len() > MOST_WORDS {
            return None;
        }
        let (vault, key) = (self.vault.clone(), key.clone());
        let sealed = tokio::task::spawn_blocking(move || vault.seal(&key, &text)).await;
        match sealed {
            Ok(Ok(sealed)) => Some(sealed),
            Ok(Err(error)) => {
                // Also after a person had this day's words of the case destroyed: nothing is sealed under a destroyed key.
                tracing::warn!(%error, "what was said in a call to a model could not be sealed; only its hash is kept");
                None
            }
            Err(error) => {
                tracing::error!(%error, "sealing broke off; only the hash of what was said is kept");
                None
            }
        }
    }
}

#[async_trait]
impl Observer for CallKeeper {
    async fn routed(&self, routed: &Routed) {
        self.record.routed(routed).await;
    }
    async fn answered(&self, answered: &Answered) {
        self.record.answered(answered).await;
    }
    async fn failed(&self, failed: &Failed) {
        self.record.failed(failed).await;
    }
    async fn spoken(&self, spoken: &Spoken<'_>) {
        self.record.spoken(spoken).await;
        if spoken.question.agent.as_str() != REPLAYER {
            self.keep(spoken).await;
        }
    }
}
