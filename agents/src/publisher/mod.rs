//! On each fact of a case, want it told on the bus: alerts, diagnoses, tickets and feedback, in the order in which they came to be.

mod standing;

use crate::{
    fact_tail::{FactTail, TailError},
    insist::{insist, reaction_id, service},
};
use millwright_commands::{Ask, Commands, WantEffect};
use millwright_domain::{
    Event,
    effect::EffectWanted,
    envelope::{Answer, Recorded},
    ids::EventId,
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
};
use standing::{ADAPTER, Standing};
use std::{collections::VecDeque, sync::Arc};
use tokio_util::sync::CancellationToken;

/// So many facts may come between one and the wish that it be told; for one further back, more is asked for again than needed.
const LOOK_BACK: usize = 1_000_000;

/// Keeps no place of its own: what has been asked for is on the ledger, and asked for again it is the same wish.
pub struct Publisher {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
}

impl Publisher {
    /// Runs until told to stop. On a site of which nothing was ever told it begins with how things stand, not with history.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let from = self.told_up_to().await?;
        self.run_from(from, stop).await
    }

    /// Goes on from where it was found to be.
    pub async fn run_from(self, from: ToldUpTo, stop: CancellationToken) -> Result<(), TailError> {
        let Some(site) = self.partition.as_site() else { return Ok(()) };
        let mut tail = FactTail::from_the_start(self.log.clone(), self.partition.clone());
        let mut standing = Standing::of(site);
        let mut stands_told = false;
        loop {
            let facts = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                facts = tail.next() => facts?,
            };
            for fact in &facts {
                let messages = standing.take(fact);
                if fact.seq < from.seq {
                    continue;
                }
                if !std::mem::replace(&mut stands_told, true) {
                    self.want(fact.id, standing.now(), &stop).await;
                }
                if fact.seq > from.seq || !from.first_time {
                    self.want(fact.id, messages, &stop).await;
                }
                if stop.is_cancelled() {
                    return Ok(());
                }
            }
        }
    }

    /// In order, each answered before the next is asked for.
    async fn want(&self, because: EventId, messages: Vec<EffectWanted>, stop: &CancellationToken) {
        for wanted in messages {
            let (effect, target) = (wanted.effect, wanted.target.clone());
            let ask = Ask::new(service("svc-publisher"), WantEffect { wanted }).with_id(reaction_id(effect, "want", 0)).because_of(because);
            let answered = insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
            if let Some(Answer::Refused { reason, .. }) = answered.map(|answered| answered.answer) {
                tracing::info!(target, reason, "{target} is not told");
            }
            if stop.is_cancelled() {
                return;
            }
        }
    }

    /// The fact that the last wish came of; the newest fact there is if nothing was wished for yet.
    pub async fn told_up_to(&self) -> Result<ToldUpTo, TailError> {
        let mut recent: VecDeque<(EventId, u64)> = VecDeque::new();
        let mut from = ToldUpTo { seq: 0, first_time: true };
        let tail = FactTail::seen_to_the_end(self.log.clone(), self.partition.clone(), |fact| {
            if let Some(cause) = told_because_of(fact) {
                from.first_time = false;
                if let Some(place) = recent.iter().position(|(id, _)| *id == cause) {
                    from.seq = recent[place].1;
                    recent.drain(..place);
                }
            }
            recent.push_back((fact.id, fact.seq));
            if recent.len() > LOOK_BACK {
                recent.pop_front();
            }
        });
        let end = tail.await?.position();
        if from.first_time {
            from.seq = end.saturating_sub(1);
        }
        Ok(from)
    }
}

/// Where to go on: at this fact, which may not be all told; the first time it is only what stands after it that is told.
pub struct ToldUpTo {
    seq: u64,
    first_time: bool,
}

fn told_because_of(fact: &Recorded) -> Option<EventId> {
    match &fact.event {
        Event::EffectWanted(wanted) if wanted.adapter_and_recipient().0 == ADAPTER => fact.causation,
        _ => None,
    }
}
