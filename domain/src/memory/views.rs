//! Six views of an episode in healthy standard deviations: where channels went, how restless they became on which time scale, and which moved together.
//!
//! All of them are taken over times, never over rows, and none needs the value between two samples, so that a slower sampled machine looks the same.

use super::episode::{Scaled, moments};

/// The windows of [`levels`]: the last half of the horizon, the quarter before it, and so on to the onset.
pub const WINDOWS: usize = 5;
/// The lags of [`variograms`]: doubling from 1/256 of the horizon.
pub const LAGS: usize = 6;
/// A horizon has this many cells, each the mean of what was sampled in it.
const CELLS: f64 = 128.0;
/// Shifts well below this many healthy standard deviations are not told from wandering.
const DEAD: f64 = 1.0;
/// Added to squared differences, in healthy variances: sensor noise of a third of the deviation must not hide in a ratio.
const NOISE: f64 = 0.3;
/// So many lags fit into a lead-in until its own figure counts as much as the variance does.
const TRUSTED_LAGS: f64 = 4.0;
/// Cells between the means that [`Motion::slow`] compares.
const SLOW: usize = 4;

/// Signed, and endless figures made finite: one wild channel must not drown the rest.
fn tamed(value: f64) -> f64 {
    value.signum() * value.abs().ln_1p()
}

/// Mean of each window since the onset, soft below [`DEAD`], tamed. `channels × WINDOWS`. An episode shorter than the horizon is its own horizon.
pub fn levels(episode: &Scaled, horizon_s: f64) -> Vec<f64> {
    let mut found = Vec::with_capacity(episode.faulty.len() * WINDOWS);
    for faulty in &episode.faulty {
        let rows = (horizon_s / episode.step_s).min(faulty.len() as f64);
        let mut from = 0;
        for window in 0..WINDOWS {
            let end = rows / f64::from(1_u32 << (WINDOWS - 1 - window));
            let from_row = from.min(faulty.len() - 1);
            let to_row = (end as usize).clamp(from_row + 1, faulty.len());
            let (mean, _) = moments(&faulty[from_row..to_row]);
            found.push(tamed(mean.powi(3) / (mean * mean + DEAD * DEAD)));
            from = end as usize;
        }
    }
    found
}

/// Log ratio of mean squared differences, faulty to healthy, for each lag (a variogram; Matheron 1963). `channels × LAGS`.
/// Differences over one time do not depend on how often one looks between, as first differences and autocorrelations do.
pub fn variograms(episode: &Scaled, horizon_s: f64) -> Vec<f64> {
    let mut found = Vec::with_capacity(episode.faulty.len() * LAGS);
    for (healthy, faulty) in episode.healthy.iter().zip(&episode.faulty) {
        for number in 0..LAGS {
            let lag_s = horizon_s / 256.0 * f64::from(1_u32 << number);
            let lag = ((lag_s / episode.step_s).round() as usize).max(1);
            let lags = healthy.len() as f64 / lag as f64;
            let trust = lags / (lags + TRUSTED_LAGS);
            // Of independent values the squared difference is twice the variance, which is 1 here.
            let normal = trust * squared_difference(healthy, lag) + (1.0 - trust) * 2.0;
            found.push(((squared_difference(faulty, lag) + NOISE) / (normal + NOISE)).ln());
        }
    }
    found
}

fn squared_difference(values: &[f64], lag: usize) -> f64 {
    if values.len() <= lag + 3 {
        return 2.0 * moments(values).1.powi(2);
    }
    let pairs = values.len() - lag;
    values.iter().zip(&values[lag..]).map(|(now, later)| (later - now).powi(2)).sum::<f64>() / pairs as f64
}

/// Which channels move together. The signs of a pair say more than those of its channels: a random disturbance goes either way, but always
/// through the same pipes.
pub struct Motion {
    /// Tamed cell means, one list for each channel.
    cells: Vec<Vec<f64>>,
}

impl Motion {
    pub fn of(episode: &Scaled, horizon_s: f64) -> Self {
        let rows_a_cell = (horizon_s / CELLS / episode.step_s).max(1.0);
        let cells_of = |values: &Vec<f64>| {
            let count = ((values.len() as f64 / rows_a_cell) as usize).max(1);
            let cell = |number: usize| {
                let from = ((number as f64 * rows_a_cell).round() as usize).min(values.len() - 1);
                let to = (((number + 1) as f64 * rows_a_cell).round() as usize).clamp(from + 1, values.len());
                tamed(moments(&values[from..to]).0)
            };
            (0..count).map(cell).collect()
        };
        Self { cells: episode.faulty.iter().map(cells_of).collect() }
    }

    /// About the healthy mean: where everything went.
    pub fn about_normal(&self) -> Vec<f64> {
        products(&self.cells)
    }
    /// About its own mean: what swings, wherever it went.
    pub fn about_itself(&self) -> Vec<f64> {
        let centred = |cells: &Vec<f64>| {
            let (mean, _) = moments(cells);
            cells.iter().map(|cell| cell - mean).collect()
        };
        products(&self.cells.iter().map(centred).collect::<Vec<_>>())
    }
    /// From cell to cell.
    pub fn quick(&self) -> Vec<f64> {
        let change = |cells: &Vec<f64>| cells.windows(2).map(|pair| pair[1] - pair[0]).collect();
        products(&self.cells.iter().map(change).collect::<Vec<_>>())
    }
    /// From four cells to the next four.
    pub fn slow(&self) -> Vec<f64> {
        let change = |cells: &Vec<f64>| {
            let mean = |part: &[f64]| part.iter().sum::<f64>() / SLOW as f64;
            cells.windows(2 * SLOW).map(|both| mean(&both[SLOW..]) - mean(&both[..SLOW])).collect()
        };
        products(&self.cells.iter().map(change).collect::<Vec<_>>())
    }
}

/// Mean product of each pair, channel with channel before it and with itself. Off the diagonal times √2, so that the dot product
/// of two such lists is that of the whole symmetric matrices.
fn products(channels: &[Vec<f64>]) -> Vec<f64> {
    let mut found = Vec::with_capacity(channels.len() * (channels.len() + 1) / 2);
    for (number, one) in channels.iter().enumerate() {
        let count = one.len().max(1) as f64;
        for other in &channels[..number] {
            let sum: f64 = one.iter().zip(other).map(|(one, other)| one * other).sum();
            found.push(std::f64::consts::SQRT_2 * sum / count);
        }
        found.push(one.iter().map(|value| value * value).sum::<f64>() / count);
    }
    found
}
