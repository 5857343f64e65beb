//! On EffectWanted, deliver it: attempt recorded, sent under its key, result recorded; again with growing pauses until done or given up.
//!
//! To one target everything goes in the order in which it was wanted. Each adapter delivers beside the others: a broker that hangs holds up
//! no notice. What may have been sent to a target that knows no keys is never sent again by itself.

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
    /// Adapters that are left alone for a while, and why.
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
            let due = calendar.next(&tail.site, now, |adapter| self.messenger.at_once(adapter));
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                Some(tried) = under_way.next() => {
                    // What was answered is durable: fold it before looking for what is due, so that nothing is begun twice.
                    tail.up_to_now().await?;
                    calendar.tried(&tried, self.clock.now().wall);
                }
                () = reached(&*self.clock, due.as_ref().map(|due| due.at)) => {
                    let Some(attempt) = due.and_then(|due| begun(due, &tail.site)) else { continue };
                    calendar.begun(&attempt.adapter, attempt.wanted.effect);
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
    async fn deliver(&self, Attempt { wanted, number, on_record, adapter }: Attempt, stop: &CancellationToken) -> Tried {
        let effect = wanted.effect;
        let over = |sign| Tried { effect, adapter, sign };
        if !on_record && !self.ask(AttemptEffect { effect, attempt: number }.into(), effect, "attempt", number, stop).await {
            return over(None);
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
        let (result, sign) = match delivered {
            Ok(receipt) => (EffectResult::Done { receipt }, Sign::Well),
            // Nothing was sent, so the attempt goes on where that does no harm: it is made when the target is back, however long that takes.
            Err(NotTaken::Away(reason)) if self.messenger.knows_keys(&wanted) => {
                tracing::debug!(target = wanted.target, reason, "{} has to wait", wanted.target);
                return over(Some(Sign::Away));
            }
            Err(NotTaken::Away(reason)) => (EffectResult::FailedForNow { reason, wait_ms: None }, Sign::Away),
            Err(NotTaken::Busy { reason, wait }) => {
                let wait_ms = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
                let sign = Sign::Busy(TimeDelta::milliseconds(wait_ms.into()));
                (EffectResult::FailedForNow { reason, wait_ms: Some(wait_ms) }, sign)
            }
            Err(NotTaken::ForNow(reason)) => (EffectResult::FailedForNow { reason, wait_ms: None }, Sign::Failed),
            Err(NotTaken::Unknown(reason)) => {
                tracing::warn!(target = wanted.target, %effect, reason, "nobody knows whether {} got a message", wanted.target);
                (EffectResult::Unknown { reason }, Sign::Failed)
            }
            Err(NotTaken::ForGood(reason)) => {
                tracing::warn!(target = wanted.target, %effect, reason, "{} did not get a message, and it is given up", wanted.target);
                (EffectResult::FailedForGood { reason }, Sign::Well)
            }
        };
        self.ask(FinishEffect { effect, attempt: number, result }.into(), effect, "finish", number, stop).await;
        over(Some(sign))
    }

    async fn ask(&self, command: Command, effect: EffectId, reaction: &str, attempt: u32, stop: &CancellationToken) -> bool {
        let ask = Ask::new(service("svc-outbox"), command).with_id(reaction_id(effect, reaction, attempt));
        let answered = insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
        matches!(answered.map(|answered| answered.answer), Some(Answer::Done { .. } | Answer::AlreadySo))
    }
}

/// What is to be sent, as which attempt, and whether that attempt is on record already.
struct Attempt {
    wanted: EffectWanted,
    number: u32,
    on_record: bool,
    adapter: String,
}

fn begun(due: Due, site: &Site) -> Option<Attempt> {
    let (wanted, number, on_record) = match site.effects.get(&due.effect)? {
        Effect::Wanted { wanted, attempts } | Effect::Waiting { wanted, attempts, .. } => (wanted.clone(), attempts + 1, false),
        Effect::Attempted { wanted, attempt } => (wanted.clone(), *attempt, true),
        Effect::Done | Effect::Dead { .. } | Effect::Unknown { .. } | Effect::Dropped => return None,
    };
    let adapter = wanted.adapter_and_recipient().0.to_string();
    Some(Attempt { wanted, number, on_record, adapter })
}

async fn reached(clock: &dyn Clock, at: Option<Timestamp>) {
    match at {
        Some(at) => clock.wall_reaches(at).await,
        None => std::future::pending().await,
    }
}
