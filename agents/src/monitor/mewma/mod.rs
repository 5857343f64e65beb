//! One score for a whole machine against what training saw: where it stands (MEWMA: Lowry, Woodall, Champ and Rigdon 1992), or how it moves.
//!
//! Channels that drift already inside training count little: their spread says nothing about tomorrow. No labels; streaming: a row's score
//! depends on rows up to it alone.

mod changes;
mod innovation;
mod linear;
mod restless;
mod training;

pub use training::MewmaTraining;

use super::hysteresis::{Alarm, Edge, Level};
use changes::Changes;
use linear::{distance, pull};
use restless::Restless;
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
    restless: Restless,
    alarm: Alarm,
    changes: Changes,
}

/// What one row did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Distance or restlessness over its limit, whichever is further: past 1 is abnormal.
    pub score: f64,
    pub alarm: bool,
    pub edge: Option<Edge>,
    /// The machine has just changed: into a fault, deeper into it, or back.
    pub changed: bool,
    /// It is how the machine moves that is abnormal, more than where it stands.
    pub restless: bool,
}

impl Mewma {
    /// Takes one row in. A channel without a number keeps its smoothed value.
    pub fn step(&mut self, row: &[f64]) -> Step {
        let weights = self.mean.iter().zip(&self.scale);
        for (place, ((smoothed, channel), (mean, scale))) in self.smoothed.iter_mut().zip(&self.channels).zip(weights).enumerate() {
            let standardised = (row.get(*channel).copied().unwrap_or(f64::NAN) - mean) * scale;
            if standardised.is_finite() {
                *smoothed += self.settings.smoothing * (standardised - *smoothed);
                self.restless.observe(place, standardised);
            }
        }
        let distance = self.distance();
        let score = distance.max(self.restless.score());
        let level = Level::of(score, 1.0, self.settings.clear_below);
        let edge = self.alarm.update(level, self.settings.raise_after, self.settings.clear_after);
        // A change is told by the distance alone: restlessness comes and goes while nothing changes.
        Step { score, alarm: self.alarm.is_on(), edge, changed: self.changes.observe(distance), restless: score > distance }
    }

    /// Where the machine stands, in limits.
    fn distance(&self) -> f64 {
        distance(&self.whiten, &self.smoothed) / self.limit
    }

    /// It is how the machine moves that is abnormal, more than where it stands.
    pub fn is_restless(&self) -> bool {
        self.restless.score() > self.distance()
    }

    pub fn is_alarmed(&self) -> bool {
        self.alarm.is_on()
    }

    pub fn channels(&self) -> &[usize] {
        &self.channels
    }

    /// Each channel's share of the squared distance, or of the squared restlessness where that is further past its limit, signed by the channel's
    /// direction; largest first. Shares below zero speak for normal and are dropped.
    pub fn contributions(&self) -> Vec<(usize, f64)> {
        let parts = if self.is_restless() { self.restless.parts() } else { self.distance_parts() };
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

    fn distance_parts(&self) -> Vec<f64> {
        let pulled = pull(&self.whiten, &self.smoothed);
        self.smoothed.iter().zip(&pulled).map(|(value, pull)| (value * pull).max(0.0)).collect()
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
    fn a_signal_that_shakes_about_its_mean_is_raised_with_its_channel_first() {
        let mut mewma = trained();
        let shaken = |number: u32| {
            let [one, two, drifting] = row(number);
            [one, two + 3.0 * noise(number, 3), drifting]
        };
        let edges = (400..500).filter(|number| mewma.step(&shaken(*number)).edge == Some(Edge::Raised)).count();
        let (channel, share) = mewma.contributions()[0];
        assert!(edges == 1 && mewma.is_restless() && channel == 1 && share.abs() > 0.8, "{edges} {channel} {share}");
        (500..560).for_each(|number| _ = mewma.step(&row(number)));
        assert!(!mewma.is_alarmed());
    }

    #[test]
    fn two_days_of_training_still_know_how_one_row_follows_another() {
        let slow = |number: u32| [(f64::from(number) * 0.01).sin() + 0.01 * noise(number, 0)];
        let mut training = MewmaTraining::new(1, MewmaSettings::default());
        (0..20_000).for_each(|number| training.learn(&slow(number)));
        let mut mewma = training.finish().unwrap();
        assert!((20_000..22_000).all(|number| !mewma.step(&slow(number)).alarm));
        let shaken = |number: u32| slow(number).map(|value| value + 0.2 * noise(number, 1));
        assert!((22_000..22_050).any(|number| mewma.step(&shaken(number)).alarm));
    }

    #[test]
    fn a_restored_detector_goes_on_as_the_one_that_was_kept() {
        let through_json = |mewma: &Mewma| serde_json::from_str::<Mewma>(&serde_json::to_string(mewma).unwrap()).unwrap();
        let mut kept = trained();
        (400..450).for_each(|number| _ = kept.step(&row(number)));
        let mut restored = through_json(&kept);
        assert_eq!(restored, kept);
        (450..600).for_each(|number| assert_eq!(restored.step(&row(number)), kept.step(&row(number))));
        let mut training = MewmaTraining::new(3, MewmaSettings::default());
        (0..400).for_each(|number| training.learn(&row(number)));
        let again: MewmaTraining = serde_json::from_str(&serde_json::to_string(&training).unwrap()).unwrap();
        assert_eq!(again, training);
    }

    #[test]
    fn a_row_without_numbers_changes_nothing() {
        let mut mewma = trained();
        let before = mewma.step(&row(400)).score;
        assert_eq!(mewma.step(&[f64::NAN; 3]).score, before);
    }

    #[test]
    fn the_shortest_training_gives_a_detector_with_finite_scores() {
        let mut training = MewmaTraining::new(3, MewmaSettings::default());
        (0..30).for_each(|number| training.learn(&row(number)));
        let mut mewma = training.finish().unwrap();
        assert!((30..200).all(|number| mewma.step(&row(number)).score.is_finite()));
    }

    #[test]
    fn training_that_saw_nothing_gives_no_detector() {
        let mut training = MewmaTraining::new(2, MewmaSettings::default());
        assert!(training.finish().is_none());
        (0..100).for_each(|_| training.learn(&[1.0, 1.0]));
        assert!(training.finish().is_none());
    }
}
