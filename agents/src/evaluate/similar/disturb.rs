//! What another vendor does to a recording: other units, fewer samples, more noise. Seeded, so that a loss can be looked at again.

use crate::seeded::Seeded;
use millwright_domain::memory::Episode;

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Disturbance {
    /// Every channel in a unit of its own: a factor from 0.01 to 1,000 and an offset.
    pub units: bool,
    /// Only every so many-th row; 1 keeps all.
    pub every: usize,
    /// Standard deviation of added noise as a share of the channel's own before the onset.
    pub noise: f64,
    pub seed: u64,
}

impl Disturbance {
    pub const NONE: Self = Self { units: false, every: 1, noise: 0.0, seed: 0 };

    /// `name` tells the dice of one episode from those of another.
    pub fn of(&self, episode: &Episode, name: &str) -> Episode {
        let mut dice = Seeded::named(self.seed, name);
        let mut changed = episode.clone();
        changed.times = thinned(&episode.times, self.every);
        for channel in &mut changed.channels {
            let healthy = episode.times.iter().zip(&channel.values).filter(|(time, value)| **time < episode.onset && value.is_finite());
            let sd = deviation(healthy.map(|(_, value)| *value));
            let (factor, offset) = if self.units { (10_f64.powf(dice.between(-2.0, 3.0)), 100.0 * dice.normal()) } else { (1.0, 0.0) };
            channel.values = thinned(&channel.values, self.every);
            for value in &mut channel.values {
                let noise = if self.noise > 0.0 { self.noise * sd * dice.normal() } else { 0.0 };
                *value = factor * (*value + noise + offset * sd);
            }
        }
        changed
    }
}

fn thinned(values: &[f64], every: usize) -> Vec<f64> {
    values.iter().step_by(every.max(1)).copied().collect()
}

fn deviation(values: impl Iterator<Item = f64>) -> f64 {
    let values: Vec<f64> = values.collect();
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
}
