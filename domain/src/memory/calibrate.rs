//! From a score to a hit rate, so that "87 %" means: of cases with such a score, 87 in 100 were the same fault.

use serde::{Deserialize, Serialize};

/// Fewer outcomes than this say nothing about a rate, and no percentage is shown.
pub const LEAST_SAMPLES: usize = 50;
/// Outcomes are kept up to this many; beyond, the oldest go.
pub const MOST_SAMPLES: usize = 20_000;
/// Of these many equal groups is the calibration error made.
const BINS: usize = 10;
/// What a step claims is pulled to the rate of all by so many imagined outcomes, so that three hits of three do not claim 100 %.
const PRIOR: f64 = 2.0;

/// One suggestion and whether it was right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    pub score: f64,
    pub hit: bool,
}

/// A rising staircase from score to hit rate (isotonic regression by pool adjacent violators; Zadrozny and Elkan 2002).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Ascending in both.
    steps: Vec<Step>,
    samples: usize,
}

/// All scores pooled into one rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Mean of the scores.
    pub score: f64,
    pub rate: f64,
    pub samples: usize,
}

/// Outcomes as they come, refitted on each: a fold over the log.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Calibrating {
    judged: std::collections::VecDeque<Judged>,
}

impl Calibrating {
    /// A score that is no finite number is left out.
    pub fn take(&mut self, judged: Judged) {
        if !judged.score.is_finite() {
            return;
        }
        self.judged.push_back(judged);
        if self.judged.len() > MOST_SAMPLES {
            self.judged.pop_front();
        }
    }
    pub fn len(&self) -> usize {
        self.judged.len()
    }
    pub fn is_empty(&self) -> bool {
        self.judged.is_empty()
    }
    /// `None` until there are [`LEAST_SAMPLES`].
    pub fn fitted(&self) -> Option<Calibration> {
        Calibration::fit(self.judged.iter().copied())
    }
}

/// Likeness and hit rate of signatures of simulated pumps (eight signals, eleven faults of many sizes and paces): what is claimed until a house
/// has outcomes of its own. A test of the whole program measures it anew. With more signals it claims too little.
const SHIPPED: [(f64, f64); 8] = [(0.50, 0.02), (0.56, 0.15), (0.60, 0.40), (0.63, 0.65), (0.66, 0.90), (0.70, 0.95), (0.75, 0.98), (0.85, 0.99)];

impl Calibration {
    /// What signatures are worth before there is any outcome to learn it from.
    pub fn shipped() -> Self {
        Self { steps: SHIPPED.map(|(score, rate)| Step { score, rate, samples: 0 }).to_vec(), samples: 0 }
    }

    pub fn fit(judged: impl IntoIterator<Item = Judged>) -> Option<Self> {
        let mut judged: Vec<Judged> = judged.into_iter().filter(|judged| judged.score.is_finite()).collect();
        if judged.len() < LEAST_SAMPLES {
            return None;
        }
        judged.sort_by(|one, other| one.score.total_cmp(&other.score));
        let all = hits(&judged) / judged.len() as f64;
        let mut pools: Vec<Pool> = Vec::new();
        // Equal scores are one point from the start: the order of their outcomes must not matter.
        for equal in judged.chunk_by(|one, next| one.score.total_cmp(&next.score).is_eq()) {
            let mut pool = Pool { scores: equal.iter().map(|judged| judged.score).sum(), hits: hits(equal), samples: equal.len() };
            while let Some(below) = pools.pop_if(|below| below.rate() >= pool.rate()) {
                pool = Pool { scores: below.scores + pool.scores, hits: below.hits + pool.hits, samples: below.samples + pool.samples };
            }
            pools.push(pool);
        }
        let step = |pool: &Pool| Step {
            score: pool.scores / pool.samples as f64,
            rate: (pool.hits + PRIOR * all) / (pool.samples as f64 + PRIOR),
            samples: pool.samples,
        };
        // The pull towards the mean is stronger on small pools and can undo the order; carry the highest rate on.
        let mut steps: Vec<Step> = pools.iter().map(step).collect();
        for at in 1..steps.len() {
            steps[at].rate = steps[at].rate.max(steps[at - 1].rate);
        }
        Some(Self { steps, samples: judged.len() })
    }

