//! Learning the distance: what the row before implies, how far rows stray from that, and from where on it is too far.
//!
//! The limit is found by cross-validation: the training is cut into stretches, and each is judged by what the others taught. So rows are
//! judged as tomorrow's will be, by a model that has not seen them, and many channels on few rows do not make the limit too tight.

use super::{
    Mewma, MewmaSettings,
    changes::Changes,
    linear::{distance, mean, minus, quantile, regression, whitening},
};
use crate::monitor::{
    hysteresis::Alarm,
    training::{Diary, mean_and_std, wandering},
};
use nalgebra::{DMatrix, RowDVector};
use serde::{Deserialize, Serialize};

/// Fewer rows than this are no training.
const FEWEST: usize = 30;

/// Learns from rows until told to finish. A row has one number per channel; NaN means that there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MewmaTraining {
    settings: MewmaSettings,
    /// Rows, and of each the row before it; then the same smoothed. Thinned alike, so that they keep belonging together.
    raw: Diary,
    before: Diary,
    smooth: Diary,
    smooth_before: Diary,
    last: Vec<f64>,
    smoothed: Vec<f64>,
    smoothed_before: Vec<f64>,
}

/// What was learned of some rows, in standardised numbers.
struct Model {
    mean: RowDVector<f64>,
    coefficients: DMatrix<f64>,
    whiten: Vec<f64>,
}

/// The training of the channels that moved, standardised.
struct Sample {
    now: DMatrix<f64>,
    before: DMatrix<f64>,
    smooth: DMatrix<f64>,
    smooth_before: DMatrix<f64>,
    doubt: Vec<f64>,
}

impl MewmaTraining {
    pub fn new(channels: usize, settings: MewmaSettings) -> Self {
        let diary = || Diary::new(channels);
        let (last, smoothed, smoothed_before) = (vec![], vec![], vec![]);
        Self { settings, raw: diary(), before: diary(), smooth: diary(), smooth_before: diary(), last, smoothed, smoothed_before }
    }

    /// Rows with a gap are passed over: a covariance needs whole rows.
    pub fn learn(&mut self, row: &[f64]) {
        if row.iter().any(|value| !value.is_finite()) {
            return;
        }
        if self.last.is_empty() {
            self.last.extend_from_slice(row);
            self.smoothed.extend_from_slice(row);
        }
        self.smoothed_before.clone_from(&self.smoothed);
        for (smoothed, value) in self.smoothed.iter_mut().zip(row) {
            *smoothed += self.settings.smoothing * (value - *smoothed);
        }
        self.raw.write(row);
        self.before.write(&self.last);
        self.smooth.write(&self.smoothed);
        self.smooth_before.write(&self.smoothed_before);
        self.last.copy_from_slice(row);
    }

    /// The rows it has kept, for whoever learns from the same training.
    pub fn rows(&self) -> &Diary {
        &self.raw
    }

    /// `None` when no channel moved at all, or when fewer rows came than a spread can be told from.
    pub fn finish(&self) -> Option<Mewma> {
        let figures = |channel: usize| mean_and_std(self.raw.column(channel));
        let channels: Vec<usize> = (0..self.last.len()).filter(|channel| figures(*channel).1 > f64::EPSILON).collect();
        if channels.is_empty() || self.raw.len() < FEWEST {
            return None;
        }
        let (mean, std): (Vec<f64>, Vec<f64>) = channels.iter().map(|channel| figures(*channel)).unzip();
        let scale: Vec<f64> = std.iter().map(|std| 1.0 / std).collect();
        let standard = |row: &[f64]| -> Vec<f64> { (0..channels.len()).map(|i| (row[channels[i]] - mean[i]) * scale[i]).collect() };
        let matrix = |diary: &Diary| {
            let values: Vec<f64> = diary.rows().flat_map(standard).collect();
            DMatrix::from_row_slice(diary.len(), channels.len(), &values)
        };
        let sample = Sample {
            now: matrix(&self.raw),
            before: matrix(&self.before),
            smooth: matrix(&self.smooth),
            smooth_before: matrix(&self.smooth_before),
            doubt: channels.iter().map(|channel| self.doubt(*channel)).collect(),
        };
        let all: Vec<usize> = (0..self.raw.len()).collect();
        let model = sample.fit(&all, &self.settings)?;
        let limit = sample.limit(&self.settings)?;
        // The mean of all rows is 0 by now.
        let coefficients: Vec<f64> = model.coefficients.transpose().as_slice().to_vec();
        let smoothed = residual(&standard(&self.smoothed), &standard(&self.smoothed_before), &coefficients);
        let last = standard(&self.last);
        let (settings, whiten) = (self.settings, model.whiten);
        let (alarm, changes) = (Alarm::default(), Changes::default());
        Some(Mewma { settings, channels, mean, scale, coefficients, whiten, last, smoothed, limit, alarm, changes })
    }

