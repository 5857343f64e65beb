//! What is to be delivered next, and when: to one target in order, by one adapter as many at once as it can, after a failure when its time has come. Pure.

use super::{
    Tried,
    breaker::{Breaker, Sign, pause_while_away},
};
use millwright_domain::{
    Timestamp,
    effect::{Effect, EffectWanted},
    ids::EffectId,
    ports::messenger::Messenger,
    site::Site,
};
use std::collections::{BTreeMap, BTreeSet, HashSet};

#[derive(Default)]
pub struct Calendar {
    /// What is being delivered, by adapter.
    busy: BTreeMap<String, BTreeSet<EffectId>>,
    /// By what is out of order together.
    breakers: BTreeMap<String, Breaker>,
    /// What was tried and is wanted still.
    tries: BTreeMap<EffectId, Tries>,
}

#[derive(Default)]
struct Tries {
    last: Timestamp,
    /// How often in a row it found its target away.
    away: u32,
    /// Not before that, whatever its breaker says: it may be this one thing that finds nobody.
    not_before: Timestamp,
}

/// What is next, and at which wall time.
#[derive(Debug, PartialEq)]
pub struct Due {
    pub at: Timestamp,
    pub effect: EffectId,
}

impl Calendar {
    /// Of what is due now, the first that was wanted; else what is due soonest. Where one is to find out whether its target is back, the one
    /// that was tried longest ago, so that one that never gets through keeps no others from it. Imported and replayed sites have no effects,
    /// whatever their log says.
    pub fn next(&self, site: &Site, now: Timestamp, messenger: &dyn Messenger) -> Option<Due> {
        if !site.is_live() {
            return None;
        }
        let mut targets: HashSet<&str> = HashSet::new();
        let mut best: Option<((Timestamp, Timestamp), EffectId)> = None;
        for effect in &site.outgoing {
            let Some(known) = site.effects.get(effect) else { continue };
            let Some(wanted) = known.pending() else { continue };
            // Behind one that waits or is under way, everything later for the same target waits with it.
            let is_first = targets.insert(&wanted.target);
            if !is_first || self.is_full(wanted, messenger) {
                continue;
            }
            let Some((due, tried)) = self.due(known, *effect, messenger.breaks_with(wanted)) else { continue };
            let rank = (due.max(now), tried);
            if rank == (now, Timestamp::default()) {
                return Some(Due { at: due, effect: *effect });
            }
            if best.is_none_or(|(best, _)| rank < best) {
                best = Some((rank, *effect));
            }
        }
        best.map(|((at, _), effect)| Due { at, effect })
    }

    /// Whether its adapter has it in hand, or as much as it takes at a time.
    fn is_full(&self, wanted: &EffectWanted, messenger: &dyn Messenger) -> bool {
        let adapter = wanted.adapter_and_recipient().0;
        let most = messenger.at_once(adapter).max(1);
        self.busy.get(adapter).is_some_and(|busy| busy.contains(&wanted.effect) || busy.len() >= most)
    }

    /// From when on it may be tried; and when it was tried last, if it is to be the one that finds out.
    fn due(&self, known: &Effect, effect: EffectId, breaker: &str) -> Option<(Timestamp, Timestamp)> {
        let breaker = self.breakers.get(breaker);
        let open_until = breaker.map_or(Some(Timestamp::default()), Breaker::next_try)?;
        let tries = self.tries.get(&effect);
        let own = tries.map_or(Timestamp::default(), |tries| tries.not_before);
        let last = tries.filter(|_| breaker.is_some_and(Breaker::is_open)).map_or(Timestamp::default(), |tries| tries.last);
        Some((open_until.max(own).max(retry_at(known)), last))
    }

    pub fn begun(&mut self, adapter: &str, breaker: &str, effect: EffectId) {
        self.busy.entry(adapter.to_string()).or_default().insert(effect);
        self.breakers.entry(breaker.to_string()).or_default().begun(effect);
    }

