//! Detectors that look at nothing: what a metric gives for free, to be shown beside every figure.

use crate::seeded::Seeded;

/// Every row.
pub fn always(rows: usize) -> Vec<bool> {
    vec![true; rows]
}

/// Row 0, `every`, `2 * every`, …; none for `every` = 0.
pub fn periodic(rows: usize, every: usize) -> Vec<bool> {
    (0..rows).map(|row| every > 0 && row.is_multiple_of(every)).collect()
}

/// Each row with the probability `rate`, the same for the same seed.
pub fn random(rows: usize, rate: f64, seed: u64) -> Vec<bool> {
    let mut dice = Seeded::new(seed);
    (0..rows).map(|_| dice.uniform() < rate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_alarm_as_often_as_they_say() {
        let count = |alarms: &[bool]| alarms.iter().filter(|alarm| **alarm).count();
        assert_eq!(count(&always(60)), 60);
        assert_eq!(periodic(7, 3), [true, false, false, true, false, false, true]);
        assert_eq!(count(&periodic(7, 0)), 0);
        assert!((900..1_100).contains(&count(&random(10_000, 0.1, 1))));
        assert_eq!(random(100, 0.5, 9), random(100, 0.5, 9));
    }
}
