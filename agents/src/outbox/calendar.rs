//! What is to be delivered next, and when: to one target in order, by one adapter as many at once as it can, after a failure when its time has come. Pure.

use super::{
    Tried,
    breaker::{Breaker, Sign},
};
use millwright_domain::{Timestamp, effect::Effect, ids::EffectId, site::Site};
use std::collections::{BTreeMap, BTreeSet, HashSet};

#[derive(Default)]
pub struct Calendar {
    /// What is being delivered, by adapter.
    busy: BTreeMap<String, BTreeSet<EffectId>>,
    breakers: BTreeMap<String, Breaker>,
}

/// What is next, and at which wall time.
#[derive(Debug, PartialEq)]
pub struct Due {
    pub at: Timestamp,
    pub effect: EffectId,
}

impl Calendar {
    /// Of what is due now, the first that was wanted; else what is due soonest. Imported and replayed sites have no effects, whatever their
    /// log says. `at_once` says how much an adapter can do at a time.
    pub fn next(&self, site: &Site, now: Timestamp, at_once: impl Fn(&str) -> usize) -> Option<Due> {
        if !site.is_live() {
            return None;
        }
        let mut targets: HashSet<&str> = HashSet::new();
        let mut soonest: Option<Due> = None;
        for effect in &site.outgoing {
            let Some(known) = site.effects.get(effect) else { continue };
            let Some(wanted) = known.pending() else { continue };
            let adapter = wanted.adapter_and_recipient().0;
            // Behind one that waits or is under way, everything later for the same target waits with it.
            let is_first = targets.insert(&wanted.target);
            let busy = self.busy.get(adapter);
            let is_under_way = busy.is_some_and(|busy| busy.contains(effect));
            if !is_first || is_under_way || busy.is_some_and(|busy| busy.len() >= at_once(adapter).max(1)) {
                continue;
            }
            let Some(open_until) = self.breakers.get(adapter).map_or(Some(Timestamp::default()), Breaker::next_try) else { continue };
            let at = open_until.max(retry_at(known));
            if at <= now {
                return Some(Due { at, effect: *effect });
            }
            if soonest.as_ref().is_none_or(|due| at < due.at) {
                soonest = Some(Due { at, effect: *effect });
            }
        }
        soonest
    }

    pub fn begun(&mut self, adapter: &str, effect: EffectId) {
        self.busy.entry(adapter.to_string()).or_default().insert(effect);
        self.breakers.entry(adapter.to_string()).or_default().begun(effect);
    }

    pub fn tried(&mut self, Tried { effect, adapter, sign }: &Tried, now: Timestamp) {
        if let Some(busy) = self.busy.get_mut(adapter) {
            busy.remove(effect);
        }
        let breaker = self.breakers.entry(adapter.clone()).or_default();
        match sign {
            Some(sign) => breaker.ended(*effect, *sign, now),
            // Never sent: our own side stopped. Whatever the breaker thought, it still thinks.
            None => breaker.ended(*effect, Sign::Busy(chrono::TimeDelta::zero()), now),
        }
    }

    /// Adapters that are not simply tried, and why.
    pub fn troubles(&self, now: Timestamp) -> BTreeMap<String, String> {
        self.breakers.iter().filter_map(|(adapter, breaker)| Some((adapter.clone(), breaker.trouble(now)?))).collect()
    }
}

