//! Keeps what was said in each call to a model: sealed under a key that can be destroyed, as a fact on the stream of the case that it was about.

use crate::{
    gateway::observer::{Answered, Failed, Observer, Routed, Spoken, WentRound},
    insist::service,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_commands::{Ask, Commands, KeepModelCall};
use millwright_domain::{
    ids::{ActorId, CaseId, CommandId, derived},
    kept_call::{KeptWords, MOST_WORDS, ModelCallKept, key_of_words},
    ports::{clock::Clock, vault::Vault},
    position::PartitionId,
};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// In whose name people ask again what was asked before: those answers are shown to them and not kept.
pub const REPLAYER: &str = "svc-replay";

/// An answer that is paid for waits so long for its words to be kept; what takes longer is kept while the answer goes on.
const ANSWER_WAITS: TimeDelta = TimeDelta::milliseconds(250);
/// What may be under way at once, a few hundred kilobytes each.
const AT_ONCE: usize = 32;

/// Stands in front of who records the calls.
#[derive(Clone)]
pub struct CallKeeper {
    record: Arc<dyn Observer>,
    commands: Commands,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    partition: PartitionId,
    places: Arc<Semaphore>,
}

impl CallKeeper {
    pub fn of(record: Arc<dyn Observer>, commands: Commands, vault: Arc<dyn Vault>, clock: Arc<dyn Clock>, partition: PartitionId) -> Self {
        Self { record, commands, vault, clock, partition, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Failing to keep words is no reason to fail the call: it is told in the program's log, without a word of them, and counted.
    async fn keep(&self, spoken: &Spoken<'_>) {
        let question = spoken.question;
        let said = spoken.said.map_err(ToString::to_string);
        let text = KeptWords::of(&question.class, &question.policy, &question.prompt, said).and_then(|words| words.to_text());
        let Ok(text) = text else {
            tracing::error!(call = %question.call, "what was said in a call to a model could not be written down; it is not kept");
            return not_kept();
        };
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            tracing::error!(call = %question.call, "what was said in a call to a model is not kept: {AT_ONCE} others wait for the disk or the ledger");
            return not_kept();
        };
        let kept = ModelCallKept {
            call: question.call,
            attempt: spoken.attempt,
            agent: question.agent.clone(),
            deployment: spoken.deployment.clone(),
            answered: spoken.said.is_ok(),
            digest: hex::encode(Sha256::digest(text.as_bytes())),
            bytes: text.len() as u64,
            words: None,
            // Of when it was said, however long keeping takes.
            key: key_of_words(question.case, question.call, self.clock.now().wall),
        };
        let (keeper, case, clock) = (self.clone(), question.case, &self.clock);
        let keeping = tokio::spawn(async move {
            keeper.record_words(kept, case, text).await;
            drop(place);
        });
        tokio::select! {
            biased;
            ended = keeping => {
                if let Err(error) = ended {
                    tracing::error!(%error, call = %question.call, "keeping what was said in a call to a model broke off");
                    not_kept();
                }
            }
            () = clock.wall_reaches(clock.now().wall + ANSWER_WAITS) => {}
        }
    }

    async fn record_words(&self, mut kept: ModelCallKept, case: Option<CaseId>, text: String) {
        kept.words = self.sealed(&kept.key, text).await;
        let call = kept.call;
        let id = CommandId(derived(&call.to_string(), "kept", kept.attempt));
        let mut ask = Ask::new(service("svc-gateway"), KeepModelCall { kept, case }).with_id(id);
        ask.correlation = case.map(|case| case.0);
        if let Err(error) = self.commands.ask(&self.partition, ask).await {
            tracing::warn!(%error, %call, "what was said in a call to a model is not kept");
            not_kept();
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

fn not_kept() {
    metrics::counter!("millwright_model_words_not_kept_total").increment(1);
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
    fn abandoned(&self, failed: Failed) {
        self.record.abandoned(failed);
    }
    async fn went_round(&self, went: &WentRound) {
        self.record.went_round(went).await;
    }
    async fn spoken(&self, spoken: &Spoken<'_>) {
        self.record.spoken(spoken).await;
        if spoken.question.agent.as_str() != REPLAYER {
            self.keep(spoken).await;
        }
    }
}
