//! The drift figure: every 60 s, (mean of the last 5 minutes − baseline mean) / baseline standard deviation of raw values, both signs.

use super::{baseline::Baseline, window::Windows};

pub const WINDOW_S: i64 = 300;
pub const EVERY_S: i64 = 60;

/// Over the `seconds` before bucket `end`. `None` without readings, or for a signal that did not move while it was learned: it has no measure of far.
pub fn drift(windows: &Windows, baseline: &Baseline, end: i64, seconds: i64) -> Option<f64> {
    let figures = windows.figures(end, seconds)?;
    baseline.moved().then(|| (figures.mean - baseline.mean) / baseline.std)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{baseline::Learner, window::bucket_of};

    #[test]
    fn the_figure_is_the_specifications_with_its_sign() {
        let mut learner = Learner::default();
        [9.0, 11.0].iter().cycle().take(600).for_each(|value| learner.learn(*value));
        let baseline = learner.finish().unwrap();
        for (value, expected) in [(12.5, 2.5), (7.0, -3.0), (10.0, 0.0)] {
            let mut windows = Windows::default();
            (0..300).for_each(|second| windows.add(bucket_of(second * 1_000_000), value));
            assert_eq!(drift(&windows, &baseline, 60, WINDOW_S), Some(expected));
        }
    }

    #[test]
    fn a_signal_that_never_moved_in_learning_has_no_measure_of_far() {
        let mut learner = Learner::default();
        (0..600).for_each(|_| learner.learn(50.0));
        let mut windows = Windows::default();
        windows.add(0, 60.0);
        assert_eq!(drift(&windows, &learner.finish().unwrap(), 1, WINDOW_S), None);
    }
}
