//! Seasonal residual: what is left of a value when the usual value at this time of its period, and the level of late, are taken away.

use super::{ewma::Ewma, periodicity::Periodicity, robust_z::over};
use serde::{Deserialize, Serialize};

/// Phases a period is divided into, at most.
const PHASES: u64 = 288;
/// Weight of a new cycle in the profile, when many are known.
const NEW_CYCLE: f64 = 0.15;
/// Deviations by which one value may move the profile, at most: an anomaly must not become the season.
const MOST_MOVE: f64 = 3.0;
const LEAST: u32 = 32;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Seasonal {
    periodicity: Periodicity,
    profile: Option<Profile>,
    seen: u64,
}

/// The usual value in each phase of a period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Profile {
    period: u64,
    usual: Vec<f64>,
    cycles: Vec<u32>,
    level: Ewma,
    residuals: Ewma,
    /// The residual over a twelfth of the period.
    lasting: Ewma,
    lastings: Ewma,
}

impl Seasonal {
    pub const fn period(&self) -> Option<u64> {
        self.periodicity.period()
    }

    /// 0 while no season is known.
    pub fn step(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return 0.0;
        }
        let changed = self.periodicity.step(value);
        let score = self.profile.as_mut().map_or(0.0, |profile| profile.step(self.seen, value));
        self.seen += 1;
        if let (true, Some(period)) = (changed, self.period()) {
            let mut profile = Profile::new(period);
            let (width, points) = self.periodicity.history();
            for (at, point) in points.iter().enumerate() {
                (0..width).for_each(|within| {
                    profile.step(at as u64 * width + within, *point);
                });
            }
            self.profile = Some(profile);
        }
        score
    }
}

impl Profile {
    fn new(period: u64) -> Self {
        let phases = period.min(PHASES) as usize;
        let per_period = |share: f64| Ewma::new((1.0 / (share * period as f64)).min(1.0));
        Self {
            period,
            usual: vec![0.0; phases],
            cycles: vec![0; phases],
            level: per_period(2.0),
            residuals: per_period(10.0),
            lasting: per_period(1.0 / 12.0),
            lastings: per_period(10.0),
        }
    }

    fn step(&mut self, at: u64, value: f64) -> f64 {
        let phase = (at % self.period * self.usual.len() as u64 / self.period) as usize;
        let residual = value - self.usual[phase] - self.level.mean;
        let known = self.cycles[phase] >= 2;
        let deviation = self.residuals.deviation();
        let (now, lasting) = (over(residual.abs(), deviation), over(self.lasting.mean.abs(), self.lastings.deviation()));
        let limit = if known && self.residuals.seen() >= LEAST { MOST_MOVE * deviation } else { f64::INFINITY };
        let held = residual.clamp(-limit, limit);
        self.cycles[phase] = self.cycles[phase].saturating_add(1);
        self.usual[phase] += (1.0 / f64::from(self.cycles[phase])).max(NEW_CYCLE) * held;
        if !known {
            return 0.0;
        }
        self.level.learn(self.level.mean + held);
        self.residuals.learn(held);
        self.lasting.learn(residual);
        self.lastings.learn(self.lasting.mean);
        // The deviations of the first values are those of nothing.
        if self.residuals.seen() < LEAST { 0.0 } else { now.max(lasting) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::detectors::testing::Noise;

    fn day(t: u32) -> f64 {
        100.0 + 30.0 * (f64::from(t) * std::f64::consts::TAU / 144.0).sin()
    }

    #[test]
    fn a_value_that_is_usual_only_at_another_hour_is_strange() {
        let mut noise = Noise(7);
        let mut detector = Seasonal::default();
        let calm = (0..2_880).map(|t| detector.step(day(t) + 2.0 * noise.normal())).skip(2_000).fold(0.0, f64::max);
        // At night what is usual at noon.
        let night = detector.step(day(36));
        assert!(detector.period().is_some_and(|it| it.abs_diff(144) <= 2) && night > 1.5 * calm, "{night} {calm} {:?}", detector.period());
    }

    #[test]
    fn without_a_season_it_says_nothing() {
        let mut noise = Noise(7);
        let mut detector = Seasonal::default();
        assert!((0..3_000).all(|_| detector.step(noise.normal()) == 0.0));
    }
}
