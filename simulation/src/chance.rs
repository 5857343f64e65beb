//! All that is left to chance, drawn from the seed: the same seed, the same draws, in the same order.

use chrono::TimeDelta;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// One stream of draws. Clones share it.
#[derive(Clone)]
pub struct Chance(Arc<Mutex<ChaCha8Rng>>);

impl Chance {
    /// Streams of one seed do not disturb each other: more faults drawn do not change what people do.
    pub fn of(seed: u64, stream: u64) -> Self {
        let mut drawn = ChaCha8Rng::seed_from_u64(seed);
        drawn.set_stream(stream);
        Self(Arc::new(Mutex::new(drawn)))
    }
    pub fn from(&self, range: Range<u64>) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random_range(range)
    }
    /// True in so many of a thousand draws.
    pub fn per_mille(&self, share: u64) -> bool {
        self.from(0..1_000) < share
    }
    pub fn one_of<'a, T>(&self, these: &'a [T]) -> &'a T {
        &these[self.from(0..these.len() as u64) as usize]
    }
    pub fn millis(&self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.from(range))
    }
    pub fn seconds(&self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.from(range.start * 1_000..range.end * 1_000))
    }
    pub fn delta_millis(&self, range: Range<i64>) -> TimeDelta {
        TimeDelta::milliseconds(self.0.lock().unwrap_or_else(PoisonError::into_inner).random_range(range))
    }
    /// From 0 to 1.
    pub fn share(&self) -> f64 {
        self.from(0..1_000_000) as f64 / 1e6
    }
}
