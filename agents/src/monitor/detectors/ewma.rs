//! EWMA z: the distance to an exponentially weighted mean in units of its standard deviation (Roberts 1959).

use super::robust_z::over;
use serde::{Deserialize, Serialize};

/// Exponentially weighted mean and variance (West 1979); an exact mean until `1 / alpha` values were seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ewma {
    alpha: f64,
    seen: u32,
    pub mean: f64,
    pub variance: f64,
}

impl Ewma {
    pub const fn new(alpha: f64) -> Self {
        Self { alpha, seen: 0, mean: 0.0, variance: 0.0 }
    }
    pub const fn seen(&self) -> u32 {
        self.seen
    }
    pub fn deviation(&self) -> f64 {
        self.variance.sqrt()
    }
    pub fn learn(&mut self, value: f64) {
        self.seen = self.seen.saturating_add(1);
        let weight = self.alpha.max(1.0 / f64::from(self.seen));
        let difference = value - self.mean;
        self.mean += weight * difference;
        self.variance = (1.0 - weight) * (self.variance + weight * difference * difference);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EwmaZ(Ewma);

impl EwmaZ {
    pub const fn new(alpha: f64) -> Self {
        Self(Ewma::new(alpha))
    }
    pub fn step(&mut self, value: f64) -> f64 {
        const LEAST: u32 = 16;
        if !value.is_finite() {
            return 0.0;
        }
        let before = self.0;
        self.0.learn(value);
        if before.seen() < LEAST { 0.0 } else { over((value - before.mean).abs(), before.deviation()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_variance_are_exact_at_first() {
        let mut ewma = Ewma::new(0.01);
        [2.0, 4.0, 6.0, 8.0].into_iter().for_each(|value| ewma.learn(value));
        assert_eq!((ewma.mean, ewma.variance), (5.0, 5.0));
    }

    #[test]
    fn a_step_is_strange_and_then_becomes_normal() {
        let mut detector = EwmaZ::new(0.05);
        (0..200).for_each(|i| {
            detector.step(f64::from(i % 2));
        });
        let scores: Vec<f64> = (0..200).map(|i| detector.step(f64::from(i % 2) + 5.0)).collect();
        assert!(scores[0] > 8.0 && scores[199] < 2.0, "{} {}", scores[0], scores[199]);
    }
}
