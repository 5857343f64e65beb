//! How long a machine still runs: its wear against the wear of machines that were run until they failed.
//!
//! The latest stretch of its curve is laid over every place of every known run; where it fits, that run's rest is how long this one has left
//! (trajectory similarity: Wang, Yu, Siegel and Lee, PHM 2008). The interval is conformal: as wide as the errors on known runs say, so that
//! it covers as often as it claims, whatever their distribution (Vovk, Gammerman and Shafer 2005).

use serde::{Deserialize, Serialize};

/// Samples of the latest stretch, at most.
const STRETCH: usize = 60;
/// Runs that are listened to.
const NEIGHBOURS: usize = 15;
/// A stretch shorter than this fits everywhere.
const FEWEST: usize = 10;
/// Errors grow with what is left, from this many samples on.
const LEAST_SCALE: f64 = 16.0;

/// Runs until failure: of each, one figure of wear for each sample, by the same measure; the last one stands at the failure.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Runs(Vec<Vec<f64>>);

/// What is left, in samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Remaining {
    pub expected: f64,
    pub at_least: f64,
    pub at_most: f64,
}

/// How wide an interval has to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Width {
    /// In scales of the expected rest.
    scales: f64,
}

impl Runs {
    pub fn new(curves: Vec<Vec<f64>>) -> Self {
        Self(curves)
    }

    /// Expected rest of a run that has come so far. `None` while it has hardly begun, or when nothing is known that is longer.
    pub fn expected(&self, so_far: &[f64]) -> Option<f64> {
        let stretch = so_far.get(so_far.len().saturating_sub(STRETCH)..).filter(|stretch| stretch.len() >= FEWEST)?;
        let mut fits: Vec<(f64, f64)> = self.0.iter().filter_map(|run| best_fit(run, stretch)).collect();
        fits.sort_by(|one, other| one.0.total_cmp(&other.0));
        fits.truncate(NEIGHBOURS);
        let scale = fits.iter().map(|(distance, _)| distance).sum::<f64>() / fits.len().max(1) as f64;
        let weight = |distance: f64| (-distance / scale.max(f64::MIN_POSITIVE)).exp();
        let whole: f64 = fits.iter().map(|(distance, _)| weight(*distance)).sum();
        (whole > 0.0).then(|| fits.iter().map(|(distance, rest)| weight(*distance) * rest).sum::<f64>() / whole)
    }

    /// With an interval of that width.
    pub fn remaining(&self, so_far: &[f64], width: Width) -> Option<Remaining> {
        Some(width.around(self.expected(so_far)?))
    }
}

/// Where the stretch fits best: mean squared distance, and the samples that come after it there.
fn best_fit(run: &[f64], stretch: &[f64]) -> Option<(f64, f64)> {
    let fits = run.windows(stretch.len()).enumerate().map(|(place, window)| {
        let squares: f64 = window.iter().zip(stretch).map(|(one, other)| (one - other) * (one - other)).sum();
        (squares / stretch.len() as f64, (run.len() - place - stretch.len()) as f64)
    });
    fits.min_by(|one, other| one.0.total_cmp(&other.0))
}

fn scale_of(expected: f64) -> f64 {
    0.5 * expected + 0.5 * LEAST_SCALE
}

impl Width {
    pub fn around(self, expected: f64) -> Remaining {
        let reach = self.scales * scale_of(expected);
        Remaining { expected, at_least: (expected - reach).max(0.0), at_most: expected + reach }
    }

    /// From known ends: pairs of what was expected and what it was. Covers at least the share `coverage` of the next ones like them.
    pub fn covering(known: &[(f64, f64)], coverage: f64) -> Option<Self> {
        let mut misses: Vec<f64> = known.iter().map(|(expected, was)| (expected - was).abs() / scale_of(*expected)).collect();
        misses.sort_by(f64::total_cmp);
        let place = (coverage * (misses.len() + 1) as f64).ceil() as usize;
        misses.get(place.checked_sub(1)?).map(|scales| Self { scales: *scales })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Wear that is quiet and then grows ever faster; `pace` in samples.
    fn run(length: usize, pace: f64) -> Vec<f64> {
        (0..length).map(|sample| (-((length - sample) as f64) / pace).exp()).collect()
    }

    #[test]
    fn the_rest_of_a_run_like_others_is_theirs() {
        let runs = Runs::new((0..20).map(|number| run(150 + 5 * number, 30.0)).collect());
        let this = run(190, 30.0);
        for left in [5, 15, 30] {
            let expected = runs.expected(&this[..190 - left]).unwrap();
            assert!((expected - left as f64).abs() < 5.0, "{left} left, {expected} expected");
        }
        assert_eq!(runs.expected(&this[..5]), None);
        assert_eq!(Runs::default().expected(&this), None);
    }

    proptest! {
        #[test]
        fn an_interval_covers_what_it_was_made_from(known in prop::collection::vec((1.0..200.0_f64, 0.0..250.0_f64), 20..200)) {
            let width = Width::covering(&known, 0.9).unwrap();
            let covered = known.iter().filter(|(expected, was)| (expected - was).abs() <= width.scales * scale_of(*expected) + 1e-9).count();
            prop_assert!(covered as f64 >= 0.9 * known.len() as f64);
        }
    }

    #[test]
    fn too_few_known_ends_give_no_interval() {
        assert_eq!(Width::covering(&[(10.0, 12.0); 5], 0.9), None);
    }
}
