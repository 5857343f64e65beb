//! One distance for a whole machine: its smoothed signals against what training saw (MEWMA: EWMA of the vector, then Mahalanobis distance).
//!
//! No labels: the limit is a quantile of the distances in training, times a margin. Channels that drift already inside training are left out,
//! since their mean says nothing about tomorrow. Streaming: a row's score depends on rows up to it alone.

use super::{
    hysteresis::{Alarm, Edge, Level},
    training::{Diary, mean_and_std, wandering},
};
use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

/// One configuration for every machine.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MewmaSettings {
    /// Weight of the newest row in the smoothed vector.
    pub smoothing: f64,
    /// A channel whose block means range over more than this many within-block standard deviations in training is left out.
    pub gate: f64,
    pub gate_blocks: usize,
    /// How far correlations are drawn towards none: few rows of training overstate them.
    pub shrinkage: f64,
    /// The limit is this quantile of the distances in training …
    pub quantile: f64,
    /// … times this.
    pub margin: f64,
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
            gate: 1.5,
            gate_blocks: 8,
            shrinkage: 0.5,
            quantile: 0.99,
            margin: 1.4,
            raise_after: 3,
            clear_below: 0.8,
            clear_after: 5,
        }
    }
}

/// Learns from rows until told to finish. A row has one number per channel; NaN means that there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MewmaTraining {
    settings: MewmaSettings,
    raw: Diary,
    smooth: Diary,
    smoothed: Vec<f64>,
}

impl MewmaTraining {
    pub fn new(channels: usize, settings: MewmaSettings) -> Self {
        Self { settings, raw: Diary::new(channels), smooth: Diary::new(channels), smoothed: Vec::new() }
    }

    /// Rows with a gap are passed over: a covariance needs whole rows.
    pub fn learn(&mut self, row: &[f64]) {
        if row.iter().any(|value| !value.is_finite()) {
            return;
        }
        if self.smoothed.is_empty() {
            self.smoothed.extend_from_slice(row);
        }
        for (smoothed, value) in self.smoothed.iter_mut().zip(row) {
            *smoothed += self.settings.smoothing * (value - *smoothed);
        }
        self.raw.write(row);
        self.smooth.write(&self.smoothed);
    }

    /// The rows it has kept, for whoever learns from the same training.
    pub fn rows(&self) -> &Diary {
        &self.raw
    }

    /// `None` when no channel moved at all, or when fewer rows came than a spread can be told from.
    pub fn finish(&self) -> Option<Mewma> {
        const FEWEST: usize = 30;
        let channels = self.trusted_channels();
        if channels.is_empty() || self.raw.len() < FEWEST {
            return None;
        }
        let (mean, std): (Vec<f64>, Vec<f64>) = channels.iter().map(|channel| mean_and_std(self.raw.column(*channel))).unzip();
        let scale: Vec<f64> = std.iter().map(|std| 1.0 / std).collect();
        let standardise = |row: &[f64]| -> Vec<f64> { (0..channels.len()).map(|i| (row[channels[i]] - mean[i]) * scale[i]).collect() };
        let rows: Vec<Vec<f64>> = self.smooth.rows().map(standardise).collect();
        let whiten = whitening(&rows, self.settings.shrinkage)?;
        let limit = self.limit(&rows, &whiten);
        let smoothed = standardise(&self.smoothed);
        let settings = self.settings;
        Some(Mewma { settings, channels, mean, scale, whiten, smoothed, limit, alarm: Alarm::default() })
    }

    fn limit(&self, rows: &[Vec<f64>], whiten: &[f64]) -> f64 {
        // The smoothed vector starts at a raw row, so its first rows lie further out than any later one.
        let warm_up = (rows.len() / 4).min(20);
        let mut distances: Vec<f64> = rows.iter().skip(warm_up).map(|row| distance(whiten, row)).collect();
        distances.sort_by(f64::total_cmp);
        quantile(&distances, self.settings.quantile) * self.settings.margin
    }

    /// Those that moved in training but did not drift; the two that drifted least if all did.
    fn trusted_channels(&self) -> Vec<usize> {
        let mut moving: Vec<(usize, f64)> = (0..self.smoothed.len())
            .map(|channel| (channel, self.raw.column(channel).collect::<Vec<f64>>()))
            .filter(|(_, column)| mean_and_std(column.iter().copied()).1 > f64::EPSILON)
            .map(|(channel, column)| (channel, wandering(&column, self.settings.gate_blocks)))
            .collect();
        moving.sort_by(|one, other| one.1.total_cmp(&other.1));
        let steady = moving.iter().take_while(|(_, wandered)| *wandered < self.settings.gate).count();
        let mut channels: Vec<usize> = moving.iter().take(steady.max(2)).map(|(channel, _)| *channel).collect();
        channels.sort_unstable();
        channels
    }
}

/// Sorted values' quantile, between neighbours by share.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (place - place.floor()) * (sorted[above] - sorted[below])
}

/// Rows of the inverse Cholesky factor of the rows' covariance, packed: multiplying by it turns Mahalanobis into Euclidean distance.
fn whitening(rows: &[Vec<f64>], shrinkage: f64) -> Option<Vec<f64>> {
    let width = rows.first()?.len();
    let count = rows.len() as f64;
    let mean: Vec<f64> = (0..width).map(|i| rows.iter().map(|row| row[i]).sum::<f64>() / count).collect();
    let covariance = DMatrix::from_fn(width, width, |i, j| {
        let together = rows.iter().map(|row| (row[i] - mean[i]) * (row[j] - mean[j])).sum::<f64>() / count;
        if i == j { together.max(1e-12) } else { together * (1.0 - shrinkage) }
    });
    let inverse = covariance.cholesky()?.l().try_inverse()?;
    Some((0..width).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|place| inverse[place]).collect())
}

/// Length of the whitened vector. `whiten` is packed by rows, row i having i + 1 entries.
fn distance(whiten: &[f64], vector: &[f64]) -> f64 {
    let mut rest = whiten;
    let mut squares = 0.0;
    for length in 1..=vector.len() {
        let (row, below) = rest.split_at(length);
        let whitened: f64 = row.iter().zip(vector).map(|(weight, value)| weight * value).sum();
        squares += whitened * whitened;
        rest = below;
    }
    squares.sqrt()
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
}

/// What one row did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Distance over its limit: past 1 is abnormal.
    pub score: f64,
    pub alarm: bool,
    pub edge: Option<Edge>,
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
        Step { score, alarm: self.alarm.is_on(), edge }
    }

    pub fn is_alarmed(&self) -> bool {
        self.alarm.is_on()
    }

    pub fn channels(&self) -> &[usize] {
        &self.channels
    }

    /// Each channel's share of the squared distance, signed by the channel's direction; largest first. Shares below zero speak for normal and are dropped.
    pub fn contributions(&self) -> Vec<(usize, f64)> {
        let pulled = self.pull();
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

    /// Inverse covariance times the smoothed vector.
    fn pull(&self) -> Vec<f64> {
        let mut pulled = vec![0.0; self.smoothed.len()];
        let mut rest = self.whiten.as_slice();
        for length in 1..=self.smoothed.len() {
            let (row, below) = rest.split_at(length);
            let whitened: f64 = row.iter().zip(&self.smoothed).map(|(weight, value)| weight * value).sum();
            pulled.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight * whitened);
            rest = below;
        }
        pulled
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
    fn a_channel_that_drifts_inside_training_is_left_out() {
        assert_eq!(trained().channels(), [0, 1]);
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
