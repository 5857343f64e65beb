//! Robust z: the distance to the median of a window in units of its MAD (Iglewicz and Hoaglin 1993).

use super::sorted_window::SortedWindow;
use serde::{Deserialize, Serialize};

/// Makes the MAD of normal noise its standard deviation.
const TO_SIGMA: f64 = 1.4826;
const LEAST: usize = 16;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RobustZ {
    window: SortedWindow,
    /// Mean absolute deviation of all values: most values of a step-like signal are equal, and then the MAD is 0.
    spread: f64,
    seen: u32,
}

impl RobustZ {
    pub fn new(window: usize) -> Self {
        Self { window: SortedWindow::new(window), spread: 0.0, seen: 0 }
    }

    pub fn step(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return 0.0;
        }
        let distance = (value - self.window.median()).abs();
        let known = self.window.len() >= LEAST;
        let sigma = (TO_SIGMA * self.window.mad()).max(0.1 * self.spread);
        self.window.push(value);
        if !known {
            return 0.0;
        }
        self.seen = self.seen.saturating_add(1);
        self.spread += (distance - self.spread) / f64::from(self.seen.min(2_000));
        over(distance, sigma)
    }
}

/// `distance / sigma`, where a signal that never moved is past every limit as soon as it does.
pub fn over(distance: f64, sigma: f64) -> f64 {
    const MOST: f64 = 1e6;
    if distance <= 0.0 {
        return 0.0;
    }
    if sigma > 0.0 { (distance / sigma).min(MOST) } else { MOST }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::detectors::testing::Noise;

    #[test]
    fn a_spike_is_measured_in_sigmas_and_does_not_blind_the_window() {
        let mut noise = Noise(1);
        let mut detector = RobustZ::new(100);
        (0..200).for_each(|_| {
            detector.step(noise.normal());
        });
        let first = detector.step(10.0);
        assert!((8.0..13.0).contains(&first), "{first}");
        assert!(detector.step(10.0) > 8.0);
    }

    #[test]
    fn a_flat_line_is_calm_until_it_moves() {
        let mut detector = RobustZ::new(100);
        assert!((0..200).all(|_| detector.step(3.0) == 0.0));
        assert_eq!(detector.step(3.1), 1e6);
    }
}