    /// Share of hits to be expected at this score: linear between the steps' means, so that the next decimal of a score is no jump.
    pub fn rate(&self, score: f64) -> f64 {
        let above = self.steps.partition_point(|step| step.score < score);
        match (above.checked_sub(1).and_then(|below| self.steps.get(below)), self.steps.get(above)) {
            (Some(below), Some(above)) => {
                let share = (score - below.score) / (above.score - below.score);
                below.rate + share * (above.rate - below.rate)
            }
            (Some(only), None) | (None, Some(only)) => only.rate,
            (None, None) => 0.0,
        }
    }
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
    pub fn samples(&self) -> usize {
        self.samples
    }
}

/// Expected calibration error of claims (0 to 1) against outcomes: the mean gap between claim and hit rate over ten bins of equal count
/// (Nguyen and O'Connor 2015), weighted by count. Of nothing, 0.
pub fn calibration_error(claims: &[Judged]) -> f64 {
    let mut claims = claims.to_vec();
    claims.sort_by(|one, other| one.score.total_cmp(&other.score));
    let size = claims.len().div_ceil(BINS).max(1);
    let gap = |bin: &[Judged]| (bin.iter().map(|judged| judged.score).sum::<f64>() - hits(bin)).abs();
    claims.chunks(size).map(gap).sum::<f64>() / claims.len().max(1) as f64
}

struct Pool {
    scores: f64,
    hits: f64,
    samples: usize,
}

impl Pool {
    fn rate(&self) -> f64 {
        self.hits / self.samples as f64
    }
}

fn hits(judged: &[Judged]) -> f64 {
    judged.iter().filter(|judged| judged.hit).count() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Outcomes whose hit rate is the square of the score.
    fn drawn(count: u64, offset: u64) -> Vec<Judged> {
        let uniform = |number: u64| (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64;
        let judged = |number: u64| {
            let score = uniform(2 * number + 1);
            Judged { score, hit: uniform((2 * number + 2).wrapping_mul(0xd129_42a3_52ef_45d9)) < score * score }
        };
        (offset..offset + count).map(judged).collect()
    }

    #[test]
    fn a_claim_of_a_calibrated_score_comes_true_that_often() {
        let calibration = Calibration::fit(drawn(4_000, 0)).unwrap();
        let fresh = drawn(4_000, 1_000_000);
        let raw = calibration_error(&fresh);
        let claims: Vec<Judged> = fresh.iter().map(|judged| Judged { score: calibration.rate(judged.score), hit: judged.hit }).collect();
        let error = calibration_error(&claims);
        assert!(raw > 0.12 && error < 0.03, "raw {raw}, calibrated {error}");
    }

    #[test]
    fn too_few_outcomes_claim_nothing() {
        assert_eq!(Calibration::fit(drawn(LEAST_SAMPLES as u64 - 1, 0)), None);
    }

    #[test]
    fn outcomes_one_by_one_fit_as_all_at_once_and_survive_storage() {
        let mut calibrating = Calibrating::default();
        drawn(300, 0).into_iter().for_each(|judged| calibrating.take(judged));
        calibrating.take(Judged { score: f64::NAN, hit: true });
        let restored: Calibrating = serde_json::from_str(&serde_json::to_string(&calibrating).unwrap()).unwrap();
        assert_eq!(restored, calibrating);
        assert_eq!(restored.fitted(), Calibration::fit(drawn(300, 0)));
    }

    #[test]
    fn a_few_lucky_hits_do_not_claim_certainty() {
        let mut judged = drawn(200, 0);
        judged.extend([Judged { score: 2.0, hit: true }; 3]);
        assert!(Calibration::fit(judged).unwrap().rate(2.0) < 0.99);
    }

    proptest! {
        #[test]
        fn a_higher_score_never_claims_less(judged in prop::collection::vec((0_u8..40, any::<bool>()), 50..200)) {
            let judged: Vec<Judged> = judged.into_iter().map(|(score, hit)| Judged { score: f64::from(score) / 40.0, hit }).collect();
            let calibration = Calibration::fit(judged.clone()).unwrap();
            let rates: Vec<f64> = (-10..60).map(|score| calibration.rate(f64::from(score) / 40.0)).collect();
            prop_assert!(rates.is_sorted() && rates.iter().all(|rate| (0.0..=1.0).contains(rate)));
            let mut reversed = judged;
            reversed.reverse();
            prop_assert_eq!(Calibration::fit(reversed).unwrap().steps().len(), calibration.steps().len());
        }
    }
}
