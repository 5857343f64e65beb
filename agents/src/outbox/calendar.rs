//! What is to be delivered next, and when: to one target in order, by one adapter one thing at a time, after a failure with growing pauses. Pure.

use super::Tried;
use chrono::TimeDelta;
use millwright_domain::{Timestamp, effect::Effect, ids::EffectId, site::Site};
use std::collections::{BTreeMap, BTreeSet, HashSet};

#[derive(Default)]
pub struct Calendar {
    /// Adapters that are delivering something.
    busy: BTreeSet<String>,
    /// Wall time before which nothing is tried through an adapter whose target was away, and how often in a row it was.
    away: BTreeMap<String, (Timestamp, u32)>,
    /// The same for one thing that was not taken. Everything later for its target waits with it.
    not_before: BTreeMap<EffectId, Timestamp>,
}

/// What is next, and at which wall time.
#[derive(Debug, PartialEq)]
pub struct Due {
    pub at: Timestamp,
    pub effect: EffectId,
}

impl Calendar {
    /// Of what is due now, the first that was wanted; else what is due soonest. Imported and replayed sites have no effects, whatever their
    /// log says.
    pub fn next(&self, site: &Site, now: Timestamp) -> Option<Due> {
        if !site.is_live() {
            return None;
        }
        let mut targets: HashSet<&str> = HashSet::new();
        let mut soonest: Option<Due> = None;
        for effect in &site.outgoing {
            let Some(wanted) = site.effects.get(effect).and_then(Effect::pending) else { continue };
            let adapter = wanted.adapter_and_recipient().0;
            let is_first = targets.insert(&wanted.target);
            if !is_first || self.busy.contains(adapter) {
                continue;
            }
            let back = self.away.get(adapter).map(|(until, _)| *until);
            let at = self.not_before.get(effect).copied().max(back).unwrap_or_default();
            if at <= now {
                return Some(Due { at, effect: *effect });
            }
            if soonest.as_ref().is_none_or(|due| at < due.at) {
                soonest = Some(Due { at, effect: *effect });
            }
        }
        soonest
    }

    pub fn begun(&mut self, adapter: &str) {
        self.busy.insert(adapter.to_string());
    }

    /// `known` is what the state says of it now.
    pub fn tried(&mut self, Tried { effect, adapter, target_away }: &Tried, known: Option<&Effect>, now: Timestamp) {
        self.busy.remove(adapter);
        if *target_away {
            let (until, times) = self.away.entry(adapter.clone()).or_default();
            *until = now + pause_while_away(*times);
            *times += 1;
            return;
        }
        self.away.remove(adapter);
        match known.filter(|known| known.pending().is_some()) {
            Some(pending) => self.not_before.insert(*effect, now + pause(*effect, pending.attempts())),
            None => self.not_before.remove(effect),
        };
    }
}

/// Doubles from one second to five minutes; spread by the effect's id, so that many do not come back at once.
fn pause(effect: EffectId, attempts: u32) -> TimeDelta {
    let doubled = 1_000i64 << attempts.saturating_sub(1).min(9);
    let spread = i64::try_from(effect.0.as_u128() % 250).unwrap_or(0);
    TimeDelta::milliseconds((doubled.min(300_000) * (1_000 + spread)) / 1_000)
}

