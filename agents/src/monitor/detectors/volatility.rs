//! Change of noise: how far the size of recent steps is from its long-term size, louder or quieter.

use super::ewma::Ewma;
use serde::{Deserialize, Serialize};

/// A signal that stands still is this much quieter than it was, not infinitely.
const QUIETEST: f64 = 0.02;
const LEAST: u32 = 64;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Volatility {
    last: Option<f64>,
    short: Ewma,
    long: Ewma,
}

impl Volatility {
    /// Memories in values.
    pub fn new(short: f64, long: f64) -> Self {
        Self { last: None, short: Ewma::new(1.0 / short.max(1.0)), long: Ewma::new(1.0 / long.max(1.0)) }
    }

    /// |ln(recent mean step / long-term mean step)|
    pub fn step(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return 0.0;
        }
        let Some(last) = self.last.replace(value) else { return 0.0 };
        let usual = self.long.mean;
        let size = (value - last).abs();
        // One jump is another detector's business.
        let size = if self.long.seen() < LEAST { size } else { size.min(6.0 * usual) };
        self.short.learn(size);
        self.long.learn(size);
        if self.long.seen() < LEAST || usual <= 0.0 {
            return 0.0;
        }
        (self.short.mean / usual).max(QUIETEST).ln().abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::detectors::testing::Noise;

    #[test]
    fn louder_and_quieter_are_both_seen() {
        for factor in [0.1, 4.0] {
            let mut noise = Noise(2);
            let mut detector = Volatility::new(24.0, 1_000.0);
            let calm = (0..800).map(|_| detector.step(noise.normal())).fold(0.0, f64::max);
            let changed = (0..100).map(|_| detector.step(factor * noise.normal())).fold(0.0, f64::max);
            assert!(changed > 1.2 && changed > 1.5 * calm, "{factor}: {changed} {calm}");
        }
    }
}
