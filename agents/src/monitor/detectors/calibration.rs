//! Makes a tail probability of a raw score by the detector's own history: ranks in a sketch, and past those a generalized Pareto tail.

use serde::{Deserialize, Serialize};

/// Bins are evenly wide in the logarithm of the score.
const BINS: usize = 160;
const SMALLEST: f64 = 1e-3;
const BINS_PER_E: f64 = 8.0;
/// The share of scores the tail is fitted to.
const TAIL: f64 = 0.05;
const REFIT_EVERY: u32 = 32;
/// At this weight all counts are halved: what was long ago is forgotten slowly.
const MOST: f64 = 20_000.0;
pub const LEAST_P: f64 = 1e-12;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    counts: Vec<f64>,
    total: f64,
    until_refit: u32,
    tail: Tail,
}

/// Generalized Pareto distribution of what is past `from` (Pickands 1975), fitted by moments (Hosking and Wallis 1987).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Tail {
    from: f64,
    /// Share of the scores past `from`; 0 while there is no tail yet.
    share: f64,
    scale: f64,
    shape: f64,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { counts: vec![0.0; BINS], total: 0.0, until_refit: 0, tail: Tail::default() }
    }
}

impl Calibration {
    /// How likely a score at least as high is, judged by those before it; then it is learned.
    pub fn step(&mut self, score: f64) -> f64 {
        if self.until_refit == 0 {
            self.tail = self.fit();
            self.until_refit = REFIT_EVERY;
        }
        self.until_refit -= 1;
        let p = self.probability(score);
        self.counts[bin(score)] += 1.0;
        self.total += 1.0;
        if self.total > MOST {
            self.counts.iter_mut().for_each(|count| *count /= 2.0);
            self.total /= 2.0;
        }
        p
    }

    fn probability(&self, score: f64) -> f64 {
        if self.tail.share > 0.0 && score > self.tail.from {
            return self.tail.probability(score).clamp(LEAST_P, 1.0);
        }
        let at = bin(score);
        let above: f64 = self.counts[at + 1..].iter().sum();
        ((above + 0.5 * self.counts[at] + 1.0) / (self.total + 1.0)).clamp(LEAST_P, 1.0)
    }

    fn fit(&self) -> Tail {
        let wanted = TAIL * self.total;
        let (mut share, mut at) = (0.0, BINS);
        while at > 1 && share < wanted {
            at -= 1;
            share += self.counts[at];
        }
        if share < 8.0 || share > 0.5 * self.total {
            return Tail::default();
        }
        let from = lower_edge(at);
        let excess = |bin: usize| lower_edge(bin) * (0.5 / BINS_PER_E).exp() - from;
        let mean = (at..BINS).map(|bin| self.counts[bin] * excess(bin)).sum::<f64>() / share;
        let variance = (at..BINS).map(|bin| self.counts[bin] * (excess(bin) - mean).powi(2)).sum::<f64>() / share;
        // A tail no shorter than exponential is assumed: scores never seen are not impossible.
        let shape = (0.5 * (1.0 - mean * mean / variance.max(1e-12))).clamp(0.0, 0.5);
        Tail { from, share: share / self.total, scale: (mean * (1.0 - shape)).max(1e-9), shape }
    }
}

impl Tail {
    fn probability(&self, score: f64) -> f64 {
        let excess = (score - self.from) / self.scale;
        self.share * if self.shape < 1e-6 { (-excess).exp() } else { (1.0 + self.shape * excess).powf(-1.0 / self.shape) }
    }
}

/// Bin 0 holds what is below the smallest score.
fn bin(score: f64) -> usize {
    if score > SMALLEST { (1.0 + (score / SMALLEST).ln() * BINS_PER_E).min((BINS - 1) as f64) as usize } else { 0 }
}

fn lower_edge(bin: usize) -> f64 {
    SMALLEST * ((bin as f64 - 1.0) / BINS_PER_E).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::detectors::testing::Noise;
    use proptest::prelude::*;

    #[test]
    fn the_probabilities_of_exponential_scores_are_right_inside_and_past_the_history() {
        let mut noise = Noise(1);
        let mut calibration = Calibration::default();
        (0..10_000).for_each(|_| {
            calibration.step(-(1.0 - noise.uniform()).ln());
        });
        for (score, factor) in [(0.7, 1.2), (3.0, 1.3), (5.0, 1.6), (12.0, 12.0)] {
            let (p, truth) = (calibration.probability(score), (-score).exp());
            assert!(p < truth * factor && p > truth / factor, "{score}: {p} {truth}");
        }
    }

    #[test]
    fn what_happened_before_is_less_surprising() {
        let mut noise = Noise(2);
        let mut calibration = Calibration::default();
        (0..2_000).for_each(|_| {
            calibration.step(noise.normal().abs());
        });
        let first = calibration.step(20.0);
        (0..40).for_each(|_| {
            calibration.step(noise.normal().abs());
        });
        assert!(calibration.step(20.0) > 10.0 * first);
    }

    proptest! {
        #[test]
        fn a_higher_score_is_never_more_likely(scores in prop::collection::vec(0.0_f64..50.0, 200..400), one in 0.0_f64..1e3, other in 0.0_f64..1e3) {
            let mut calibration = Calibration::default();
            scores.iter().for_each(|score| {
            calibration.step(*score);
        });
            let (low, high) = (one.min(other), one.max(other));
            let (likely, rare) = (calibration.probability(low), calibration.probability(high));
            prop_assert!(rare > 0.0 && likely <= 1.0);
            // Where the sketch hands over to the tail half a bin may be lost.
            prop_assert!(rare <= likely * 1.5 + 1e-9, "{} {}", likely, rare);
        }
    }
}
