//! When a silent unit is left alone: closed, open for a growing while, half-open for one probe. Pure.

use std::time::{Duration, Instant};

/// Unanswered requests in a row until a unit is left alone.
const PATIENCE: u32 = 3;
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// In use.
    Closed { silences: u32 },
    /// Left alone until then.
    Open { until: Instant, rest: Duration },
    /// One request is on its way to see whether the unit is back; nothing else may be asked.
    HalfOpen { rest: Duration },
}

impl Default for Breaker {
    fn default() -> Self {
        Self::Closed { silences: 0 }
    }
}

impl Breaker {
    /// Whether a request may go out now. Saying yes to an open breaker makes that request the probe.
    pub fn admits(&mut self, now: Instant) -> bool {
        match *self {
            Self::Closed { .. } => true,
            Self::Open { until, rest } if now >= until => {
                *self = Self::HalfOpen { rest };
                true
            }
            Self::Open { .. } | Self::HalfOpen { .. } => false,
        }
    }
    /// The unit answered, be it with an exception: it is there.
    pub fn answered(&mut self) {
        *self = Self::Closed { silences: 0 };
    }
    pub fn fell_silent(&mut self, now: Instant) {
        *self = match *self {
            Self::Closed { silences } if silences + 1 < PATIENCE => Self::Closed { silences: silences + 1 },
            Self::Closed { .. } => Self::Open { until: now + FIRST_REST, rest: FIRST_REST },
            Self::HalfOpen { rest } | Self::Open { rest, .. } => {
                let rest = (rest * 2).min(LONGEST_REST);
                Self::Open { until: now + rest, rest }
            }
        };
    }
    /// The probe was never sent, so it says nothing about the unit: the next request may probe.
    pub fn probe_not_sent(&mut self, now: Instant) {
        if let Self::HalfOpen { rest } = *self {
            *self = Self::Open { until: now, rest };
        }
    }
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::default();
        (0..PATIENCE).for_each(|_| breaker.fell_silent(now));
        breaker
    }

    #[test]
    fn a_unit_is_left_alone_after_three_silences_in_a_row() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        breaker.fell_silent(now);
        breaker.fell_silent(now);
        breaker.answered();
        breaker.fell_silent(now);
        breaker.fell_silent(now);
        assert!(breaker.admits(now));
        breaker.fell_silent(now);
        assert!(!breaker.admits(now));
    }

    #[test]
    fn after_its_rest_one_probe_is_admitted_and_no_second_one() {
        let now = Instant::now();
        let mut breaker = opened(now);
        assert!(!breaker.admits(now + FIRST_REST - Duration::from_millis(1)));
        assert!(breaker.admits(now + FIRST_REST));
        assert!(!breaker.admits(now + FIRST_REST));
        breaker.answered();
        assert!(breaker.is_closed());
    }

    #[test]
    fn a_unit_that_stays_silent_is_asked_ever_more_rarely() {
        let mut now = Instant::now();
        let mut breaker = opened(now);
        for rest in [1u64, 2, 4, 8, 10, 10] {
            assert!(!breaker.admits(now + Duration::from_secs(rest) - Duration::from_millis(1)));
            now += Duration::from_secs(rest);
            assert!(breaker.admits(now), "after {rest} s");
            breaker.fell_silent(now);
        }
    }

    #[test]
    fn a_probe_that_was_never_sent_can_be_tried_again() {
        let now = Instant::now();
        let mut breaker = opened(now);
        assert!(breaker.admits(now + FIRST_REST));
        breaker.probe_not_sent(now + FIRST_REST);
        assert!(breaker.admits(now + FIRST_REST));
    }
}
