//! What was told: which effects, to whom, when, and what of it a person has to know to understand the next message. Folded from the facts. Pure.

use super::list::{Item, To};
use chrono::TimeDelta;
use millwright_domain::{
    Event, Timestamp,
    effect::EffectWanted,
    envelope::Recorded,
    ids::{ActorId, CaseId, EffectId, derived},
    roster::Roster,
    sealed::Sealed,
};
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

/// As many messages to a person are remembered as a limit against floods can count.
const REMEMBERED: usize = 1_000;

/// After so long no channel says any more what became of a message.
const COMES_BACK: TimeDelta = TimeDelta::days(2);

/// A message to a person, as long as its end may still come back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    pub person: ActorId,
    pub channel: String,
    pub case: Option<CaseId>,
    pub headline: String,
    pub body: String,
    pub quotes: Vec<Sealed>,
}

#[derive(Default)]
pub(crate) struct Told {
    effects: HashSet<EffectId>,
    sent: HashMap<EffectId, Sent>,
    order: VecDeque<(Timestamp, EffectId)>,
    /// Wall times of messages to each person.
    times: HashMap<ActorId, VecDeque<Timestamp>>,
    people: HashSet<(CaseId, ActorId)>,
}

impl Told {
    pub fn take(&mut self, fact: &Recorded, roster: &Roster) {
        match &fact.event {
            Event::EffectWanted(wanted) => self.wanted(wanted, fact.recorded_at, roster),
            // It arrived as far as anybody will ever hear, or nobody cares any more.
            Event::EffectDropped(dropped) => drop(self.sent.remove(&dropped.effect)),
            Event::OutcomeRecorded(outcome) if outcome.closes => {
                if let Some(case) = fact.stream.as_case() {
                    self.sent.retain(|_, sent| sent.case != Some(case));
                }
            }
            _ => {}
        }
    }

    fn wanted(&mut self, wanted: &EffectWanted, at: Timestamp, roster: &Roster) {
        self.effects.insert(wanted.effect);
        let (channel, name) = wanted.adapter_and_recipient();
        let Ok(person) = name.parse::<ActorId>() else { return };
        if !roster.people.contains_key(&person) {
            return;
        }
        while self.order.front().is_some_and(|(sent_at, _)| at.since(*sent_at) > COMES_BACK) {
            if let Some((_, effect)) = self.order.pop_front() {
                self.sent.remove(&effect);
            }
        }
        self.order.push_back((at, wanted.effect));
        let times = self.times.entry(person.clone()).or_default();
        times.push_back(at);
        if times.len() > REMEMBERED {
            times.pop_front();
        }
        if let Some(case) = wanted.case {
            self.heard(case, &person);
        }
        let (channel, headline, body) = (channel.to_string(), wanted.subject.clone(), wanted.body.clone());
        self.sent.insert(wanted.effect, Sent { person, channel, case: wanted.case, headline, body, quotes: wanted.quotes.clone() });
    }

    pub fn knows(&self, effect: EffectId) -> bool {
        self.effects.contains(&effect)
    }
    pub fn was_told(&self, case: CaseId, person: &ActorId) -> bool {
        self.people.contains(&(case, person.clone()))
    }
    pub fn heard(&mut self, case: CaseId, person: &ActorId) {
        self.people.insert((case, person.clone()));
    }
    pub fn case_of(&self, effect: EffectId) -> Option<CaseId> {
        self.sent.get(&effect)?.case
    }

    /// What went, and by which of the person's ways.
    pub fn what_went(&self, effect: EffectId, roster: &Roster) -> Option<(usize, Sent)> {
        let sent = self.sent.get(&effect)?;
        let way = roster.people.get(&sent.person)?.by.iter().position(|channel| channel.as_str() == sent.channel)?;
        Some((way, sent.clone()))
    }

    /// When (wall time) the person may be told the next thing that is not urgent.
    pub fn room_for(&self, person: &ActorId, most: u32, within_s: u32, now: Timestamp) -> Timestamp {
        let window = chrono::TimeDelta::seconds(within_s.into());
        let Some(times) = self.times.get(person) else { return now };
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        times.len().checked_sub(most).and_then(|place| times.get(place)).map_or(now, |oldest| *oldest + window)
    }

    /// The items that are off the list with this effect: itself, or as many as a message about several says that it tells.
    pub fn covered(&self, wanted: &EffectWanted, items: &[Item]) -> BTreeSet<EffectId> {
        if let Some(item) = items.iter().find(|item| item.effect == wanted.effect) {
            return [item.effect].into();
        }
        let Some((_, count)) = wanted.idempotency_key.rsplit_once('/') else { return BTreeSet::new() };
        let Ok(count) = count.parse::<usize>() else { return BTreeSet::new() };
        let Some(first) = items.iter().find(|item| together_id(item) == wanted.effect) else { return BTreeSet::new() };
        let To::Person(person, _) = &first.to else { return BTreeSet::new() };
        let from_there = told_together(items, person).skip_while(|item| item.effect != first.effect);
        from_there.take(count).map(|item| item.effect).collect()
    }
}

/// The id of a message that tells this item and those behind it.
pub(crate) fn together_id(first: &Item) -> EffectId {
    EffectId(derived(&first.effect.to_string(), "together", 0))
}

/// What can be told to a person in one message, in the order in which it came to be.
pub(crate) fn told_together<'a>(items: &'a [Item], person: &'a ActorId) -> impl Iterator<Item = &'a Item> {
    items.iter().filter(move |item| !item.urgent && matches!(&item.to, To::Person(to, 0) if to == person))
}
