//! Learning what is normal for one signal: mean and spread in one pass, p95 and p99 by a sketch that can be merged.

use millwright_domain::{Timestamp, baseline::BaselineLearned, ids::SignalId};
use serde::{Deserialize, Serialize};
use sketches_ddsketch::{Config, DDSketch};

/// Takes values in until it is finished.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Learner {
    count: u64,
    mean: f64,
    /// Sum of squared departures from the mean so far (Welford).
    squares: f64,
    /// Made with the first value: an empty sketch holds infinities, which JSON cannot keep.
    sketch: Option<DDSketch>,
    lowest: f64,
    highest: f64,
    latest: f64,
    /// Sum of squared steps from value to value.
    steps: f64,
}

impl Learner {
    pub fn learn(&mut self, value: f64) {
        if self.count == 0 {
            (self.lowest, self.highest, self.latest) = (value, value, value);
        }
        self.steps += (value - self.latest).powi(2);
        self.latest = value;
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
        self.lowest = self.lowest.min(value);
        self.highest = self.highest.max(value);
        self.sketch.get_or_insert_with(|| DDSketch::new(Config::defaults())).add(value);
    }

    pub const fn count(&self) -> u64 {
        self.count
    }

    /// `None` when there was nothing to learn from.
    pub fn finish(&self) -> Option<Baseline> {
        let sketch = self.sketch.as_ref()?;
        // The sketch is right to one percent of the value, which can lie beyond all that there was.
        let quantile = |share| sketch.quantile(share).ok().flatten().unwrap_or(self.mean).max(self.lowest).min(self.highest);
        Some(Baseline {
            count: self.count,
            mean: self.mean,
            std: (self.squares / self.count as f64).sqrt(),
            p95: quantile(0.95),
            p99: quantile(0.99),
            lowest: self.lowest,
            highest: self.highest,
            jitter: (self.steps / (2.0 * self.count as f64)).sqrt(),
        })
    }
}

/// What is normal for one signal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    pub count: u64,
    pub mean: f64,
    /// Of raw values.
    pub std: f64,
    pub p95: f64,
    pub p99: f64,
    pub lowest: f64,
    pub highest: f64,
    /// Spread from value to value: the noise without the slow part.
    pub jitter: f64,
}

impl Baseline {
    /// Below this spread a value did not move: what differs in the last bits is arithmetic.
    pub fn moved(&self) -> bool {
        self.std > 1e-9 * self.mean.abs().max(1e-3)
    }

    pub fn fact(&self, signal: &SignalId, version: u32, from: Timestamp, to: Timestamp) -> BaselineLearned {
        let Self { count, mean, std, p95, p99, .. } = *self;
        BaselineLearned { signal: signal.clone(), version, count, mean, std, p95, p99, learned_from: from, learned_to: to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_never_came_has_no_baseline() {
        assert!(Learner::default().finish().is_none());
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_two_passes_find(values in prop::collection::vec(-1e6..1e6_f64, 1..500)) {
            let mut learner = Learner::default();
            values.iter().for_each(|value| learner.learn(*value));
            let found = learner.finish().unwrap();
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let std = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
            prop_assert!((found.mean - mean).abs() <= 1e-9 * 1e6 && (found.std - std).abs() <= 1e-6 * (1.0 + std));

            let inside = found.lowest..=found.highest;
            prop_assert!(inside.contains(&found.p95) && inside.contains(&found.p99), "{found:?}");
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let exact = sorted[(0.95 * (count - 1.0)) as usize];
            prop_assert!((found.p95 - exact).abs() <= 0.011 * exact.abs() + 1e-9, "{} {exact}", found.p95);
        }
    }
}
