//! Learning the distance: how far smoothed rows stray from the mean, and from where on it is too far.
//!
//! The limit is found by cross-validation: the training is cut into stretches, and each is judged by what the others taught. So rows are
//! judged as tomorrow's will be, by a model that has not seen them, and many channels on few rows do not make the limit too tight.

use super::{
    Mewma, MewmaSettings,
    changes::Changes,
    innovation,
    linear::{distance, quantile, whitening},
    restless::Restless,
};
use crate::monitor::{
    hysteresis::Alarm,
    training::{Diary, mean_and_std, wandering},
};
use nalgebra::{DMatrix, RowDVector};
use serde::{Deserialize, Serialize};

/// Fewer rows than this are no training.
const FEWEST: usize = 30;
/// How steeply doubt grows beyond the gate: at twice the gate a channel's variance counts 256 times over.
const STEEPNESS: i32 = 8;

/// Learns from rows until told to finish. A row has one number per channel; NaN means that there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MewmaTraining {
    settings: MewmaSettings,
    raw: Diary,
    smooth: Diary,
    /// The two rows before each that was kept, so that thinning does not part a row from its past.
    before: Diary,
    smoothed: Vec<f64>,
    /// The last row and the one before it.
    recent: Vec<f64>,
}

/// What was learned of some rows, in standardised numbers.
struct Model {
    mean: RowDVector<f64>,
    whiten: Vec<f64>,
}

/// The training of the channels that moved, standardised.
struct Sample {
    raw: DMatrix<f64>,
    smooth: DMatrix<f64>,
    doubt: Vec<f64>,
}

impl MewmaTraining {
    pub fn new(channels: usize, settings: MewmaSettings) -> Self {
        let (raw, smooth, before) = (Diary::new(channels), Diary::new(channels), Diary::new(2 * channels));
        Self { settings, raw, smooth, before, smoothed: vec![], recent: vec![] }
    }

    /// Rows with a gap are passed over: a covariance needs whole rows.
    pub fn learn(&mut self, row: &[f64]) {
        if row.iter().any(|value| !value.is_finite()) {
            return;
        }
        if self.smoothed.is_empty() {
            self.smoothed.extend_from_slice(row);
            self.recent = row.repeat(2);
        }
        for (smoothed, value) in self.smoothed.iter_mut().zip(row) {
            *smoothed += self.settings.smoothing * (value - *smoothed);
        }
        self.raw.write(row);
        self.smooth.write(&self.smoothed);
        self.before.write(&self.recent);
        self.recent.rotate_right(row.len());
        self.recent[..row.len()].copy_from_slice(row);
    }

    /// The rows it has kept, for whoever learns from the same training.
    pub fn rows(&self) -> &Diary {
        &self.raw
    }

    /// `None` when no channel moved at all, or when fewer rows came than a spread can be told from.
    pub fn finish(&self) -> Option<Mewma> {
        let figures = |channel: usize| mean_and_std(self.raw.column(channel));
        let channels: Vec<usize> = (0..self.smoothed.len()).filter(|channel| figures(*channel).1 > f64::EPSILON).collect();
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
        let doubt = channels.iter().map(|channel| self.doubt(*channel)).collect();
        let sample = Sample { raw: matrix(&self.raw), smooth: matrix(&self.smooth), doubt };
        let all: Vec<usize> = (0..self.raw.len()).collect();
        let whiten = sample.fit(&all, &self.settings)?.whiten;
        let limit = sample.limit(&self.settings)?;
        let smoothed = standard(&self.smoothed);
        let restless = self.restless(&channels, &mean, &scale);
        let (settings, alarm, changes) = (self.settings, Alarm::default(), Changes::default());
        Some(Mewma { settings, channels, mean, scale, whiten, smoothed, limit, restless, alarm, changes })
    }

    /// How the channels moved, from the same rows; `mean` and `scale` standardise them.
    fn restless(&self, channels: &[usize], mean: &[f64], scale: &[f64]) -> Restless {
        let width = self.smoothed.len();
        let standard = |place: usize, value: f64| (value - mean[place]) * scale[place];
        let past = |place: usize, recent: &[f64]| [0, width].map(|back| standard(place, recent[back + channels[place]]));
        let rows = |place: usize| {
            self.raw.rows().zip(self.before.rows()).map(move |(row, before)| (standard(place, row[channels[place]]), past(place, before)))
        };
        let sample = |place: usize| innovation::Sample {
            rows: rows(place).map(|(now, [last, before])| [now, last, before]).collect(),
            blocks: self.settings.gate_blocks,
        };
        let samples: Vec<innovation::Sample> = (0..channels.len()).map(sample).collect();
        let last: Vec<[f64; 2]> = (0..channels.len()).map(|place| past(place, &self.recent)).collect();
        Restless::learn(&samples, &last, self.settings.folds)
    }

    /// How much a channel's spread in training says too little about tomorrow: next to nothing for one that stays, without bound for one that
    /// drifts.
    fn doubt(&self, channel: usize) -> f64 {
        let column: Vec<f64> = self.raw.column(channel).collect();
        (wandering(&column, self.settings.gate_blocks) / self.settings.gate).powi(STEEPNESS).min(1e12)
    }
}

impl Sample {
    fn fit(&self, rows: &[usize], settings: &MewmaSettings) -> Option<Model> {
        let unfitted = Model { mean: self.raw.select_rows(rows).row_mean(), whiten: vec![] };
        let warm: Vec<usize> = rows.iter().copied().filter(|row| *row >= self.warm_up()).collect();
        let whiten = whitening(&self.departures(&unfitted, &warm), settings.shrinkage, &self.doubt)?;
        Some(Model { whiten, ..unfitted })
    }

    /// Smoothed rows less the mean.
    fn departures(&self, model: &Model, rows: &[usize]) -> DMatrix<f64> {
        let mut smooth = self.smooth.select_rows(rows);
        smooth.row_iter_mut().for_each(|mut row| row -= &model.mean);
        smooth
    }

    fn distances(&self, model: &Model, rows: &[usize]) -> Vec<f64> {
        let departures = self.departures(model, rows).transpose();
        departures.column_iter().map(|row| distance(&model.whiten, row.as_slice())).collect()
    }

    /// Each stretch judged by what the others taught.
    fn limit(&self, settings: &MewmaSettings) -> Option<f64> {
        let count = self.raw.nrows();
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
        (self.raw.nrows() / 4).min(20)
    }
}
