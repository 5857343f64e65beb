//! Whether a target is to be tried at all: closed, open for a while after failures in a row, then half open for one probe. Pure.
//!
//! One breaker an adapter: what is broken is the service, the way to it, or our credentials, hardly ever one message. Nygard, Release It!

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It answered, be it with a no to this one thing.
    Well,
    /// It wants to be left alone for so long.
    Busy(TimeDelta),
    /// It failed, or did not answer.
    Failed,
    /// It cannot be reached, or takes nothing from us.
    Away,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    /// How often in a row it was opened, for either reason.
    opened: u32,
    open_until: Option<Timestamp>,
    /// What is being tried while it is half open.
    probe: Option<EffectId>,
}

impl Breaker {
    /// When (wall time) something may be tried: the past where nothing stands against it, `None` while a probe is out.
    pub fn next_try(&self) -> Option<Timestamp> {
        if self.probe.is_some() { None } else { Some(self.open_until.unwrap_or_default()) }
    }
    /// Whether only one may be tried.
    fn is_half_open(&self) -> bool {
        self.open_until.is_some()
    }
    pub fn begun(&mut self, effect: EffectId) {
        if self.is_half_open() {
            self.probe = Some(effect);
        }
    }
    pub fn ended(&mut self, effect: EffectId, sign: Sign, now: Timestamp) {
        if self.probe == Some(effect) {
            self.probe = None;
        }
        match sign {
            Sign::Well => *self = Self { probe: self.probe, ..Self::default() },
            Sign::Busy(wait) => self.open(now + wait),
            Sign::Away => {
                let pause = doubled(FIRST_PAUSE_WHILE_AWAY, self.opened, LONGEST_PAUSE_WHILE_AWAY);
                self.opened += 1;
                self.open(now + pause);
            }
            Sign::Failed => {
                self.failures += 1;
                if self.failures >= FAILURES {
                    let pause = doubled(FIRST_PAUSE, self.opened, LONGEST_PAUSE);
                    self.opened += 1;
                    self.open(now + pause);
                }
            }
        }
    }
    /// One that is open already only stays so for longer.
    fn open(&mut self, until: Timestamp) {
        self.open_until = self.open_until.max(Some(until));
    }
    /// For people: `None` while all is well.
    pub fn trouble(&self, now: Timestamp) -> Option<String> {
        let until = self.open_until?;
        if self.probe.is_some() {
            return Some("is being tried once".into());
        }
        Some(if until > now { format!("is left alone until {until}") } else { "is tried once next".into() })
    }
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
    fn failed(times: u32) -> Breaker {
        let mut breaker = Breaker::default();
        (0..times).for_each(|_| breaker.ended(id(1), Sign::Failed, at(100)));
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
        well.ended(id(2), Sign::Well, at(131));
        assert_eq!(well, Breaker::default());
        breaker.ended(id(2), Sign::Failed, at(131));
        assert_eq!(breaker.next_try(), Some(at(131 + 60)), "twice as long");
    }

    #[test]
    fn a_success_in_between_starts_the_count_anew() {
        let mut breaker = failed(4);
        breaker.ended(id(1), Sign::Well, at(100));
        breaker.ended(id(1), Sign::Failed, at(100));
        assert_eq!(breaker.next_try(), Some(at(0)));
    }

    #[test]
    fn one_that_ends_late_does_not_take_the_probes_place() {
        let mut breaker = failed(5);
        breaker.begun(id(2));
        breaker.ended(id(1), Sign::Failed, at(140));
        assert_eq!(breaker.next_try(), None);
    }

    #[test]
    fn a_busy_target_is_left_alone_for_as_long_as_it_asks() {
        let mut breaker = Breaker::default();
        breaker.ended(id(1), Sign::Busy(TimeDelta::seconds(90)), at(100));
        assert_eq!(breaker.next_try(), Some(at(190)));
        assert!(breaker.trouble(at(100)).is_some_and(|trouble| trouble.contains("left alone until")));
    }

    proptest! {
        #[test]
        fn it_never_stays_open_for_ever_nor_lets_two_probes_out(signs in proptest::collection::vec((0..4u8, 1..100i64), 1..200)) {
            let mut breaker = Breaker::default();
            let mut now = 0;
            for (number, (sign, later)) in (0..).zip(signs) {
                now += later;
                let sign = match sign { 0 => Sign::Well, 1 => Sign::Failed, 2 => Sign::Away, _ => Sign::Busy(TimeDelta::seconds(later)) };
                breaker.begun(id(number));
                if breaker.is_half_open() {
                    prop_assert_eq!(breaker.next_try(), None);
                }
                breaker.ended(id(number), sign, at(now));
                prop_assert!(breaker.next_try().is_some_and(|next| next <= at(now + 300)));
            }
        }
    }
}
