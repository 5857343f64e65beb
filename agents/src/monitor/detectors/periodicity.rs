//! Finds the period of a signal by autocorrelation of a growing history that is halved in resolution when it is full.

use serde::{Deserialize, Serialize};

/// Points that are kept, at most.
const MOST: usize = 1_024;
/// First look; then whenever the history has grown by a half.
const FIRST: u64 = 96;
/// Periods that the history must hold.
const CYCLES: usize = 3;
const SHORTEST: usize = 4;
/// Autocorrelation that makes a period, and how far it must rise from the trough before it.
const CORRELATED: f64 = 0.35;
const RISE: f64 = 0.25;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Periodicity {
    /// Values in one point.
    width: u64,
    sum: f64,
    count: u64,
    points: Vec<f64>,
    seen: u64,
    next_look: u64,
    /// In values.
    period: Option<u64>,
}

impl Default for Periodicity {
    fn default() -> Self {
        Self { width: 1, sum: 0.0, count: 0, points: Vec::new(), seen: 0, next_look: FIRST, period: None }
    }
}

impl Periodicity {
    pub const fn period(&self) -> Option<u64> {
        self.period
    }

    /// The history: how many values a point is the mean of, and the points, the first of which began with the first value.
    pub fn history(&self) -> (u64, &[f64]) {
        (self.width, &self.points)
    }

    /// True when a period was found or has changed.
    pub fn step(&mut self, value: f64) -> bool {
        self.seen += 1;
        self.sum += value;
        self.count += 1;
        if self.count == self.width {
            self.points.push(self.sum / self.width as f64);
            (self.sum, self.count) = (0.0, 0);
        }
        if self.points.len() == MOST {
            self.points = self.points.chunks_exact(2).map(|pair| f64::midpoint(pair[0], pair[1])).collect();
            self.width *= 2;
        }
        if self.seen < self.next_look {
            return false;
        }
        self.next_look = self.seen + self.seen / 2;
        let found = best_lag(&self.points).map(|lag| (lag * self.width as f64).round() as u64);
        // Half the resolution finds the same period less exactly.
        let same = |old: u64, new: u64| old.abs_diff(new) <= self.width || new.is_multiple_of(old) && new / old < 7;
        let changed = match (self.period, found) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(old), Some(new)) => !same(old, new),
        };
        if changed {
            self.period = found;
        }
        changed
    }
}

/// The lag of the highest local maximum of the autocorrelation behind a trough.
fn best_lag(points: &[f64]) -> Option<f64> {
    let longest = points.len() / CYCLES;
    let correlation = autocorrelation(&clipped(points), points.len() * 2 / 3);
    let mut trough = 1.0_f64;
    let mut best: Option<usize> = None;
    for lag in 1..longest.min(correlation.len().saturating_sub(1)) {
        let here = correlation[lag];
        trough = trough.min(here);
        let peak = lag >= SHORTEST && here >= correlation[lag - 1] && here > correlation[lag + 1];
        // A longer period must explain clearly more than a shorter one.
        let better = best.is_none_or(|known| here > correlation[known] + 0.05);
        if peak && here > CORRELATED && here - trough > RISE && better {
            best = Some(lag);
        }
    }
    best.map(|lag| refined(lag, &correlation))
}

/// The peaks at twice, thrice, … the lag place it ever more exactly, between the points.
fn refined(lag: usize, correlation: &[f64]) -> f64 {
    let mut exact = lag as f64;
    for cycles in 2..=8_u32 {
        let expected = (exact * f64::from(cycles)).round() as usize;
        let reach = (lag / 8).max(1);
        if expected + reach >= correlation.len() {
            break;
        }
        exact = (expected as f64 + summit(&correlation[expected - reach..=expected + reach])) / f64::from(cycles);
    }
    exact
}

/// Where a parabola through the values (an odd number) has its top, from their middle: noise moves it less than the highest value.
fn summit(values: &[f64]) -> f64 {
    let reach = (values.len() / 2) as f64;
    let (mut x2, mut x4, mut y, mut xy, mut x2y) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        let x = at as f64 - reach;
        x2 += x * x;
        x4 += x.powi(4);
        y += value;
        xy += x * value;
        x2y += x * x * value;
    }
    let n = values.len() as f64;
    let curvature = (n * x2y - x2 * y) / (n * x4 - x2 * x2).max(1e-12);
    if curvature < 0.0 { (-xy / x2.max(1e-12) / (2.0 * curvature)).clamp(-reach, reach) } else { 0.0 }
}

/// Without its trend, and with outliers at three deviations, so that two spikes are no period.
fn clipped(points: &[f64]) -> Vec<f64> {
    let n = points.len() as f64;
    let middle = (n - 1.0) / 2.0;
    let mean = points.iter().sum::<f64>() / n;
    let slope = points.iter().enumerate().map(|(at, it)| (at as f64 - middle) * (it - mean)).sum::<f64>() / (n * (n * n - 1.0) / 12.0).max(1.0);
    let mut rest: Vec<f64> = points.iter().enumerate().map(|(at, it)| it - mean - slope * (at as f64 - middle)).collect();
    let deviation = (rest.iter().map(|it| it * it).sum::<f64>() / n).sqrt();
    rest.iter_mut().for_each(|it| *it = it.clamp(-3.0 * deviation, 3.0 * deviation));
    rest
}

/// For lags 0 to `most`; all 0 for a flat line.
fn autocorrelation(points: &[f64], most: usize) -> Vec<f64> {
    let power = points.iter().map(|it| it * it).sum::<f64>() / points.len() as f64;
    let at_lag = |lag: usize| {
        let products: f64 = points.iter().zip(&points[lag..]).map(|(one, other)| one * other).sum();
        if power > 1e-12 { products / (points.len() - lag) as f64 / power } else { 0.0 }
    };
    (0..=most.min(points.len().saturating_sub(1))).map(at_lag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::detectors::testing::Noise;

    fn period_of(values: impl Iterator<Item = f64>) -> Option<u64> {
        let mut found = Periodicity::default();
        values.for_each(|value| {
            found.step(value);
        });
        found.period()
    }

    #[test]
    fn a_noisy_day_of_288_values_is_found() {
        let mut noise = Noise(3);
        let period = period_of((0..4_032).map(|t| (f64::from(t) * std::f64::consts::TAU / 288.0).sin() + 0.7 * noise.normal()));
        assert!(period.is_some_and(|it| it.abs_diff(288) <= 2), "{period:?}");
    }

    #[test]
    fn noise_a_random_walk_and_a_flat_line_have_none() {
        let mut noise = Noise(4);
        let mut walk = 0.0;
        assert_eq!(period_of((0..4_000).map(|_| noise.normal())), None);
        assert_eq!(period_of((0..4_000).map(|_| 5.0)), None);
        assert_eq!(
            period_of((0..4_000).map(|_| {
                walk = 0.999 * walk + noise.normal();
                walk
            })),
            None
        );
    }
}
