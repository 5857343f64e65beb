//! Whether a deployment is to be tried: closed, open for a while after failures in a row, half open for one probe; paused is another thing. Pure.
//!
//! A single deployment trips as well: asking what is down costs the time that the plain answer needs.

use super::route::Standing;
use chrono::TimeDelta;
use millwright_domain::{Timestamp, model_call::CallFailed};

const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(10);
/// For one that says "too often" and not for how long.
const USUAL_WAIT: TimeDelta = TimeDelta::seconds(60);
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(24);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerRules {
    /// So many failures in a row open it …
    pub failures: u32,
    /// … for so long, and twice as long each time in a row.
    pub pause: TimeDelta,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self { failures: 5, pause: TimeDelta::seconds(30) }
    }
}

/// What an attempt says about the deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    Well,
    Paused(TimeDelta),
    Failed,
    /// It will go on like this until somebody mends it.
    Broken,
}

impl Sign {
    pub fn of(failed: &CallFailed) -> Self {
        match failed {
            // It answered, with a no to this one question.
            CallFailed::Refused(_) => Self::Well,
            CallFailed::NotAuthorised(_) => Self::Broken,
            CallFailed::RateLimited { wait, .. } => {
                let wait = wait.and_then(|wait| TimeDelta::from_std(wait).ok()).unwrap_or(USUAL_WAIT);
                Self::Paused(wait.clamp(TimeDelta::zero(), LONGEST_WAIT))
            }
            CallFailed::NotSent(_)
            | CallFailed::Overloaded(_)
            | CallFailed::Failed(_)
            | CallFailed::TimedOut { .. }
            | CallFailed::BrokenOff { .. }
            | CallFailed::BadAnswer { .. } => Self::Failed,
        }
    }
}

/// One attempt, so that a late one is not taken for the probe.
pub type AttemptNumber = u64;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Breaker {
    failures: u32,
    /// How often in a row it was opened.
    opened: u32,
    open_until: Option<Timestamp>,
    paused_until: Option<Timestamp>,
    probe: Option<AttemptNumber>,
}

impl Breaker {
    pub fn standing(&self, now: Timestamp) -> Standing {
        let until = self.open_until.max(self.paused_until).unwrap_or_default();
        match self.probe {
            _ if until > now => Standing::LeftAlone(until),
            Some(_) => Standing::BeingProbed,
            None => Standing::Well,
        }
    }

    /// Whether the attempt may begin. While it is half open the first one is the probe, and the only one.
    pub fn begins(&mut self, attempt: AttemptNumber, now: Timestamp) -> bool {
        if self.standing(now) != Standing::Well {
            return false;
        }
        if self.open_until.is_some() {
            self.probe = Some(attempt);
        }
        true
    }

    /// It never got as far as the provider. Whatever was thought of it is thought still.
    pub fn not_tried(&mut self, attempt: AttemptNumber) {
        if self.probe == Some(attempt) {
            self.probe = None;
        }
    }

    pub fn ended(&mut self, attempt: AttemptNumber, sign: Sign, now: Timestamp, rules: BreakerRules) {
        let decides = self.open_until.is_none() || self.probe == Some(attempt);
        self.not_tried(attempt);
        match sign {
            // Whoever brings the wish to be left alone.
            Sign::Paused(wait) => self.paused_until = self.paused_until.max(Some(now + wait)),
            // Begun before it was opened: what it says is older than what is known by now.
            _ if !decides => {}
            Sign::Well => *self = Self { paused_until: self.paused_until, ..Self::default() },
            Sign::Broken => self.open(now, rules),
            Sign::Failed => {
                self.failures += 1;
                if self.failures >= rules.failures {
                    self.open(now, rules);
                }
            }
        }
    }