    /// How much a channel's spread in training says too little about tomorrow: next to nothing for one that stays, without bound for one that
    /// drifts.
    fn doubt(&self, channel: usize) -> f64 {
        let column: Vec<f64> = self.raw.column(channel).collect();
        (wandering(&column, self.settings.gate_blocks) / self.settings.gate).powi(8).min(1e12)
    }
}

/// What is left of a row when what the row before implies is taken away. `coefficients` row by row, one row for each channel of `before`.
fn residual(now: &[f64], before: &[f64], coefficients: &[f64]) -> Vec<f64> {
    let mut left = now.to_vec();
    for (value, weights) in before.iter().zip(coefficients.chunks_exact(now.len().max(1))) {
        left.iter_mut().zip(weights).for_each(|(left, weight)| *left -= value * weight);
    }
    left
}

impl Sample {
    fn fit(&self, rows: &[usize], settings: &MewmaSettings) -> Option<Model> {
        let now = self.now.select_rows(rows);
        let mean = mean(&now);
        let (before, now) = (minus(self.before.select_rows(rows), &mean), minus(now, &mean));
        let coefficients = regression(&before, &now, settings.ridge * rows.len() as f64, &self.doubt)?;
        let unfitted = Model { mean, coefficients, whiten: vec![] };
        let warm: Vec<usize> = rows.iter().copied().filter(|row| *row >= self.warm_up()).collect();
        let whiten = whitening(&self.residuals(&unfitted, &warm), settings.shrinkage, &self.doubt)?;
        Some(Model { whiten, ..unfitted })
    }

    fn residuals(&self, model: &Model, rows: &[usize]) -> DMatrix<f64> {
        let of = |matrix: &DMatrix<f64>| minus(matrix.select_rows(rows), &model.mean);
        of(&self.smooth) - of(&self.smooth_before) * &model.coefficients
    }

    fn distances(&self, model: &Model, rows: &[usize]) -> Vec<f64> {
        let residuals = self.residuals(model, rows).transpose();
        residuals.column_iter().map(|row| distance(&model.whiten, row.as_slice())).collect()
    }

    /// Each stretch judged by what the others taught.
    fn limit(&self, settings: &MewmaSettings) -> Option<f64> {
        let count = self.now.nrows();
        let length = count.div_ceil(settings.folds.max(2));
        let mut distances = Vec::with_capacity(count);
        for from in (0..count).step_by(length) {
            let fold = from..(from + length).min(count);
            let others: Vec<usize> = (0..count).filter(|row| !fold.contains(row)).collect();
            let judged: Vec<usize> = fold.filter(|row| *row >= self.warm_up()).collect();
            distances.extend(self.distances(&self.fit(&others, settings)?, &judged));
        }
        distances.sort_by(f64::total_cmp);
        let (far, middle) = (quantile(&distances, settings.quantile), quantile(&distances, 0.5));
        let limit = far + settings.margin * (far - middle);
        (limit > 0.0).then_some(limit)
    }

    /// The smoothed vector starts at a raw row, so its first rows lie further out than any later one.
    fn warm_up(&self) -> usize {
        (self.now.nrows() / 4).min(20)
    }
}