fn retry_at(effect: &Effect) -> Timestamp {
    match effect {
        Effect::Waiting { retry_at, .. } => *retry_at,
        _ => Timestamp::default(),
    }
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
            take(
                &mut site,
                EffectWanted { effect: id(number), idempotency_key: key, target, subject, body, case: None, action: None, quotes: vec![] },
            );
        }
        site
    }
    fn tried(number: u128, adapter: &str, sign: Sign) -> Tried {
        Tried { effect: id(number), adapter: adapter.into(), sign: Some(sign) }
    }
    /// To be tried again after two seconds.
    fn fail(site: &mut Site, number: u128, attempt: u32, final_: bool) {
        take(site, EffectAttempted { effect: id(number), attempt });
        let retry_at = Some(at(3));
        take(site, EffectFailed { effect: id(number), attempt, reason: "no".into(), final_, retry_at });
    }
    fn next_of(calendar: &Calendar, site: &Site, second: i64, at_once: usize) -> Option<(EffectId, bool)> {
        calendar.next(site, at(second), |_| at_once).map(|due| (due.effect, due.at <= at(second)))
    }
    fn next(calendar: &Calendar, site: &Site, second: i64) -> Option<(EffectId, bool)> {
        next_of(calendar, site, second, 1)
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
        calendar.begun("mqtt", id(1));
        fail(&mut site, 1, 1, false);
        calendar.tried(&tried(1, "mqtt", Sign::Failed), at(1));
        assert_eq!(next(&calendar, &site, 1), Some((id(3), true)));
        assert_eq!(next(&calendar, &site, 3), Some((id(1), true)), "in order again once it is due");
        fail(&mut site, 1, 2, true);
        calendar.tried(&tried(1, "mqtt", Sign::Well), at(3));
        assert_eq!(next(&calendar, &site, 3), Some((id(2), true)), "what was given up holds nobody up");
        assert_eq!(site.given_up, 1);
    }

    #[test]
    fn while_a_broker_is_away_its_messages_wait_in_order_and_notices_go_on() {
        let site = site(Source::Live, &["mqtt:a", "mqtt:b", "notice:x"]);
        let mut calendar = Calendar::default();
        for second in 1..100 {
            calendar.tried(&tried(1, "mqtt", Sign::Away), at(second));
        }
        assert_eq!(next(&calendar, &site, 99), Some((id(3), true)));
        calendar.begun("notice", id(3));
        assert_eq!(next(&calendar, &site, 99), Some((id(1), false)));
        assert_eq!(next(&calendar, &site, 99 + 15), Some((id(1), true)), "never longer than 15 s after it is back");
    }

    #[test]
    fn an_adapter_delivers_as_much_at_once_as_it_can_and_to_one_target_one_thing() {
        let site = site(Source::Live, &["mqtt:a", "mqtt:a", "mqtt:b", "mqtt:c"]);
        let mut calendar = Calendar::default();
        calendar.begun("mqtt", id(1));
        assert_eq!(next(&calendar, &site, 1), None);
        assert_eq!(next_of(&calendar, &site, 1, 2), Some((id(3), true)), "the next of another target");
        calendar.begun("mqtt", id(3));
        assert_eq!(next_of(&calendar, &site, 1, 2), None);
        calendar.tried(&tried(3, "mqtt", Sign::Well), at(1));
        assert!(next_of(&calendar, &site, 1, 2).is_some());
    }

    #[test]
    fn a_target_that_fails_is_left_alone_and_then_probed_with_one_thing() {
        let site = site(Source::Live, &["mqtt:a", "mqtt:b", "notice:x"]);
        let mut calendar = Calendar::default();
        for _ in 0..5 {
            calendar.tried(&tried(1, "mqtt", Sign::Failed), at(1));
        }
        assert_eq!(next_of(&calendar, &site, 2, 8), Some((id(3), true)), "others go on");
        assert!(calendar.troubles(at(2)).contains_key("mqtt"));
        calendar.begun("notice", id(3));
        assert_eq!(next_of(&calendar, &site, 31, 8), Some((id(1), true)));
        calendar.begun("mqtt", id(1));
        assert_eq!(next_of(&calendar, &site, 31, 8), None, "one probe");
        calendar.tried(&tried(1, "mqtt", Sign::Well), at(32));
        assert!(next_of(&calendar, &site, 32, 8).is_some() && calendar.troubles(at(32)).is_empty());
    }

    #[test]
    fn nothing_leaves_the_house_for_an_imported_or_replayed_site() {
        for source in [Source::Imported, Source::Replayed] {
            assert_eq!(Calendar::default().next(&site(source, &["mqtt:a"]), at(1), |_| 1), None);
        }
    }
}
