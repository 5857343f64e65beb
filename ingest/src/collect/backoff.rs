//! How long to wait before connecting again: doubling, with jitter, so that a hundred collectors do not knock at once. Seeded, pure.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(10);

#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    wait: Duration,
    not_before: Option<Instant>,
    jitter: ChaCha8Rng,
}

impl Backoff {
    pub fn seeded(seed: u64) -> Self {
        Self::between(FIRST, LONGEST, seed)
    }
    pub fn between(first: Duration, longest: Duration, seed: u64) -> Self {
        Self { first, longest, wait: first, not_before: None, jitter: ChaCha8Rng::seed_from_u64(seed) }
    }
    pub fn admits(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|at| now >= at)
    }
    /// How long until it admits again.
    pub fn remaining(&self, now: Instant) -> Duration {
        self.not_before.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }
    pub fn connected(&mut self) {
        self.wait = self.first;
        self.not_before = None;
    }
    /// Waits between half of the current wait and all of it, then twice as long the next time.
    pub fn failed(&mut self, now: Instant) -> Duration {
        let pause = self.wait.mul_f64(self.jitter.random_range(0.5..=1.0));
        self.not_before = Some(now + pause);
        self.wait = (self.wait * 2).min(self.longest);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit_and_start_over_once_connected() {
        let now = Instant::now();
        let mut backoff = Backoff::seeded(1);
        let waits: Vec<Duration> = (0..8).map(|_| backoff.failed(now)).collect();
        for (number, wait) in waits.iter().enumerate() {
            let full = (FIRST * 2u32.pow(number as u32)).min(LONGEST);
            assert!(*wait >= full / 2 && *wait <= full, "{number}: {wait:?}");
        }
        assert!(!backoff.admits(now));
        backoff.connected();
        assert!(backoff.admits(now) && backoff.failed(now) <= FIRST);
    }

    #[test]
    fn two_seeds_knock_at_different_times() {
        let now = Instant::now();
        assert_ne!(Backoff::seeded(1).failed(now), Backoff::seeded(2).failed(now));
    }
}
