//! A worker that keeps a list of what is still to be told outside: folded from the facts alone, so that after any stop it knows what is left.

use crate::{
    fact_tail::{FactTail, TailError},
    insist::{insist, reaction_id, service},
};
use async_trait::async_trait;
use millwright_commands::{Ask, Commands, WantEffect};
use millwright_domain::{
    Timestamp,
    effect::EffectWanted,
    envelope::{Answer, Recorded},
    ids::{EffectId, EventId},
    ports::{clock::Clock, event_log::EventLog},
    position::PartitionId,
};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What is to be written next, and from when on (wall time).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    pub at: Timestamp,
    pub effect: EffectId,
    /// The fact that it answers.
    pub because: EventId,
}

/// Decides what is to be told, and finds the words. Ids depend on the facts alone: a wish that is on the ledger is off the list.
#[async_trait]
pub trait Desk: Send + Sync {
    /// Takes a fact in, in order. Wishes that were granted are facts, too.
    fn take(&mut self, fact: &Recorded);
    fn next(&self, now: Timestamp) -> Option<Due>;
    /// The words for what is due; `None` if it is not to be told after all.
    async fn write(&self, effect: EffectId, now: Timestamp) -> Option<EffectWanted>;
    /// Takes it off the list without telling it.
    fn drop(&mut self, effect: EffectId);
}

pub struct Clerk<D> {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    /// In whose name: `svc-messages`, `svc-tickets`.
    pub name: &'static str,
    pub desk: D,
}

impl<D: Desk> Clerk<D> {
    /// Runs until told to stop.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), TailError> {
        let mut tail = FactTail::seen_to_the_end(self.log.clone(), self.partition.clone(), |fact| self.desk.take(fact)).await?;
        loop {
            let now = self.clock.now().wall;
            let due = self.desk.next(now);
            let mut granted = None;
            let facts = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = reached(&*self.clock, due.map(|due| due.at)) => {
                    if let Some(due) = due {
                        granted = self.tell(due, &stop).await;
                    }
                    // What was answered is durable: it is there to be taken in before the next one is looked for.
                    tail.up_to_now().await?
                }
                facts = tail.next() => facts?,
            };
            facts.iter().for_each(|fact| self.desk.take(fact));
            // By now the fact of it took it off the list; if not, it was granted before, for something else that came to the same.
            if let Some(effect) = granted {
                self.desk.drop(effect);
            }
        }
    }

    /// What was granted.
    async fn tell(&mut self, Due { effect, because, .. }: Due, stop: &CancellationToken) -> Option<EffectId> {
        let Some(wanted) = self.desk.write(effect, self.clock.now().wall).await else {
            self.desk.drop(effect);
            return None;
        };
        let target = wanted.target.clone();
        let id = reaction_id(wanted.effect, "want", 0);
        let ask = Ask::new(service(self.name), WantEffect { wanted }).with_id(id).because_of(because);
        match insist(&self.commands, &*self.clock, &self.partition, ask, stop).await?.answer {
            Answer::Refused { reason, .. } => {
                tracing::info!(target, reason, "{target} is not told");
                self.desk.drop(effect);
                None
            }
            // It was wanted before under this very id; the fact of it was taken in, or is about to be.
            Answer::AlreadySo => {
                self.desk.drop(effect);
                None
            }
            Answer::Done { .. } => Some(effect),
        }
    }
}

async fn reached(clock: &dyn Clock, at: Option<Timestamp>) {
    match at {
        Some(at) => clock.wall_reaches(at).await,
        None => std::future::pending().await,
    }
}
