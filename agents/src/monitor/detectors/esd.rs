//! Generalized extreme studentized deviate over a window (Rosner 1983): is the newest value one of up to a few outliers?

use super::sorted_window::SortedWindow;
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

const OUTLIERS: usize = 5;
/// Of the test for any outlier; the score is a ratio, so it only sets the scale.
const SIGNIFICANCE: f64 = 0.05;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Esd {
    window: SortedWindow,
    /// λ of Rosner for a full window, for the first to the last outlier.
    critical: Vec<f64>,
    size: usize,
}

impl Esd {
    pub fn new(size: usize) -> Self {
        let size = size.max(4 * OUTLIERS);
        Self { window: SortedWindow::new(size), critical: (1..=OUTLIERS).map(|i| critical(size, i)).collect(), size }
    }

    /// The statistic over its critical value when the newest value is removed as the i-th outlier; 0 while others are further out.
    pub fn step(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return 0.0;
        }
        self.window.push(value);
        if self.window.len() < self.size {
            return 0.0;
        }
        // What is furthest from the mean is the least or the greatest; around the median the sums keep their digits.
        let middle = self.window.median();
        let mut rest = self.window.sorted();
        let (mut sum, mut squares) = rest.iter().fold((0.0, 0.0), |(sum, squares), it| (sum + it - middle, squares + (it - middle).powi(2)));
        for critical in &self.critical {
            let (Some((least, above)), Some((greatest, below))) = (rest.split_first(), rest.split_last()) else { break };
            let n = rest.len() as f64;
            let mean = sum / n;
            let deviation = ((squares - sum * mean).max(0.0) / (n - 1.0)).sqrt();
            let (down, up) = (mean - (least - middle), greatest - middle - mean);
            let (furthest, others) = if up >= down { (*greatest, below) } else { (*least, above) };
            if furthest == value {
                return if deviation > 0.0 { up.max(down) / deviation / critical } else { 0.0 };
            }
            sum -= furthest - middle;
            squares -= (furthest - middle).powi(2);
            rest = others;
        }
        0.0
    }
}

/// λᵢ for `n` values: (n-i)·t / √((n-i-1+t²)(n-i+1)), t the 1 - α/(2(n-i+1)) quantile at n-i-1 degrees of freedom.
fn critical(n: usize, i: usize) -> f64 {
    let left = (n - i) as f64;
    let tail = SIGNIFICANCE / (2.0 * (left + 1.0));
    // Fails only for degrees of freedom that are not positive; the window is never that small.
    let Ok(student) = StudentsT::new(0.0, 1.0, left - 1.0) else { return f64::MAX };
    let t = student.inverse_cdf(1.0 - tail);
    left * t / ((left - 1.0 + t * t) * (left + 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::detectors::testing::Noise;

    #[test]
    fn the_critical_values_are_rosners() {
        // Rosner 1983, the example of 54 values.
        assert!((critical(54, 1) - 3.158).abs() < 2e-3 && (critical(54, 2) - 3.151).abs() < 2e-3 && (critical(54, 3) - 3.143).abs() < 2e-3);
    }

    #[test]
    fn the_newest_outlier_is_seen_even_beside_larger_ones() {
        let mut noise = Noise(5);
        let mut detector = Esd::new(64);
        (0..100).for_each(|_| {
            detector.step(noise.normal());
        });
        assert!(detector.step(30.0) > 2.0);
        assert!(detector.step(12.0) > 1.5, "masked by the first");
        assert!(detector.step(0.1) < 1.0);
    }

    #[test]
    fn a_flat_window_has_no_outlier() {
        let mut detector = Esd::new(64);
        assert!((0..100).all(|_| detector.step(2.0) == 0.0));
    }
}
