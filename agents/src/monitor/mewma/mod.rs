//! One distance for a whole machine: its smoothed signals against what training saw (MEWMA: Lowry, Woodall, Champ and Rigdon 1992).
//!
//! Channels that drift already inside training count little: their spread says nothing about tomorrow. No labels; streaming: a row's score
//! depends on rows up to it alone.

mod changes;
mod linear;
mod training;

pub use training::MewmaTraining;

use super::hysteresis::{Alarm, Edge, Level};
use changes::Changes;
use linear::{distance, pull};
use serde::{Deserialize, Serialize};

/// One configuration for every machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MewmaSettings {
    /// Weight of the newest row in the smoothed vector.
    pub smoothing: f64,
    /// A channel whose block means range over this many within-block standard deviations in training counts half as much, and soon nothing
    /// beyond that.
    pub gate: f64,
    pub gate_blocks: usize,
    /// How far correlations are drawn towards none: few rows of training overstate them.
    pub shrinkage: f64,
    /// The limit is this quantile of the distances in training, each stretch of it judged by what the others taught …
    pub quantile: f64,
    /// … and this share of the way from the median to there beyond it.
    pub margin: f64,
    /// So many stretches.
    pub folds: usize,
    /// Rows in a row above the limit before the alarm rises.
    pub raise_after: u32,
    /// The alarm clears below this share of the limit …
    pub clear_below: f64,
    /// … for more than this many rows.
    pub clear_after: u32,
}

impl Default for MewmaSettings {
    fn default() -> Self {
        Self {
            smoothing: 0.2,
            gate: 1.3,
            gate_blocks: 8,
            shrinkage: 0.5,
            quantile: 0.99,
            margin: 0.45,
            folds: 5,
            raise_after: 3,
            clear_below: 0.8,
            clear_after: 5,
        }
    }
}

/// The trained detector of one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mewma {
    settings: MewmaSettings,
    /// Which of the row's numbers it looks at.
    channels: Vec<usize>,
    mean: Vec<f64>,
    scale: Vec<f64>,
    whiten: Vec<f64>,
    smoothed: Vec<f64>,
    limit: f64,
    alarm: Alarm,
    changes: Changes,
}

/// What one row did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Distance over its limit: past 1 is abnormal.
    pub score: f64,
    pub alarm: bool,
    pub edge: Option<Edge>,
    /// The machine has just changed: into a fault, deeper into it, or back.
    pub changed: bool,
}

impl Mewma {
    /// Takes one row in. A channel without a number keeps its smoothed value.
    pub fn step(&mut self, row: &[f64]) -> Step {
        let weights = self.mean.iter().zip(&self.scale);
        for ((smoothed, channel), (mean, scale)) in self.smoothed.iter_mut().zip(&self.channels).zip(weights) {
            let standardised = (row.get(*channel).copied().unwrap_or(f64::NAN) - mean) * scale;
            if standardised.is_finite() {
                *smoothed += self.settings.smoothing * (standardised - *smoothed);
            }
        }
        let score = distance(&self.whiten, &self.smoothed) / self.limit;
        let level = Level::of(score, 1.0, self.settings.clear_below);
        let edge = self.alarm.update(level, self.settings.raise_after, self.settings.clear_after);
        Step { score, alarm: self.alarm.is_on(), edge, changed: self.changes.observe(score) }
    }

    pub fn is_alarmed(&self) -> bool {
        self.alarm.is_on()
    }

    pub fn channels(&self) -> &[usize] {
        &self.channels
    }