    fn open(&mut self, now: Timestamp, rules: BreakerRules) {
        let pause = (rules.pause * (1i32 << self.opened.min(10))).min(LONGEST_PAUSE);
        self.opened += 1;
        self.open_until = self.open_until.max(Some(now + pause));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    const RULES: BreakerRules = BreakerRules { failures: 5, pause: TimeDelta::seconds(30) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(second)
    }
    fn failed(times: u64) -> Breaker {
        let mut breaker = Breaker::default();
        (0..times).for_each(|attempt| breaker.ended(attempt, Sign::Failed, at(100), RULES));
        breaker
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_one_probe_decides() {
        assert_eq!(failed(4).standing(at(100)), Standing::Well);
        let mut breaker = failed(5);
        assert_eq!(breaker.standing(at(100)), Standing::LeftAlone(at(130)));
        assert!(!breaker.begins(7, at(129)) && breaker.begins(8, at(130)) && !breaker.begins(9, at(130)), "one probe");
        let mut well = breaker.clone();
        well.ended(8, Sign::Well, at(131), RULES);
        assert_eq!(well, Breaker::default());
        breaker.ended(8, Sign::Failed, at(131), RULES);
        assert_eq!(breaker.standing(at(131)), Standing::LeftAlone(at(131 + 60)), "twice as long");
    }

    #[test]
    fn a_wrong_key_opens_it_at_once_and_a_success_starts_the_count_anew() {
        let mut breaker = Breaker::default();
        breaker.ended(1, Sign::Broken, at(0), RULES);
        assert_eq!(breaker.standing(at(0)), Standing::LeftAlone(at(30)));
        let mut breaker = failed(4);
        breaker.ended(9, Sign::Well, at(100), RULES);
        breaker.ended(9, Sign::Failed, at(100), RULES);
        assert_eq!(breaker.standing(at(100)), Standing::Well);
    }

    #[test]
    fn too_often_is_a_pause_and_no_failure() {
        let mut breaker = failed(4);
        let limited = CallFailed::RateLimited { said: "slow down".into(), wait: Some(Duration::from_secs(90)) };
        breaker.ended(1, Sign::of(&limited), at(100), RULES);
        assert_eq!(breaker.standing(at(189)), Standing::LeftAlone(at(190)));
        assert!(breaker.begins(2, at(190)) && breaker.begins(3, at(190)), "no probe is needed");
        assert_eq!(Sign::of(&CallFailed::RateLimited { said: String::new(), wait: None }), Sign::Paused(USUAL_WAIT));
    }

    #[test]
    fn one_that_was_begun_before_it_opened_neither_closes_it_nor_takes_the_probes_place() {
        let mut breaker = failed(5);
        breaker.ended(77, Sign::Well, at(101), RULES);
        assert_eq!(breaker.standing(at(101)), Standing::LeftAlone(at(130)));
        assert!(breaker.begins(8, at(130)));
        breaker.ended(77, Sign::Failed, at(131), RULES);
        assert_eq!(breaker.standing(at(131)), Standing::BeingProbed);
        breaker.not_tried(8);
        assert!(breaker.begins(9, at(131)), "another one is the probe");
    }

    proptest! {
        #[test]
        fn it_never_stays_open_for_ever_nor_lets_two_probes_out(steps in proptest::collection::vec((0..4u8, 1..100i64), 1..200)) {
            let (mut breaker, mut now, mut latest) = (Breaker::default(), 0, 0);
            for (attempt, (sign, later)) in (0..).zip(steps) {
                now += later;
                let was_open = breaker.open_until;
                if breaker.begins(attempt, at(now)) && was_open.is_some() {
                    prop_assert!(!breaker.begins(attempt + 1_000, at(now)));
                }
                let sign = [Sign::Well, Sign::Failed, Sign::Broken, Sign::Paused(TimeDelta::seconds(later))][usize::from(sign)];
                breaker.ended(attempt, sign, at(now), RULES);
                latest = latest.max(now + 600);
                prop_assert!(breaker.standing(at(latest)) == Standing::Well);
            }
        }
    }
}
