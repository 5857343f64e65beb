//! What training saw: rows of an asset's signals, evenly thinned so that two days need no more memory than twenty minutes.

use serde::{Deserialize, Serialize};

/// Rows kept at most. Signals smoothed at .2 forget within ten rows, so thinning loses little: 512 rows still hold every channel's spread.
const MOST: usize = 1_024;

/// Keeps every `stride`-th row; when full, every second of those kept goes and the stride doubles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Diary {
    width: usize,
    stride: u64,
    seen: u64,
    values: Vec<f64>,
}

impl Diary {
    pub fn new(width: usize) -> Self {
        Self { width, stride: 1, seen: 0, values: Vec::new() }
    }

    pub fn write(&mut self, row: &[f64]) {
        debug_assert_eq!(row.len(), self.width, "a diary's rows have one width");
        if self.seen.is_multiple_of(self.stride) {
            self.values.extend_from_slice(row);
            if self.len() == MOST {
                self.thin();
            }
        }
        self.seen += 1;
    }

    fn thin(&mut self) {
        let kept = self.rows().step_by(2).flatten().copied().collect();
        self.values = kept;
        self.stride *= 2;
    }

    pub fn len(&self) -> usize {
        self.values.len() / self.width.max(1)
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub fn rows(&self) -> impl Iterator<Item = &[f64]> + Clone {
        self.values.chunks_exact(self.width.max(1))
    }

    pub fn column(&self, channel: usize) -> impl Iterator<Item = f64> + Clone {
        self.values.iter().copied().skip(channel).step_by(self.width.max(1))
    }
}

/// Mean and standard deviation of a column.
pub fn mean_and_std(column: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = column.clone().count().max(1) as f64;
    let mean = column.clone().sum::<f64>() / count;
    let variance = column.map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

/// How far a channel wandered in training: the range of its block means over its spread within blocks. White noise gives well under 1.
pub fn wandering(column: &[f64], blocks: usize) -> f64 {
    let length = (column.len() / blocks.max(1)).max(1);
    let figures: Vec<(f64, f64)> = column.chunks_exact(length).map(|block| mean_and_std(block.iter().copied())).collect();
    let lowest = figures.iter().map(|(mean, _)| *mean).fold(f64::INFINITY, f64::min);
    let highest = figures.iter().map(|(mean, _)| *mean).fold(f64::NEG_INFINITY, f64::max);
    let within = (figures.iter().map(|(_, std)| std * std).sum::<f64>() / figures.len().max(1) as f64).sqrt();
    (highest - lowest) / within.max(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_days_of_rows_are_kept_evenly_within_bounds() {
        let mut diary = Diary::new(1);
        (0..172_800).for_each(|second| diary.write(&[f64::from(second)]));
        assert!((MOST / 2..=MOST).contains(&diary.len()), "{}", diary.len());
        let kept: Vec<f64> = diary.column(0).collect();
        let steps: Vec<f64> = kept.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| *step == steps[0]));
    }

    #[test]
    fn a_trend_wanders_and_noise_does_not() {
        let noise: Vec<f64> = (0..400).map(|i| f64::from(i * 7919 % 101)).collect();
        let trend: Vec<f64> = (0..400).map(|i| f64::from(i * 7919 % 101) + f64::from(i)).collect();
        assert!(wandering(&noise, 8) < 0.8, "{}", wandering(&noise, 8));
        assert!(wandering(&trend, 8) > 5.0);
    }
}
