//! A machine's episode as it is remembered: healthy running, then a fault; each channel in its own healthy standard deviations, on one even grid.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Fewer rows than this before or after the onset say nothing.
const LEAST_ROWS: usize = 8;
/// A channel that hardly moved while healthy is measured by this share of all its movement, so that no figure is endless.
const LEAST_SCALE: f64 = 0.02;

/// However short the lead-in, no larger share of the variance is held to be unseen: a deviation is at most doubled.
const MOST_UNSEEN: f64 = 0.75;

/// What a channel is, in words that vendors share: quantity kind and position, such as `flow@discharge`. The caller gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ChannelKey(pub String);

impl ChannelKey {
    pub fn new(kind: &str, position: &str) -> Self {
        Self(format!("{kind}@{position}"))
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    pub key: ChannelKey,
    /// One a row, in any unit; NaN where there was no good reading.
    pub values: Vec<f64>,
}

/// Rows in order of time, the healthy ones first.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// Seconds, ascending.
    pub times: Vec<f64>,
    pub channels: Vec<Channel>,
    /// When the fault began, or was noticed: on the clock of `times`.
    pub onset: f64,
}

/// An episode that cannot be remembered.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NoSignature {
    #[error("{found} rows {place} the onset, and {LEAST_ROWS} are needed; give an onset further from the ends")]
    TooShort { found: usize, place: &'static str },
    #[error("row {row} is not later than the row before it; sort the rows by time and drop repeats, or name the right time column")]
    Unordered { row: usize },
    #[error("channel {key:?} has {found} values for {rows} rows; give one value a row, NaN where there is none")]
    Ragged { key: ChannelKey, found: usize, rows: usize },
    #[error("no channel moves; give at least one channel with readings before and after the onset")]
    Still,
    #[error("channel key {0:?} is given twice; tell like channels apart by their position")]
    KeyTwice(ChannelKey),
}

/// An episode without units.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scaled {
    /// Seconds between two rows.
    pub step_s: f64,
    /// Sorted.
    pub keys: Vec<ChannelKey>,
    /// One list for each key: (value − healthy mean) / healthy standard deviation.
    pub healthy: Vec<Vec<f64>>,
    pub faulty: Vec<Vec<f64>>,
}

impl Episode {
    /// Affine changes of a channel's unit change nothing here (a falling scale turns its signs).
    pub(super) fn scaled(&self) -> Result<Scaled, NoSignature> {
        self.check()?;
        let (step_s, places) = self.grid();
        let lead_in = places.iter().take_while(|place| self.times[**place] < self.onset).count();
        let rest = places.len() - lead_in;
        for (found, place) in [(lead_in, "before"), (rest, "from")] {
            if found < LEAST_ROWS {
                return Err(NoSignature::TooShort { found, place });
            }
        }
        let mut channels: Vec<&Channel> = self.channels.iter().collect();
        channels.sort_by(|one, other| one.key.cmp(&other.key));
        let mut scaled = Scaled { step_s, keys: vec![], healthy: vec![], faulty: vec![] };
        for channel in channels {
            let Some((healthy, faulty)) = scale(&held(&channel.values, &places), lead_in) else { continue };
            if scaled.keys.last() == Some(&channel.key) {
                return Err(NoSignature::KeyTwice(channel.key.clone()));
            }
            scaled.keys.push(channel.key.clone());
            scaled.healthy.push(healthy);
            scaled.faulty.push(faulty);
        }
        if scaled.keys.is_empty() { Err(NoSignature::Still) } else { Ok(scaled) }
    }

    fn check(&self) -> Result<(), NoSignature> {
        let unordered = |pair: &[f64]| !pair[0].is_finite() || !pair[1].is_finite() || pair[0] >= pair[1];
        if let Some(at) = self.times.windows(2).position(unordered) {
            return Err(NoSignature::Unordered { row: at + 1 });
        }
        let rows = self.times.len();
        match self.channels.iter().find(|channel| channel.values.len() != rows) {
            Some(channel) => Err(NoSignature::Ragged { key: channel.key.clone(), found: channel.values.len(), rows }),
            None if rows < 2 * LEAST_ROWS => Err(NoSignature::TooShort { found: rows, place: "before and from" }),
            None => Ok(()),
        }
    }

    /// The usual step between rows, and for each place of an even grid the row that counts there: the last one not later than half a step on.
    fn grid(&self) -> (f64, Vec<usize>) {
        let mut steps: Vec<f64> = self.times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        steps.sort_by(f64::total_cmp);
        let step = steps[steps.len() / 2];
        let (first, last) = (self.times[0], self.times[self.times.len() - 1]);
        // Gaps are bridged, but not without end: a year of silence is not a million rows.
        let places = (((last - first) / step).round() as usize + 1).min(4 * self.times.len());
        let row_at = |place: usize| self.times.partition_point(|time| *time <= first + (place as f64 + 0.5) * step).max(1) - 1;
        (step, (0..places).map(row_at).collect())
    }
}