    /// Why its target is left alone from now on, if people do not know yet.
    pub fn tried(&mut self, Tried { effect, adapter, breaker, sign }: &Tried, site: &Site, now: Timestamp) -> Option<String> {
        if let Some(busy) = self.busy.get_mut(adapter) {
            busy.remove(effect);
        }
        let breaker = self.breakers.entry(breaker.clone()).or_default();
        let Some(sign) = sign else {
            breaker.not_tried(*effect);
            return None;
        };
        breaker.ended(*effect, sign, now);
        let news = breaker.news(now);
        let tries = self.tries.entry(*effect).or_default();
        let is_away = matches!(sign, Sign::Away(_));
        tries.not_before = if is_away { now + pause_while_away(tries.away) } else { Timestamp::default() };
        tries.away = if is_away { tries.away + 1 } else { 0 };
        tries.last = now;
        self.tries.retain(|effect, _| site.effects.get(effect).is_some_and(|effect| effect.pending().is_some()));
        news
    }

    /// What is not simply tried, and why.
    pub fn troubles(&self, now: Timestamp) -> BTreeMap<String, String> {
        self.breakers.iter().filter_map(|(what, breaker)| Some((what.clone(), breaker.trouble(now)?))).collect()
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
    use async_trait::async_trait;
    use millwright_domain::{
        Event,
        effect::{EffectAttempted, EffectFailed},
        envelope::StreamId,
        plant::{Plant, Source},
        ports::messenger::NotTaken,
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
    fn failure() -> Sign {
        Sign::Failed("it answered 500".into())
    }
    fn away() -> Sign {
        Sign::Away("nobody listens".into())
    }
    /// An attempt, from its beginning to its end.
    fn attempt(calendar: &mut Calendar, site: &Site, number: u128, sign: Sign, second: i64) -> Option<String> {
        let wanted = site.effects.get(&id(number)).unwrap().pending().cloned();
        let target = wanted.map_or_else(|| "mqtt:a".to_string(), |wanted| wanted.target);
        let adapter = target.split(':').next().unwrap();
        let breaker = if adapter == "webhook" { target.as_str() } else { adapter };
        calendar.begun(adapter, breaker, id(number));
        let tried = Tried { effect: id(number), adapter: adapter.into(), breaker: breaker.into(), sign: Some(sign) };
        calendar.tried(&tried, site, at(second))
    }
    /// To be tried again after two seconds.
    fn fail(site: &mut Site, number: u128, attempt: u32, final_: bool) {
        take(site, EffectAttempted { effect: id(number), attempt });
        let retry_at = Some(at(3));
        take(site, EffectFailed { effect: id(number), attempt, reason: "no".into(), final_, retry_at });
    }
    /// Takes so much at once; webhooks are each another's server.
    struct Way(usize);
    #[async_trait]
    impl Messenger for Way {
        async fn deliver(&self, _: &EffectWanted) -> Result<String, NotTaken> {
            Ok(String::new())
        }
        fn at_once(&self, _: &str) -> usize {
            self.0
        }
        fn breaks_with<'a>(&self, effect: &'a EffectWanted) -> &'a str {
            let adapter = effect.adapter_and_recipient().0;
            if adapter == "webhook" { &effect.target } else { adapter }
        }
    }
    fn next_of(calendar: &Calendar, site: &Site, second: i64, at_once: usize) -> Option<(EffectId, bool)> {
        calendar.next(site, at(second), &Way(at_once)).map(|due| (due.effect, due.at <= at(second)))
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
        fail(&mut site, 1, 1, false);
        attempt(&mut calendar, &site, 1, failure(), 1);
        assert_eq!(next(&calendar, &site, 1), Some((id(3), true)));
        assert_eq!(next(&calendar, &site, 3), Some((id(1), true)), "in order again once it is due");
        fail(&mut site, 1, 2, true);
        attempt(&mut calendar, &site, 1, Sign::Well, 3);
        assert_eq!(next(&calendar, &site, 3), Some((id(2), true)), "what was given up holds nobody up");
        assert_eq!(site.given_up, 1);
    }

