//! Whether a target is to be tried at all: closed, open for a while after failures in a row, then half open for one probe. Pure.
//!
//! One breaker for what is broken together: the service, the way to it, or our credentials, hardly ever one message. Nygard, Release It!

use crate::said_once::SaidOnce;
use chrono::TimeDelta;
use millwright_domain::{Timestamp, ids::EffectId};

/// So many failures in a row open it.
const FAILURES: u32 = 5;
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);
/// Where nothing is even sent, asking again costs little.
const FIRST_PAUSE_WHILE_AWAY: TimeDelta = TimeDelta::milliseconds(250);
const LONGEST_PAUSE_WHILE_AWAY: TimeDelta = TimeDelta::seconds(15);

/// What an attempt says about the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// It answered, be it with a no to this one thing.
    Well,
    /// It wants to be left alone for so long.
    Busy(TimeDelta, String),
    /// It failed, or did not answer.
    Failed(String),
    /// It cannot be reached, or takes nothing from us.
    Away(String),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    /// How often in a row it was opened, for either reason.
    opened: u32,
    open_until: Option<Timestamp>,
    /// What is being tried while it is half open.
    probe: Option<EffectId>,
    /// What was said when something failed last.
    why: String,
    said: SaidOnce,
}

impl Breaker {
    /// When (wall time) something may be tried: the past where nothing stands against it, `None` while a probe is out.
    pub fn next_try(&self) -> Option<Timestamp> {
        if self.probe.is_some() { None } else { Some(self.open_until.unwrap_or_default()) }
    }
    /// Whether only one may be tried, now or later.
    pub fn is_open(&self) -> bool {
        self.open_until.is_some()
    }
    pub fn begun(&mut self, effect: EffectId) {
        if self.is_open() {
            self.probe = Some(effect);
        }
    }
    /// It did not come to an answer: our own side stopped. Whatever was thought of the target is thought still.
    pub fn not_tried(&mut self, effect: EffectId) {
        if self.probe == Some(effect) {
            self.probe = None;
        }
    }
    pub fn ended(&mut self, effect: EffectId, sign: &Sign, now: Timestamp) {
        let decides = !self.is_open() || self.probe == Some(effect);
        self.not_tried(effect);
        match sign {
            Sign::Busy(wait, why) => self.open(now + *wait, why),
            // Begun before it was opened: that it went well or badly is older than what is known by now.
            _ if !decides => {}
            Sign::Well => *self = Self { said: std::mem::take(&mut self.said), ..Self::default() },
            Sign::Away(why) => {
                let pause = pause_while_away(self.opened);
                self.opened += 1;
                self.open(now + pause, why);
            }
            Sign::Failed(why) => {
                self.failures += 1;
                if self.failures >= FAILURES {
                    let pause = doubled(FIRST_PAUSE, self.opened, LONGEST_PAUSE);
                    self.opened += 1;
                    self.open(now + pause, why);
                }
            }
        }
    }
    /// One that is open already only stays so for longer.
    fn open(&mut self, until: Timestamp, why: &str) {
        self.open_until = self.open_until.max(Some(until));
        self.why = why.into();
    }
    /// Why it is open, if that is to be said now.
    pub fn news(&mut self, now: Timestamp) -> Option<String> {
        (self.is_open() && self.said.is_news(&self.why, now)).then(|| self.why.clone())
    }
    /// For people: `None` while all is well.
    pub fn trouble(&self, now: Timestamp) -> Option<String> {
        let until = self.open_until?;
        let how = match self.probe {
            Some(_) => "is being tried once".to_string(),
            None if until > now => format!("is left alone until {until}"),
            None => "is tried once next".into(),
        };
        Some(if self.why.is_empty() { how } else { format!("{how}: {}", self.why) })
    }
}

pub(super) fn pause_while_away(times: u32) -> TimeDelta {
    doubled(FIRST_PAUSE_WHILE_AWAY, times, LONGEST_PAUSE_WHILE_AWAY)
}

