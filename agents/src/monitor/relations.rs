//! What a machine's signals say about each other: each against what the others imply, learned in training.
//!
//! One matrix answers both questions that tell a sensor's fault from a machine's: how far is this signal from what the
//! others imply, and do the others agree among themselves without it?

use super::training::{Diary, mean_and_std};
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relations {
    /// Which of a row's numbers it knows.
    channels: Vec<usize>,
    mean: Vec<f64>,
    std: Vec<f64>,
    /// Inverse correlation, row by row.
    precision: Vec<f64>,
}

/// One signal against the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Against {
    /// Departure from what the others imply, in standard deviations of that departure in training; signed.
    pub residual: f64,
    /// How far the others are from normal without this one: root mean square, in standard deviations.
    pub others: f64,
    /// Share of its variance that the others explain, 0 to 1.
    pub testimony: f64,
}

impl Relations {
    /// Added to each signal's own variance: two signals that always moved together may part a little.
    const RIDGE: f64 = 0.02;

    /// `None` with fewer than two channels that moved.
    pub fn learn(rows: &Diary, width: usize) -> Option<Self> {
        let figures: Vec<(usize, (f64, f64))> = (0..width).map(|channel| (channel, mean_and_std(rows.column(channel)))).collect();
        let moving: Vec<_> = figures.into_iter().filter(|(_, (mean, std))| *std > 1e-9 * mean.abs().max(1e-3)).collect();
        if moving.len() < 2 {
            return None;
        }
        let channels: Vec<usize> = moving.iter().map(|(channel, _)| *channel).collect();
        let (mean, std): (Vec<f64>, Vec<f64>) = moving.iter().map(|(_, figures)| *figures).unzip();
        let columns: Vec<DVector<f64>> = channels
            .iter()
            .zip(mean.iter().zip(&std))
            .map(|(channel, (mean, std))| DVector::from_iterator(rows.len(), rows.column(*channel).map(|value| (value - mean) / std)))
            .collect();
        let count = rows.len() as f64;
        let correlation =
            DMatrix::from_fn(channels.len(), channels.len(), |i, j| columns[i].dot(&columns[j]) / count + if i == j { Self::RIDGE } else { 0.0 });
        let precision = correlation.cholesky()?.inverse().as_slice().to_vec();
        Some(Self { channels, mean, std, precision })
    }

    /// For each of the row's numbers, if it is known here. A number that is missing counts as normal.
    pub fn judge(&self, row: &[f64]) -> Vec<Option<Against>> {
        let width = self.channels.len();
        let standard: Vec<f64> = self
            .channels
            .iter()
            .zip(self.mean.iter().zip(&self.std))
            .map(|(channel, (mean, std))| (row[*channel] - mean) / std)
            .map(|value| if value.is_finite() { value } else { 0.0 })
            .collect();
        let pulls: Vec<f64> =
            self.precision.chunks_exact(width).map(|weights| weights.iter().zip(&standard).map(|(weight, value)| weight * value).sum()).collect();
        let whole: f64 = pulls.iter().zip(&standard).map(|(pull, value)| pull * value).sum();
        let mut judged = vec![None; row.len()];
        for (place, channel) in self.channels.iter().enumerate() {
            let own = self.precision[place * width + place];
            let residual = pulls[place] / own.sqrt();
            // The squared distance of all falls by exactly this residual's square when one signal is left out.
            let others = ((whole - residual * residual).max(0.0) / (width - 1) as f64).sqrt();
            let testimony = (1.0 - 1.0 / own).clamp(0.0, 1.0);
            judged[*channel] = Some(Against { residual, others, testimony });
        }
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three signals that follow one load, and a fourth that goes its own way.
    fn learned() -> Relations {
        let mut diary = Diary::new(4);
        for i in 0..500_u32 {
            let noise = |k: u32| f64::from((i * 7_919 + k * 104_729) % 101) / 101.0 - 0.5;
            let load = noise(9) * 4.0;
            diary.write(&[load + noise(1), 2.0 * load + noise(2), -load + noise(3), noise(4)]);
        }
        Relations::learn(&diary, 4).unwrap()
    }

    #[test]
    fn a_load_change_leaves_the_signals_consistent() {
        let judged = learned().judge(&[2.0, 4.0, -2.0, 0.0]);
        assert!(judged.iter().flatten().all(|against| against.residual.abs() < 2.0), "{judged:?}");
    }

    #[test]
    fn one_lying_sensor_stands_alone_against_consistent_others() {
        let judged = learned().judge(&[3.0, 0.0, 0.0, 0.0]);
        let liar = judged[0].unwrap();
        assert!(liar.residual > 5.0 && liar.others < 0.5, "{liar:?}");
        assert!(liar.testimony > 0.8 && judged[3].unwrap().testimony < 0.5, "{judged:?}");
        assert!(judged[1].unwrap().others > 1.0, "with the liar among them the others do not agree");
    }

    #[test]
    fn a_signal_that_never_moved_is_not_judged() {
        let mut diary = Diary::new(3);
        (0..100_u32).for_each(|i| diary.write(&[f64::from(i % 7), 5.0, f64::from(i % 11)]));
        let judged = Relations::learn(&diary, 3).unwrap().judge(&[1.0, 6.0, 1.0]);
        assert!(judged[1].is_none() && judged[0].is_some());
    }
}
