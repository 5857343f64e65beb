//! What a signal's own last two values do not foretell (an autoregression of order 2), and how much that varies in training.

use super::linear::block_means;
use crate::monitor::training::{mean_and_std, wandering};
use std::ops::Range;

/// Draws the weights towards none: a signal that repeats exactly is not foretold exactly.
const RIDGE: f64 = 0.01;
/// In standard deviations, squared: less than a hundredth of its spread is no movement of a signal.
const LEAST_VARIANCE: f64 = 1e-4;
/// The level starts at its mean, so its first rows lie closer than any later one. At most half of training, which has thirty rows at least.
const WARM_UP: usize = 15;
/// A channel that went more than this one way in training is doubted: drift does not average out.
const GATE: f64 = 1.6;
const STEEPNESS: i32 = 8;

/// A channel's training, standardised: each row with the two values before it, newest first. Rows may be thinned, their own past is not.
pub(super) struct Sample {
    pub rows: Vec<[f64; 3]>,
    /// Blocks whose means tell whether it wandered.
    pub blocks: usize,
}

/// What was learned of one channel.
pub(super) struct Learned {
    pub foretold: [f64; 2],
    /// One over the innovations' variance.
    pub precision: f64,
    /// Mean of the capped squared innovations, in variances.
    pub usual: f64,
    /// Standard deviation of their smoothed level.
    pub spread: f64,
    /// By how many times itself the squared spread is doubted.
    pub doubt: f64,
}

impl Sample {
    pub(super) fn without(&self, fold: Range<usize>) -> Self {
        Self { rows: [&self.rows[..fold.start], &self.rows[fold.end..]].concat(), blocks: self.blocks }
    }
}

impl Learned {
    pub(super) fn of(sample: &Sample, smoothing: f64, cap: f64) -> Self {
        let foretold = regression(&sample.rows);
        let innovation = |[now, last, before]: &[f64; 3]| now - foretold[0] * last - foretold[1] * before;
        let count = sample.rows.len().max(1) as f64;
        let variance = (sample.rows.iter().map(|row| innovation(row).powi(2)).sum::<f64>() / count).max(LEAST_VARIANCE);
        let squares: Vec<f64> = sample.rows.iter().map(|row| (innovation(row).powi(2) / variance).min(cap)).collect();
        let usual = squares.iter().sum::<f64>() / count;
        let mut level = usual;
        let levels = squares.iter().map(|square| {
            level += smoothing * (square - level);
            level
        });
        let levels: Vec<f64> = levels.skip(sample.rows.len().min(WARM_UP)).collect();
        let (_, spread) = mean_and_std(levels.iter().copied());
        Self { foretold, precision: 1.0 / variance, usual, spread, doubt: doubt(sample) }
    }
}

/// Weights of the last value and the one before, by ridge regression about 0.
fn regression(rows: &[[f64; 3]]) -> [f64; 2] {
    let sum = |one: usize, other: usize| rows.iter().map(|row| row[one] * row[other]).sum::<f64>();
    let ridge = RIDGE * rows.len().max(1) as f64;
    let (last, before, both) = (sum(1, 1) + ridge, sum(2, 2) + ridge, sum(1, 2));
    let (with_last, with_before) = (sum(0, 1), sum(0, 2));
    let determinant = last * before - both * both;
    [(with_last * before - with_before * both) / determinant, (with_before * last - with_last * both) / determinant]
}

/// Wandering counts as far as it is drift: where neighbouring blocks are as unlike as any two (von Neumann 1941), it is only slow.
fn doubt(sample: &Sample) -> f64 {
    let column: Vec<f64> = sample.rows.iter().map(|row| row[0]).collect();
    let means = block_means(&column, 2 * sample.blocks);
    let mean = means.iter().sum::<f64>() / means.len().max(1) as f64;
    let steps: f64 = means.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum();
    let spread: f64 = means.iter().map(|block| (block - mean).powi(2)).sum();
    let persistence = if spread > 0.0 { (1.0 - steps / (2.0 * spread)).clamp(0.0, 1.0) } else { 0.0 };
    (wandering(&column, sample.blocks) * persistence / GATE).powi(STEEPNESS).min(1e12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeded::Seeded;

    fn sample(values: &[f64]) -> Sample {
        Sample { rows: values.windows(3).map(|three| [three[2], three[1], three[0]]).collect(), blocks: 8 }
    }
    fn autoregressive(weights: [f64; 2], rows: usize) -> Vec<f64> {
        let mut dice = Seeded::named(1, "innovation");
        let mut values = vec![0.0, 0.0];
        (0..rows).for_each(|row| values.push(weights[0] * values[row + 1] + weights[1] * values[row] + dice.normal()));
        values
    }

    #[test]
    fn the_weights_of_an_autoregression_are_found() {
        let [last, before] = regression(&sample(&autoregressive([0.5, 0.3], 5_000)).rows);
        assert!((last - 0.5).abs() < 0.05 && (before - 0.3).abs() < 0.05, "{last} {before}");
    }

    #[test]
    fn a_channel_that_stands_or_runs_straight_gives_finite_figures() {
        for values in [vec![0.0; 100], (0..100).map(f64::from).collect()] {
            let learned = Learned::of(&sample(&values), 0.05, 9.0);
            let figures = [learned.foretold[0], learned.foretold[1], learned.precision, learned.usual, learned.spread, learned.doubt];
            assert!(figures.iter().all(|figure| figure.is_finite()), "{figures:?}");
        }
    }

    #[test]
    fn drift_is_doubted_and_slowness_is_not() {
        let slow = autoregressive([0.9, 0.0], 400);
        let drifting: Vec<f64> = slow.iter().zip(0..).map(|(value, row)| value + 0.1 * f64::from(row)).collect();
        let (slow, drifting) = (doubt(&sample(&slow)), doubt(&sample(&drifting)));
        assert!(slow < 2.0 && drifting > 1_000.0, "{slow} {drifting}");
    }
}
