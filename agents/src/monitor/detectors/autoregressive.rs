//! Autoregression by recursive least squares with forgetting (Haykin, Adaptive Filter Theory): how wrong was the forecast of this value?

use super::{ewma::Ewma, robust_z::over};
use serde::{Deserialize, Serialize};

/// Earlier steps the next step is forecast from.
const ORDER: usize = 6;
const FORGETTING: f64 = 0.999;
const LEAST: u32 = 64;
/// Past this the gain has wound up on a signal that does not move, and begins anew.
const MOST_GAIN: f64 = 1e6;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Autoregressive {
    last: Option<f64>,
    /// Earlier steps in units of their deviation, newest first.
    steps: [f64; ORDER],
    weights: [f64; ORDER],
    gain: [[f64; ORDER]; ORDER],
    step_size: Ewma,
    errors: Ewma,
}

impl Default for Autoregressive {
    fn default() -> Self {
        Self { last: None, steps: [0.0; ORDER], weights: [0.0; ORDER], gain: initial_gain(), step_size: Ewma::new(0.001), errors: Ewma::new(0.001) }
    }
}

impl Autoregressive {
    pub fn step(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return 0.0;
        }
        let Some(last) = self.last.replace(value) else { return 0.0 };
        let difference = value - last;
        let size = self.step_size.variance.sqrt();
        self.step_size.learn(difference);
        if size <= 0.0 {
            return if self.step_size.seen() > LEAST { over(difference.abs(), 0.0) } else { 0.0 };
        }
        // One jump must not throw the weights over.
        let scaled = (difference / size).clamp(-10.0, 10.0);
        let error = scaled - dot(&self.weights, &self.steps);
        let usual = self.errors;
        self.errors.learn(error);
        self.learn(error.clamp(-3.0, 3.0));
        self.steps.rotate_right(1);
        self.steps[0] = scaled;
        if usual.seen() < LEAST { 0.0 } else { over((difference / size - scaled + error).abs(), usual.deviation()) }
    }

    fn learn(&mut self, error: f64) {
        let direction: [f64; ORDER] = std::array::from_fn(|row| dot(&self.gain[row], &self.steps));
        let norm = FORGETTING + dot(&direction, &self.steps);
        for row in 0..ORDER {
            self.weights[row] += direction[row] / norm * error;
            for column in 0..ORDER {
                self.gain[row][column] = (self.gain[row][column] - direction[row] * direction[column] / norm) / FORGETTING;
            }
        }
        let trace: f64 = (0..ORDER).map(|at| self.gain[at][at]).sum();
        if !(0.0..MOST_GAIN).contains(&trace) {
            self.gain = initial_gain();
        }
    }
}

fn initial_gain() -> [[f64; ORDER]; ORDER] {
    std::array::from_fn(|row| std::array::from_fn(|column| if row == column { 1.0 } else { 0.0 }))
}

fn dot(one: &[f64; ORDER], other: &[f64; ORDER]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::detectors::testing::Noise;

    #[test]
    fn a_wave_is_learned_and_its_break_is_seen() {
        let mut noise = Noise(6);
        let mut detector = Autoregressive::default();
        let mut wave = |t: f64| (t * 0.3).sin() + 0.02 * noise.normal();
        (0..2_000).for_each(|t| {
            detector.step(wave(f64::from(t)));
        });
        let calm = (2_000..2_200).map(|t| detector.step(wave(f64::from(t)))).fold(0.0, f64::max);
        let broken = detector.step(wave(2_200.0) + 0.5);
        assert!(broken > 2.0 * calm, "{broken} {calm}");
    }

    #[test]
    fn a_long_flat_line_leaves_it_sound() {
        let mut detector = Autoregressive::default();
        (0..300).for_each(|t| {
            detector.step(f64::from(t % 7));
        });
        assert!((0..50_000).all(|_| detector.step(1.0).is_finite()));
        assert!(detector.step(2.0) > 1.0);
    }
}
