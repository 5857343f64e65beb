//! On what happens in a case, tell its people: the alert with cause, confidence and what helped last time, questions with buttons, results, the end.
//!
//! Quiet hours hold back what can wait, a flood of things to tell becomes one message, what nobody looked after goes on to others, and what
//! did not arrive goes another way.

mod list;
#[cfg(test)]
mod tests;
mod told;
mod words;

use crate::{
    clerk::{Desk, Due},
    precedent::Precedents,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use list::{Item, List, To, What};
use millwright_domain::{Timestamp, effect::EffectWanted, envelope::Recorded, ids::EffectId};
use std::sync::Arc;
use told::{together_id, told_together};
use words::Writer;

/// What is older than this when it could be told is of no use to anybody; the page has it.
const STALE: TimeDelta = TimeDelta::hours(14);

pub struct MessageDesk {
    list: List,
    precedents: Arc<dyn Precedents>,
}

impl MessageDesk {
    pub fn new(precedents: Arc<dyn Precedents>) -> Self {
        Self { list: List::default(), precedents }
    }

    /// When (wall time) an item may be told.
    fn time_of(&self, item: &Item, now: Timestamp) -> Timestamp {
        let from = item.not_before.max(now);
        let (To::Person(person, _), false) = (&item.to, item.urgent) else { return item.not_before };
        let roster = &self.list.site.roster;
        let quiet = roster.people.get(person).and_then(|reach| reach.quiet).filter(|quiet| quiet.holds(from));
        let from = quiet.map_or(item.not_before, |quiet| quiet.end_after(from));
        let room = self.list.told.room_for(person, roster.alerts.most, roster.alerts.within_s, now);
        if room > now { from.max(room) } else { from }
    }
}

#[async_trait]
impl Desk for MessageDesk {
    fn take(&mut self, fact: &Recorded) {
        self.list.take(fact);
    }

    fn next(&self, now: Timestamp) -> Option<Due> {
        let timed = self.list.items.iter().map(|item| (self.time_of(item, now), item));
        // Of equals the first that came to be.
        let (at, item) = timed.min_by_key(|(at, item)| ((*at).max(now), item.at))?;
        Some(Due { at, effect: item.effect, because: item.because })
    }

    async fn write(&self, effect: EffectId, now: Timestamp) -> Option<EffectWanted> {
        let item = self.list.items.iter().find(|item| item.effect == effect)?;
        if now.since(item.at) > STALE && item.what != What::Unattended {
            return None;
        }
        let writer = Writer { list: &self.list, precedents: &*self.precedents, now };
        if let (To::Person(person, _), false) = (&item.to, item.urgent) {
            // All that wait, in their order: whoever reads that it was told can tell which it was.
            let together: Vec<&Item> = told_together(&self.list.items, person).collect();
            if together.len() > 1 {
                let first = together.first()?;
                let effect = together_id(first);
                let target = self.list.site.roster.target(person, 0)?;
                let message = writer.together(&together)?;
                let body = message.body_for(&target);
                let idempotency_key = format!("{effect}/{}", together.len());
                return Some(EffectWanted {
                    effect,
                    idempotency_key,
                    body,
                    target,
                    subject: message.headline,
                    case: None,
                    action: None,
                    quotes: vec![],
                });
            }
        }
        let target = match &item.to {
            To::Person(person, way) => self.list.site.roster.target(person, *way)?,
            To::Program(program) => format!("webhook:{program}"),
        };
        let (message, quotes) = writer.message(item).await?;
        let (body, subject) = (message.body_for(&target), message.headline);
        Some(EffectWanted { effect, idempotency_key: effect.to_string(), target, subject, body, case: item.case, action: None, quotes })
    }

    fn drop(&mut self, effect: EffectId) {
        self.list.items.retain(|item| item.effect != effect);
    }
}
