//! How long a value has not moved, and how long that may be: a sensor that is stuck repeats itself.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Stillness {
    value: Option<f64>,
    /// Microseconds.
    since: i64,
    latest: i64,
    /// The longest stillness in training, in microseconds.
    longest: i64,
}

impl Stillness {
    pub fn observe(&mut self, micros: i64, value: f64) {
        self.latest = micros;
        // A clock that was set back would otherwise count as standing still.
        if self.value != Some(value) || micros < self.since {
            self.value = Some(value);
            self.since = micros;
        }
    }

    /// Goes on from what another has seen, with its own measure.
    pub fn take_over(&mut self, now: &Self) {
        *self = Self { longest: self.longest, ..*now };
    }

    /// Called for each reading in training.
    pub fn learn(&mut self) {
        self.longest = self.longest.max(self.latest - self.since);
    }

    /// Seconds without a change.
    pub fn seconds(&self) -> f64 {
        (self.latest - self.since) as f64 / 1e6
    }

    pub fn longest_learned_s(&self) -> f64 {
        self.longest as f64 / 1e6
    }
}