/// The values at these rows; a gap holds the last good value, a gap at the start the first one. Empty if there is none.
fn held(values: &[f64], places: &[usize]) -> Vec<f64> {
    let Some(mut last) = values.iter().copied().find(|value| value.is_finite()) else { return vec![] };
    let filled: Vec<f64> = values
        .iter()
        .map(|value| {
            if value.is_finite() {
                last = *value;
            }
            last
        })
        .collect();
    places.iter().map(|place| filled[*place]).collect()
}

/// `None` for a channel that never moves.
fn scale(values: &[f64], lead_in: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let (mean, deviation) = moments(values.get(..lead_in)?);
    let (_, overall) = moments(values);
    let unseen = unseen_share(values.get(..lead_in)?);
    let scale = (deviation / (1.0 - unseen).sqrt()).max(LEAST_SCALE * overall);
    // Rounding of a constant in floating point is no movement.
    if !scale.is_finite() || scale <= 1e-12 * mean.abs() {
        return None;
    }
    let mut healthy: Vec<f64> = values.iter().map(|value| (value - mean) / scale).collect();
    let faulty = healthy.split_off(lead_in);
    Some((healthy, faulty))
}

/// Share of a wandering channel's variance that so short a lead-in does not show: about τ/n, with τ = (1+ρ)/(1-ρ) of a first-order process
/// (Bayley and Hammersley 1946), ρ corrected for its own bias (Kendall 1954).
fn unseen_share(healthy: &[f64]) -> f64 {
    let count = healthy.len() as f64;
    let (mean, deviation) = moments(healthy);
    if deviation <= 0.0 || count < 6.0 {
        return 0.0;
    }
    let products: f64 = healthy.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    let found = products / (count * deviation * deviation);
    let rho = ((count * found + 1.0) / (count - 3.0)).clamp(0.0, 0.99);
    ((1.0 + rho) / (1.0 - rho) / count).min(MOST_UNSEEN)
}

/// Mean and standard deviation (of the population).
pub(super) fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn episode(times: Vec<f64>, values: Vec<f64>, onset: f64) -> Episode {
        Episode { times, channels: vec![Channel { key: ChannelKey::new("flow", "discharge"), values }], onset }
    }
    fn wavy(rows: u32) -> (Vec<f64>, Vec<f64>) {
        (0..rows).map(|row| (f64::from(row), f64::from(row * 7919 % 101))).unzip()
    }

    #[test]
    fn a_jitter_of_the_clock_and_gaps_change_no_value_that_was_read() {
        let (times, values) = wavy(40);
        let even = episode(times.clone(), values.clone(), 20.0).scaled().unwrap();
        let jittered = times.iter().enumerate().map(|(row, time)| time + if row % 3 == 0 { 0.1 } else { 0.0 }).collect();
        let scaled = episode(jittered, values.clone(), 20.0).scaled().unwrap();
        assert_eq!((even.healthy.clone(), even.faulty), (scaled.healthy, scaled.faulty));
        let mut gappy = values;
        gappy[5] = f64::NAN;
        let scaled = episode(times, gappy, 20.0).scaled().unwrap();
        assert_eq!(scaled.healthy[0][5], scaled.healthy[0][4]);
        assert_eq!(scaled.healthy[0].len(), even.healthy[0].len());
    }

    #[test]
    fn what_cannot_be_remembered_is_refused_with_what_to_do() {
        let (times, values) = wavy(40);
        let refused = |episode: Episode| episode.scaled().unwrap_err();
        assert_eq!(refused(episode(times.clone(), values.clone(), 3.0)), NoSignature::TooShort { found: 3, place: "before" });
        assert_eq!(refused(episode(times.clone(), values.clone(), 38.0)), NoSignature::TooShort { found: 2, place: "from" });
        assert_eq!(refused(episode(times.clone(), vec![1.0; 40], 20.0)), NoSignature::Still);
        assert_eq!(refused(episode(times.clone(), vec![f64::NAN; 40], 20.0)), NoSignature::Still);
        assert!(matches!(refused(episode(times.clone(), values[1..].to_vec(), 20.0)), NoSignature::Ragged { .. }));
        let mut twice = times.clone();
        twice[7] = twice[6];
        assert_eq!(refused(episode(twice, values.clone(), 20.0)), NoSignature::Unordered { row: 7 });
        let mut doubled = episode(times, values, 20.0);
        doubled.channels.push(doubled.channels[0].clone());
        assert!(matches!(refused(doubled), NoSignature::KeyTwice(_)));
    }
}
