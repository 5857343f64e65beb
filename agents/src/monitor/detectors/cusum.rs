//! Two-sided CUSUM (Page 1954): sums what a value is past its mean by more than an allowance, up and down.

use super::ewma::Ewma;
use serde::{Deserialize, Serialize};

/// In standard deviations: half the shift that is to be found. Large, for signals wander by one of their deviations all the time.
const ALLOWANCE: f64 = 1.5;
/// One value must not fill the sum by itself.
const MOST_A_STEP: f64 = 3.0;
/// So that a long episode drains as fast as it deserves.
const MOST: f64 = 100.0;
const LEAST: u32 = 32;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cusum {
    reference: Ewma,
    up: f64,
    down: f64,
}

impl Cusum {
    /// `memory` in values: what the mean and the deviation are taken over.
    pub fn new(memory: f64) -> Self {
        Self { reference: Ewma::new(1.0 / memory.max(1.0)), up: 0.0, down: 0.0 }
    }

    pub fn step(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return 0.0;
        }
        let (mean, deviation) = (self.reference.mean, self.reference.deviation());
        let known = self.reference.seen() >= LEAST;
        self.reference.learn(value);
        if !known {
            return 0.0;
        }
        let z = if deviation > 0.0 { (value - mean) / deviation } else { (value - mean).signum() * f64::from(u8::from(value != mean)) * MOST_A_STEP };
        let z = z.clamp(-MOST_A_STEP, MOST_A_STEP);
        self.up = (self.up + z - ALLOWANCE).clamp(0.0, MOST);
        self.down = (self.down - z - ALLOWANCE).clamp(0.0, MOST);
        self.up.max(self.down)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::detectors::testing::Noise;

    #[test]
    fn a_lasting_shift_adds_up_either_way() {
        for shift in [-3.0, 3.0] {
            let mut noise = Noise(3);
            let mut detector = Cusum::new(500.0);
            let calm = (0..500).map(|_| detector.step(noise.normal())).fold(0.0, f64::max);
            let shifted = (0..60).map(|_| detector.step(noise.normal() + shift)).fold(0.0, f64::max);
            assert!(shifted > 2.0 * calm, "{shifted} {calm}");
        }
    }

    #[test]
    fn one_spike_alone_hardly_counts() {
        let mut detector = Cusum::new(500.0);
        (0..500).for_each(|i| {
            detector.step(f64::from(i % 2));
        });
        assert!(detector.step(1e9) <= MOST_A_STEP + 1.0);
    }
}
