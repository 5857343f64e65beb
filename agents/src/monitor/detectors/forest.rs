//! Streaming half-space trees (Tan, Ting and Liu 2011): how few earlier values lay where this one lies, seen with its step and its trend.

use super::ewma::Ewma;
use crate::seeded::Seeded;
use serde::{Deserialize, Serialize};

const TREES: usize = 20;
const DEPTH: usize = 7;
const FEATURES: usize = 3;
const INNER: usize = (1 << DEPTH) - 1;
/// Nodes that fewer values have reached are not divided further.
const SMALL: f64 = 4.0;
/// Values after which what was seen weighs half.
const HALF_LIFE: u32 = 1_000;
const LEAST: u32 = 64;

/// One cut: a feature and where it is cut, in the unit cube.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cut {
    feature: u8,
    at: f32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forest {
    /// Always the same, so they are not stored.
    #[serde(skip, default = "cuts")]
    cuts: Vec<Cut>,
    /// Values that reached a node, by tree and heap order.
    mass: Vec<f32>,
    value: Ewma,
    step: Ewma,
    trend: Ewma,
    last: f64,
    weight: f64,
}

impl Default for Forest {
    fn default() -> Self {
        let slow = Ewma::new(0.001);
        Self { cuts: cuts(), mass: vec![0.0; TREES * (2 * INNER + 1)], value: slow, step: slow, trend: Ewma::new(0.05), last: 0.0, weight: 1.0 }
    }
}

impl Forest {
    pub fn step(&mut self, value: f64) -> f64 {
        if !value.is_finite() {
            return 0.0;
        }
        let difference = if self.value.seen() == 0 { 0.0 } else { value - self.last };
        self.last = value;
        self.trend.learn(value);
        let point = [squash(value, &self.value), squash(difference, &self.step), squash(self.trend.mean, &self.value)];
        self.value.learn(value);
        self.step.learn(difference);
        let known = self.value.seen() > LEAST;
        let all = f64::from(self.mass[0]) / self.weight;
        // The mean of logarithms: in many trees a strange value shares its cell with usual ones, and a mean would hear only those.
        let density: f64 = (0..TREES).map(|tree| (self.visit(tree, &point) + 1.0).ln()).sum::<f64>() / TREES as f64;
        self.age();
        // Higher where fewer values lay; the depth keeps it above 0.
        if known { ((all + 1.0).ln() + DEPTH as f64 - density).max(0.0) } else { 0.0 }
    }

    /// Mass where the value comes to rest, scaled to the volume of the whole; counts the value on its way.
    fn visit(&mut self, tree: usize, point: &[f64; FEATURES]) -> f64 {
        let cuts = &self.cuts[tree * INNER..(tree + 1) * INNER];
        let mass = &mut self.mass[tree * (2 * INNER + 1)..(tree + 1) * (2 * INNER + 1)];
        let mut node = 0;
        let mut density = None;
        for depth in 0..=DEPTH {
            let here = f64::from(mass[node]) / self.weight;
            let leaf = depth == DEPTH;
            if density.is_none() && (here < SMALL || leaf) {
                density = Some(here * f64::from(1_u32 << depth));
            }
            mass[node] += self.weight as f32;
            if leaf {
                break;
            }
            let cut = cuts[node];
            node = 2 * node + 1 + usize::from(point[usize::from(cut.feature)] >= f64::from(cut.at));
        }
        density.unwrap_or_default()
    }

    /// Forgets by making what is new heavier, and now and then all of it lighter.
    fn age(&mut self) {
        self.weight *= (std::f64::consts::LN_2 / f64::from(HALF_LIFE)).exp();
        if self.weight > 1e6 {
            let weight = self.weight as f32;
            self.mass.iter_mut().for_each(|mass| *mass /= weight);
            self.weight = 1.0;
        }
    }
}

/// Of all trees, in heap order.
fn cuts() -> Vec<Cut> {
    const SEED: u64 = 1;
    let mut dice = Seeded::new(SEED);
    let mut cuts = vec![Cut { feature: 0, at: 0.5 }; TREES * INNER];
    for tree in cuts.chunks_mut(INNER) {
        grow(tree, 0, [(0.0, 1.0); FEATURES], &mut dice);
    }
    cuts
}

/// Each cell is cut somewhere in its middle half, across a random feature.
fn grow(tree: &mut [Cut], node: usize, cell: [(f64, f64); FEATURES], dice: &mut Seeded) {
    if node >= tree.len() {
        return;
    }
    let feature = (dice.uniform() * FEATURES as f64) as usize % FEATURES;
    let (low, high) = cell[feature];
    let at = low + (high - low) * (0.25 + 0.5 * dice.uniform());
    tree[node] = Cut { feature: feature as u8, at: at as f32 };
    let (mut left, mut right) = (cell, cell);
    left[feature].1 = at;
    right[feature].0 = at;
    grow(tree, 2 * node + 1, left, dice);
    grow(tree, 2 * node + 2, right, dice);
}

/// Into (0, 1): the middle is the mean, three quarters two deviations.
fn squash(value: f64, usual: &Ewma) -> f64 {
    let deviation = usual.deviation();
    let z = if deviation > 0.0 { (value - usual.mean) / deviation } else { 0.0 };
    0.5 + 0.5 * z / (2.0 + z.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::detectors::testing::Noise;

    #[test]
    fn a_value_between_two_modes_is_strange_though_near_the_mean() {
        let mut noise = Noise(8);
        let mut forest = Forest::default();
        let mut mode = |t: u32| if t % 200 < 100 { -5.0 } else { 5.0 } + 0.3 * noise.normal();
        let usual: Vec<f64> = (0..3_000).map(|t| forest.step(mode(t))).collect();
        let mean = usual[1_000..].iter().sum::<f64>() / 2_000.0;
        (0..3).for_each(|_| {
            forest.step(0.0);
        });
        assert!(forest.step(0.0) > mean + 0.5, "{mean}");
    }
}
