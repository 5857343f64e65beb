//! On EffectWanted, deliver it: attempt recorded, sent under its key, result recorded; again with growing pauses until done or given up.
//!
//! To one target everything goes in the order in which it was wanted. Each adapter delivers beside the others: a broker that hangs holds up
//! no notice, and one thing that cannot be delivered no other. What may have been sent to a target that knows no keys is never sent again by itself.

mod breaker;
mod calendar;

use crate::{
    fact_tail::TailError,
    insist::{insist, last_call, reaction_id, service},
    site_tail::SiteTail,
};
use breaker::Sign;
use calendar::{Calendar, Due};
use chrono::TimeDelta;
use futures::{StreamExt, stream::FuturesUnordered};
use millwright_commands::{Ask, AttemptEffect, Command, Commands, EffectResult, FinishEffect};
use millwright_domain::{
    Timestamp,
    effect::{Effect, EffectWanted},
    envelope::Answer,
    ids::EffectId,
    ports::{
        clock::Clock,
        event_log::EventLog,
        messenger::{Messenger, NotTaken},
    },
    position::PartitionId,
    site::Site,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio_util::sync::CancellationToken;

pub struct Outbox {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub messenger: Arc<dyn Messenger>,
    pub tally: Arc<Tally>,
}

/// How much has not arrived, for whoever shows it.
#[derive(Debug, Default)]
pub struct Tally {
    pub waiting: AtomicUsize,
    /// Not tried again: waits for a person.
    pub given_up: AtomicUsize,
    /// What is left alone for a while, and why: an adapter, or a program that is told by webhook.
    troubles: Mutex<BTreeMap<String, String>>,
}

impl Tally {
    fn note(&self, site: &Site, troubles: BTreeMap<String, String>) {
        self.waiting.store(site.outgoing.len(), Ordering::Relaxed);
        self.given_up.store(site.given_up, Ordering::Relaxed);
        *self.troubles.lock().unwrap_or_else(PoisonError::into_inner) = troubles;
    }
    pub fn troubles(&self) -> BTreeMap<String, String> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An attempt that is over.
struct Tried {
    effect: EffectId,
    adapter: String,
    /// What is out of order together with its target.
    breaker: String,
    /// What it said about the target; nothing if it did not come to that.
    sign: Option<Sign>,
}

impl Outbox {
    /// Runs until told to stop. Keeps nothing: what is due is in the state.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let mut tail = SiteTail::at_the_end(self.log.clone(), self.partition.clone()).await?;
        let mut calendar = Calendar::default();
        let mut under_way = FuturesUnordered::new();
        while !stop.is_cancelled() {
            let now = self.clock.now().wall;
            self.tally.note(&tail.site, calendar.troubles(now));
            let due = calendar.next(&tail.site, now, &*self.messenger);
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                Some(tried) = under_way.next() => {
                    // What was answered is durable: fold it before looking for what is due, so that nothing is begun twice.
                    tail.up_to_now().await?;
                    if let Some(why) = calendar.tried(&tried, &tail.site, self.clock.now().wall) {
                        tracing::warn!(target = tried.breaker, why, "{} is left alone for a while: {why}", tried.breaker);
                    }
                }
                () = reached(&*self.clock, due.as_ref().map(|due| due.at)) => {
                    let Some(attempt) = due.and_then(|due| begun(due, &tail.site)) else { continue };
                    calendar.begun(attempt.wanted.adapter_and_recipient().0, self.messenger.breaks_with(&attempt.wanted), attempt.wanted.effect);
                    under_way.push(self.deliver(attempt, &stop));
                }
                facts = tail.next() => { facts?; }
            }
        }
        while under_way.next().await.is_some() {}
        Ok(())
    }

    /// One attempt. An attempt that a former run began and did not end is made again under the same key where the target knows it; elsewhere
    /// nobody can tell whether it was sent.
    async fn deliver(&self, Attempt { wanted, number, on_record }: Attempt, stop: &CancellationToken) -> Tried {
        let effect = wanted.effect;
        let (adapter, breaker) = (wanted.adapter_and_recipient().0.to_string(), self.messenger.breaks_with(&wanted).to_string());
        let over = |sign| Tried { effect, adapter, breaker, sign };
        if !on_record {
            let answer = self.ask(AttemptEffect { effect, attempt: number }.into(), effect, "attempt", number, stop).await;
            if !matches!(answer, Some(Answer::Done { .. } | Answer::AlreadySo)) {
                return over(None);
            }
        }
        let delivered = if on_record && !self.messenger.knows_keys(&wanted) {
            Err(NotTaken::Unknown("millwright stopped between sending this and hearing that it was taken".into()))
        } else {
            tokio::select! {
                biased;
                delivered = self.messenger.deliver(&wanted) => delivered,
                () = last_call(&*self.clock, stop) => return over(None),
            }
        };
        let not_taken = match delivered {
            Ok(receipt) => return over(self.finish(&wanted, number, EffectResult::Done { receipt }, Sign::Well, stop).await),
            Err(not_taken) => not_taken,
        };
        let (result, sign) = match not_taken {
            // Nothing was sent, so the attempt goes on where that does no harm: it is made when the target is back, however long that takes.
            NotTaken::Away(reason) if self.messenger.knows_keys(&wanted) => return over(Some(Sign::Away(reason))),
            NotTaken::Away(reason) => (EffectResult::FailedForNow { reason: reason.clone(), wait_ms: None }, Sign::Away(reason)),
            NotTaken::Busy { reason, wait } => {
                let wait_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
                let sign = Sign::Busy(TimeDelta::milliseconds(wait_ms.into()), reason.clone());
                (EffectResult::FailedForNow { reason, wait_ms: Some(wait_ms) }, sign)
            }
            NotTaken::ForNow(reason) => (EffectResult::FailedForNow { reason: reason.clone(), wait_ms: None }, Sign::Failed(reason)),
            NotTaken::Unknown(reason) => {
                tracing::warn!(target = wanted.target, %effect, reason, "nobody knows whether {} got a message", wanted.target);
                (EffectResult::Unknown { reason: reason.clone() }, Sign::Failed(reason))
            }
            NotTaken::ForGood(reason) => {
                tracing::warn!(target = wanted.target, %effect, reason, "{} did not get a message, and it is given up", wanted.target);
                (EffectResult::FailedForGood { reason }, Sign::Well)
            }
        };
        over(self.finish(&wanted, number, result, sign, stop).await)
    }

    /// Records what came of it. What it says about the target counts whether or not that could be recorded.
    async fn finish(&self, wanted: &EffectWanted, number: u32, result: EffectResult, sign: Sign, stop: &CancellationToken) -> Option<Sign> {
        let (effect, became) = (wanted.effect, format!("{result:?}"));
        let answer = self.ask(FinishEffect { effect, attempt: number, result }.into(), effect, "finish", number, stop).await;
        if let Some(Answer::Refused { reason, .. }) = answer {
            // Dropped meanwhile, for one: what the target did, and what it calls it, is on no record but this one.
            tracing::warn!(target = wanted.target, %effect, became, reason, "what came of a message to {} was not recorded: {became}", wanted.target);
        }
        Some(sign)
    }

    async fn ask(&self, command: Command, effect: EffectId, reaction: &str, attempt: u32, stop: &CancellationToken) -> Option<Answer> {
        let ask = Ask::new(service("svc-outbox"), command).with_id(reaction_id(effect, reaction, attempt));
        Some(insist(&self.commands, &*self.clock, &self.partition, ask, stop).await?.answer)
    }
}

/// What is to be sent, as which attempt, and whether that attempt is on record already.
struct Attempt {
    wanted: EffectWanted,
    number: u32,
    on_record: bool,
}

fn begun(due: Due, site: &Site) -> Option<Attempt> {
    let (wanted, number, on_record) = match site.effects.get(&due.effect)? {
        Effect::Wanted { wanted, attempts } | Effect::Waiting { wanted, attempts, .. } => (wanted.clone(), attempts + 1, false),
        Effect::Attempted { wanted, attempt } => (wanted.clone(), *attempt, true),
        Effect::Done | Effect::Dead { .. } | Effect::Unknown { .. } | Effect::Dropped => return None,
    };
    Some(Attempt { wanted, number, on_record })
}

async fn reached(clock: &dyn Clock, at: Option<Timestamp>) {
    match at {
        Some(at) => clock.wall_reaches(at).await,
        None => std::future::pending().await,
    }
}