    /// Each channel's share of the squared distance, signed by the channel's direction; largest first. Shares below zero speak for normal and are dropped.
    pub fn contributions(&self) -> Vec<(usize, f64)> {
        let pulled = pull(&self.whiten, &self.smoothed);
        let parts: Vec<f64> = self.smoothed.iter().zip(&pulled).map(|(value, pull)| (value * pull).max(0.0)).collect();
        let whole = parts.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let mut shares: Vec<(usize, f64)> = self
            .channels
            .iter()
            .zip(&parts)
            .zip(&self.smoothed)
            .map(|((channel, part), value)| (*channel, (part / whole).copysign(*value)))
            .collect();
        shares.retain(|(_, share)| *share != 0.0);
        shares.sort_by(|one, other| other.1.abs().total_cmp(&one.1.abs()));
        shares
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise that is the same on every machine.
    fn noise(row: u32, channel: u32) -> f64 {
        let mixed = (row.wrapping_mul(2_654_435_761) ^ channel.wrapping_mul(40_503)).wrapping_mul(2_246_822_519);
        f64::from(mixed >> 8) / f64::from(1_u32 << 24) - 0.5
    }
    fn row(number: u32) -> [f64; 3] {
        [10.0 + noise(number, 0), 5.0 + noise(number, 1), f64::from(number) * 0.05 + noise(number, 2)]
    }
    fn trained() -> Mewma {
        let mut training = MewmaTraining::new(3, MewmaSettings::default());
        (0..400).for_each(|number| training.learn(&row(number)));
        training.finish().unwrap()
    }

    #[test]
    fn a_channel_that_drifts_inside_training_counts_next_to_nothing() {
        let mut mewma = trained();
        (0..50).for_each(|number| {
            let [one, two, drifting] = row(400 + number);
            mewma.step(&[one, two, drifting + 10.0]);
        });
        let share = mewma.contributions().into_iter().find(|(channel, _)| *channel == 2).map_or(0.0, |(_, share)| share);
        assert!(share < 0.05 && !mewma.is_alarmed(), "{share}");
    }

    #[test]
    fn what_stays_wrong_stays_seen() {
        let mut mewma = trained();
        let shifted = |number: u32| row(number).map(|value| value + if value < 7.0 { 1.0 } else { 0.0 });
        (400..450).for_each(|number| _ = mewma.step(&shifted(number)));
        assert!((450..3_000).all(|number| mewma.step(&shifted(number)).alarm));
    }

    #[test]
    fn many_channels_on_few_rows_do_not_make_the_limit_too_tight() {
        let wide = |number: u32| -> Vec<f64> { (0..40).map(|channel| noise(number, channel) + noise(number, channel / 8 + 100)).collect() };
        let mut training = MewmaTraining::new(40, MewmaSettings::default());
        (0..200).for_each(|number| training.learn(&wide(number)));
        let mut mewma = training.finish().unwrap();
        let alarms = (200..2_200).filter(|number| mewma.step(&wide(*number)).alarm).count();
        assert!(alarms < 20, "{alarms} of 2000");
    }

    #[test]
    fn normal_rows_stay_quiet_and_a_shift_is_raised_once_with_its_channel_first() {
        let mut mewma = trained();
        assert!((400..2_000).all(|number| !mewma.step(&row(number)).alarm));
        let shifted = |number: u32| row(number).map(|value| value + if value < 7.0 { 1.0 } else { 0.0 });
        let edges = (2_000..2_100).filter(|number| mewma.step(&shifted(*number)).edge == Some(Edge::Raised)).count();
        assert_eq!(edges, 1);
        let (channel, share) = mewma.contributions()[0];
        assert!(channel == 1 && share > 0.8, "{channel} {share}");
    }

    #[test]
    fn a_row_without_numbers_changes_nothing() {
        let mut mewma = trained();
        let before = mewma.step(&row(400)).score;
        assert_eq!(mewma.step(&[f64::NAN; 3]).score, before);
    }

    #[test]
    fn training_that_saw_nothing_gives_no_detector() {
        let mut training = MewmaTraining::new(2, MewmaSettings::default());
        assert!(training.finish().is_none());
        (0..100).for_each(|_| training.learn(&[1.0, 1.0]));
        assert!(training.finish().is_none());
    }
}
