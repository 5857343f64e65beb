//! Level shift: a short mean against the distribution that such short means had (after the likelihood of Lavin and Ahmad 2015).

use super::{ewma::Ewma, robust_z::over};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    short: Ewma,
    /// Of the short means, not of the values.
    long: Ewma,
}

impl Shift {
    /// Memories in values.
    pub fn new(short: f64, long: f64) -> Self {
        Self { short: Ewma::new(1.0 / short.max(1.0)), long: Ewma::new(1.0 / long.max(1.0)) }
    }

    pub fn step(&mut self, value: f64) -> f64 {
        const LEAST: u32 = 64;
        if !value.is_finite() {
            return 0.0;
        }
        self.short.learn(value);
        let usual = self.long;
        self.long.learn(self.short.mean);
        if usual.seen() < LEAST { 0.0 } else { over((self.short.mean - usual.mean).abs(), usual.deviation()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::detectors::testing::Noise;

    #[test]
    fn a_shift_of_one_sigma_is_seen_when_it_stays() {
        let mut noise = Noise(4);
        let mut detector = Shift::new(24.0, 2_000.0);
        let calm = (0..1_500).map(|_| detector.step(noise.normal())).skip(200).fold(0.0, f64::max);
        let shifted = (0..60).map(|_| detector.step(noise.normal() + 1.0)).fold(0.0, f64::max);
        assert!(shifted > 1.3 * calm, "{shifted} {calm}");
    }
}