    #[test]
    fn while_a_broker_is_away_its_messages_wait_in_order_and_notices_go_on() {
        let site = site(Source::Live, &["mqtt:a", "mqtt:b", "notice:x"]);
        let mut calendar = Calendar::default();
        for second in 1..100 {
            attempt(&mut calendar, &site, if second % 2 == 0 { 2 } else { 1 }, away(), second);
        }
        assert_eq!(next(&calendar, &site, 99), Some((id(3), true)));
        calendar.begun("notice", "notice", id(3));
        assert_eq!(next(&calendar, &site, 99).map(|(_, is_due)| is_due), Some(false));
        assert_eq!(next(&calendar, &site, 99 + 15), Some((id(2), true)), "never longer than 15 s after it is back");
    }

    #[test]
    fn one_that_never_gets_through_keeps_no_others_from_it() {
        let site = site(Source::Live, &["mqtt:a", "mqtt:b", "mqtt:c"]);
        let mut calendar = Calendar::default();
        let mut tried = Vec::new();
        for second in (1..).step_by(20).take(4) {
            let (first, is_due) = next(&calendar, &site, second).unwrap();
            assert!(is_due);
            let number = (1..=3).find(|number| id(*number) == first).unwrap();
            tried.push(number);
            attempt(&mut calendar, &site, number, away(), second);
        }
        assert_eq!(tried, [1, 2, 3, 1]);
        // The second is answered: it was the first alone that found nobody.
        attempt(&mut calendar, &site, 2, Sign::Well, 81);
        attempt(&mut calendar, &site, 1, away(), 82);
        assert_eq!(next(&calendar, &site, 83), Some((id(3), true)), "the others first, and it waits for longer each time");
    }

    #[test]
    fn programs_that_are_told_by_webhook_are_each_anothers() {
        let site = site(Source::Live, &["webhook:scada", "webhook:erp"]);
        let mut calendar = Calendar::default();
        let news = attempt(&mut calendar, &site, 1, away(), 1);
        assert_eq!(news.as_deref(), Some("nobody listens"));
        assert_eq!(next(&calendar, &site, 1), Some((id(2), true)));
        let troubles = calendar.troubles(at(1));
        let (what, why) = troubles.iter().next().unwrap();
        assert!(troubles.len() == 1 && what == "webhook:scada" && why.ends_with(": nobody listens"), "{troubles:?}");
    }

    #[test]
    fn an_adapter_delivers_as_much_at_once_as_it_can_and_to_one_target_one_thing() {
        let site = site(Source::Live, &["mqtt:a", "mqtt:a", "mqtt:b", "mqtt:c"]);
        let mut calendar = Calendar::default();
        calendar.begun("mqtt", "mqtt", id(1));
        assert_eq!(next(&calendar, &site, 1), None);
        assert_eq!(next_of(&calendar, &site, 1, 2), Some((id(3), true)), "the next of another target");
        calendar.begun("mqtt", "mqtt", id(3));
        assert_eq!(next_of(&calendar, &site, 1, 2), None);
        attempt(&mut calendar, &site, 3, Sign::Well, 1);
        assert!(next_of(&calendar, &site, 1, 2).is_some());
    }

    #[test]
    fn a_target_that_fails_is_left_alone_and_then_probed_with_one_thing() {
        let site = site(Source::Live, &["mqtt:a", "mqtt:b", "notice:x"]);
        let mut calendar = Calendar::default();
        for _ in 0..5 {
            attempt(&mut calendar, &site, 1, failure(), 1);
        }
        assert_eq!(next_of(&calendar, &site, 2, 8), Some((id(3), true)), "others go on");
        assert!(calendar.troubles(at(2)).contains_key("mqtt"));
        calendar.begun("notice", "notice", id(3));
        assert_eq!(next_of(&calendar, &site, 31, 8), Some((id(2), true)), "not the one that was tried a moment ago");
        calendar.begun("mqtt", "mqtt", id(2));
        assert_eq!(next_of(&calendar, &site, 31, 8), None, "one probe");
        attempt(&mut calendar, &site, 2, Sign::Well, 32);
        assert!(next_of(&calendar, &site, 32, 8).is_some() && calendar.troubles(at(32)).is_empty());
    }

    #[test]
    fn nothing_leaves_the_house_for_an_imported_or_replayed_site() {
        for source in [Source::Imported, Source::Replayed] {
            assert_eq!(Calendar::default().next(&site(source, &["mqtt:a"]), at(1), &Way(1)), None);
        }
    }
}