fn doubled(first: TimeDelta, times: u32, longest: TimeDelta) -> TimeDelta {
    (first * (1i32 << times.min(10))).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn id(number: u128) -> EffectId {
        EffectId(Uuid::from_u128(number))
    }
    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(second)
    }
    fn failure() -> Sign {
        Sign::Failed("it answered 500".into())
    }
    fn failed(times: u32) -> Breaker {
        let mut breaker = Breaker::default();
        (0..times).for_each(|_| breaker.ended(id(1), &failure(), at(100)));
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_it_for_thirty_seconds_and_then_one_probe_decides() {
        assert_eq!(failed(4).next_try(), Some(at(0)));
        let mut breaker = failed(5);
        assert_eq!(breaker.next_try(), Some(at(130)));
        breaker.begun(id(2));
        assert_eq!(breaker.next_try(), None, "one probe");
        let mut well = breaker.clone();
        well.ended(id(2), &Sign::Well, at(131));
        assert_eq!((well.next_try(), well.trouble(at(131))), (Some(at(0)), None));
        breaker.ended(id(2), &failure(), at(131));
        assert_eq!(breaker.next_try(), Some(at(131 + 60)), "twice as long");
    }

    #[test]
    fn a_success_in_between_starts_the_count_anew() {
        let mut breaker = failed(4);
        breaker.ended(id(1), &Sign::Well, at(100));
        breaker.ended(id(1), &failure(), at(100));
        assert_eq!(breaker.next_try(), Some(at(0)));
    }

    #[test]
    fn one_that_ends_late_does_not_take_the_probes_place() {
        let mut breaker = failed(5);
        breaker.begun(id(2));
        breaker.ended(id(1), &failure(), at(140));
        assert_eq!(breaker.next_try(), None);
    }

    #[test]
    fn a_busy_target_is_left_alone_for_as_long_as_it_asks() {
        let mut breaker = Breaker::default();
        breaker.ended(id(1), &Sign::Busy(TimeDelta::seconds(90), "slow down".into()), at(100));
        assert_eq!(breaker.next_try(), Some(at(190)));
        assert!(breaker.trouble(at(100)).is_some_and(|trouble| trouble.contains("left alone until") && trouble.ends_with(": slow down")));
    }

    #[test]
    fn one_that_was_begun_before_neither_closes_it_nor_keeps_it_open_for_longer() {
        let mut breaker = failed(5);
        let opened = breaker.clone();
        breaker.ended(id(7), &Sign::Well, at(101));
        breaker.ended(id(8), &failure(), at(101));
        breaker.ended(id(9), &Sign::Away("gone".into()), at(101));
        assert_eq!(breaker, opened);
        breaker.begun(id(2));
        breaker.ended(id(7), &Sign::Well, at(131));
        assert_eq!(breaker.next_try(), None, "the probe is still out");
        breaker.ended(id(9), &Sign::Busy(TimeDelta::seconds(90), "slow down".into()), at(131));
        breaker.ended(id(2), &failure(), at(131));
        assert_eq!(breaker.next_try(), Some(at(131 + 90)), "a wish to be left alone counts whoever brings it");
    }

    #[test]
    fn what_never_left_the_house_says_nothing_about_the_target() {
        let mut breaker = failed(4);
        let before = breaker.clone();
        breaker.not_tried(id(2));
        assert_eq!(breaker, before, "a closed one stays closed");
        breaker.ended(id(1), &failure(), at(100));
        breaker.begun(id(2));
        breaker.not_tried(id(2));
        assert_eq!(breaker.next_try(), Some(at(130)), "another one is the probe");
    }

    #[test]
    fn why_it_is_open_is_said_once_although_it_was_closed_in_between() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.news(at(0)), None);
        let mut said = Vec::new();
        for (second, sign) in [(1, Sign::Away("gone".into())), (2, Sign::Well), (3, Sign::Away("gone".into())), (4, Sign::Away("no name".into()))] {
            breaker.begun(id(1));
            breaker.ended(id(1), &sign, at(second));
            said.extend(breaker.news(at(second)).map(|why| (second, why)));
        }
        assert_eq!(said, [(1, "gone".to_string()), (4, "no name".to_string())]);
    }

    proptest! {
        #[test]
        fn it_never_stays_open_for_ever_nor_lets_two_probes_out(signs in proptest::collection::vec((0..4u8, 1..100i64), 1..200)) {
            let mut breaker = Breaker::default();
            let mut now = 0;
            for (number, (sign, later)) in (0..).zip(signs) {
                now += later;
                let why = String::new;
                let sign = match sign { 0 => Sign::Well, 1 => failure(), 2 => Sign::Away(why()), _ => Sign::Busy(TimeDelta::seconds(later), why()) };
                breaker.begun(id(number));
                if breaker.is_open() {
                    prop_assert_eq!(breaker.next_try(), None);
                }
                breaker.ended(id(number), &sign, at(now));
                prop_assert!(breaker.next_try().is_some_and(|next| next <= at(now + 300)));
            }
        }
    }
}
