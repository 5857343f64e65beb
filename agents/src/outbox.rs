//! On EffectWanted, deliver it: attempt recorded, sent under its key, result recorded; again with growing pauses until done or given up.

use crate::{
    insist::{insist, reaction_id, service},
    site_tail::{SiteTail, TailError},
};
use chrono::TimeDelta;
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
use std::{collections::BTreeMap, sync::Arc};
use tokio_util::sync::CancellationToken;

/// Attempts before a person has to look.
const ATTEMPTS: u32 = 8;

pub struct Outbox {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub messenger: Arc<dyn Messenger>,
}

impl Outbox {
    /// Runs until told to stop. Keeps nothing: what is due is in the state.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let mut tail = SiteTail::at_the_end(self.log.clone(), self.partition.clone()).await?;
        let mut not_before: BTreeMap<EffectId, Timestamp> = BTreeMap::new();
        loop {
            let due = next_due(&tail.site, &not_before);
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = reached(&*self.clock, due.as_ref().map(|(at, _)| *at)) => {
                    let Some((_, effect)) = due else { continue };
                    self.deliver(&mut tail, effect, &stop).await?;
                    not_before.remove(&effect);
                    if let Some(again_after) = tail.site.effects.get(&effect).and_then(|known| again_after(effect, known)) {
                        not_before.insert(effect, self.clock.now().wall + again_after);
                    }
                }
                facts = tail.next() => { facts?; }
            }
        }
    }

    /// One attempt. An attempt that a former run began and did not end is made again under the same key: the target knows it.
    async fn deliver(&self, tail: &mut SiteTail, effect: EffectId, stop: &CancellationToken) -> Result<(), TailError> {
        let Some((wanted, attempt, begun)) = tail.site.effects.get(&effect).and_then(open_attempt) else { return Ok(()) };
        if !begun && !self.ask(AttemptEffect { effect, attempt }.into(), effect, "attempt", attempt, stop).await {
            return Ok(());
        }
        let result = match self.messenger.deliver(&wanted).await {
            Ok(receipt) => EffectResult::Done { receipt },
            Err(NotTaken::ForNow(reason)) if attempt < ATTEMPTS => EffectResult::FailedForNow { reason },
            Err(NotTaken::ForNow(reason) | NotTaken::ForGood(reason)) => EffectResult::FailedForGood { reason },
        };
        self.ask(FinishEffect { effect, attempt, result }.into(), effect, "finish", attempt, stop).await;
        // What was answered is durable: fold it before looking for what is due, so that nothing is begun twice.
        tail.up_to_now().await
    }

    async fn ask(&self, command: Command, effect: EffectId, reaction: &str, attempt: u32, stop: &CancellationToken) -> bool {
        let ask = Ask::new(service("svc-outbox"), command).with_id(reaction_id(effect, reaction, attempt));
        let answered = insist(&self.commands, &*self.clock, &self.partition, ask, stop).await;
        matches!(answered.map(|answered| answered.answer), Some(Answer::Done { .. } | Answer::AlreadySo))
    }
}

/// What is to be sent, as which attempt, and whether that attempt is on record already.
fn open_attempt(effect: &Effect) -> Option<(EffectWanted, u32, bool)> {
    match effect {
        Effect::Wanted { wanted } => Some((wanted.clone(), 1, false)),
        Effect::Attempted { wanted, attempt } => Some((wanted.clone(), *attempt, true)),
        Effect::Waiting { wanted, attempts } => Some((wanted.clone(), attempts + 1, false)),
        Effect::Done | Effect::Dead { .. } => None,
    }
}

/// Imported and replayed sites have no effects, whatever their log says.
fn next_due(site: &Site, not_before: &BTreeMap<EffectId, Timestamp>) -> Option<(Timestamp, EffectId)> {
    if !site.is_live() {
        return None;
    }
    let pending = site.effects.iter().filter(|(_, effect)| effect.pending().is_some());
    pending.map(|(id, _)| (not_before.get(id).copied().unwrap_or_default(), *id)).min()
}

async fn reached(clock: &dyn Clock, at: Option<Timestamp>) {
    match at {
        Some(at) => clock.wall_reaches(at).await,
        None => std::future::pending().await,
    }
}

/// How long what is still pending rests before the next look at it.
fn again_after(effect: EffectId, known: &Effect) -> Option<TimeDelta> {
    known.pending().map(|_| pause(effect, known.attempts()))
}

/// Doubles from one second to five minutes; spread by the effect's id, so that many do not come back at once.
fn pause(effect: EffectId, attempts: u32) -> TimeDelta {
    let doubled = 1_000i64 << attempts.saturating_sub(1).min(9);
    let spread = i64::try_from(effect.0.as_u128() % 250).unwrap_or(0);
    TimeDelta::milliseconds((doubled.min(300_000) * (1_000 + spread)) / 1_000)
}