/// Doubles from a quarter of a second to 15 seconds: asking an adapter that knows its target to be away costs nothing.
fn pause_while_away(times: u32) -> TimeDelta {
    TimeDelta::milliseconds((250i64 << times.min(6)).min(15_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{
        Event,
        effect::{EffectAttempted, EffectFailed, EffectWanted},
        envelope::StreamId,
        plant::{Plant, Source},
        site::PlantDescribed,
    };
    use uuid::Uuid;

    fn id(number: u128) -> EffectId {
        // Later ones have lower ids: an order by id would be the wrong one.
        EffectId(Uuid::from_u128(1_000 - number))
    }
    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(second)
    }
    fn take(site: &mut Site, event: impl Into<Event>) {
        site.evolve(&StreamId::site(), at(0), &event.into());
    }
    fn site(source: Source, targets: &[&str]) -> Site {
        let mut site = Site::default();
        let plant = Plant { site: "demo".parse().unwrap(), name: "Demo".into(), source, assets: vec![] };
        take(&mut site, PlantDescribed { plant });
        for (number, target) in (1..).zip(targets) {
            let (key, target) = (number.to_string(), target.to_string());
            let (subject, body) = (String::new(), String::new());
            take(&mut site, EffectWanted { effect: id(number), idempotency_key: key, target, subject, body, case: None, action: None });
        }
        site
    }
    fn tried(number: u128, adapter: &str, target_away: bool) -> Tried {
        Tried { effect: id(number), adapter: adapter.into(), target_away }
    }
    fn fail(site: &mut Site, number: u128, attempt: u32, final_: bool) {
        take(site, EffectAttempted { effect: id(number), attempt });
        take(site, EffectFailed { effect: id(number), attempt, reason: "no".into(), final_ });
    }
    fn next(calendar: &Calendar, site: &Site, second: i64) -> Option<(EffectId, bool)> {
        calendar.next(site, at(second)).map(|due| (due.effect, due.at <= at(second)))
    }

    #[test]
    fn what_was_wanted_first_goes_first() {
        let site = site(Source::Live, &["mqtt:a", "mqtt:b", "notice:x"]);
        assert_eq!(next(&Calendar::default(), &site, 1), Some((id(1), true)));
    }

    #[test]
    fn behind_one_that_was_not_taken_its_own_target_waits_and_no_other() {
        let mut site = site(Source::Live, &["mqtt:a", "mqtt:a", "mqtt:b"]);
        let mut calendar = Calendar::default();
        fail(&mut site, 1, 1, false);
        calendar.tried(&tried(1, "mqtt", false), site.effects.get(&id(1)), at(1));
        assert_eq!(next(&calendar, &site, 1), Some((id(3), true)));
        assert_eq!(next(&calendar, &site, 3), Some((id(1), true)), "in order again once it is due");
        fail(&mut site, 1, 2, true);
        calendar.tried(&tried(1, "mqtt", false), site.effects.get(&id(1)), at(3));
        assert_eq!(next(&calendar, &site, 3), Some((id(2), true)), "what was given up holds nobody up");
        assert_eq!(site.given_up, 1);
    }

    #[test]
    fn while_a_broker_is_away_its_messages_wait_in_order_and_notices_go_on() {
        let site = site(Source::Live, &["mqtt:a", "mqtt:b", "notice:x"]);
        let mut calendar = Calendar::default();
        for second in 1..100 {
            calendar.tried(&tried(1, "mqtt", true), site.effects.get(&id(1)), at(second));
        }
        assert_eq!(next(&calendar, &site, 99), Some((id(3), true)));
        calendar.begun("notice");
        assert_eq!(next(&calendar, &site, 99), Some((id(1), false)));
        assert_eq!(next(&calendar, &site, 99 + 15), Some((id(1), true)), "never longer than 15 s after it is back");
    }

    #[test]
    fn an_adapter_delivers_one_thing_at_a_time() {
        let site = site(Source::Live, &["mqtt:a", "mqtt:b"]);
        let mut calendar = Calendar::default();
        calendar.begun("mqtt");
        assert_eq!(next(&calendar, &site, 1), None);
        calendar.tried(&tried(1, "mqtt", false), None, at(1));
        assert!(next(&calendar, &site, 1).is_some());
    }

    #[test]
    fn nothing_leaves_the_house_for_an_imported_or_replayed_site() {
        for source in [Source::Imported, Source::Replayed] {
            assert_eq!(Calendar::default().next(&site(source, &["mqtt:a"]), at(1)), None);
        }
    }
}
