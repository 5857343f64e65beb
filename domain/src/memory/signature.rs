//! What an episode looked like, free of units, sampling rate and size: six views, each of length 1, to be compared by cosine.

use super::{
    episode::{ChannelKey, Episode, NoSignature},
    views::{LAGS, Motion, WINDOWS, levels, variograms},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Width of a [`Signature::sketch`]: a scan is as slow as memory is, and the short list that whole signatures decide on forgives this width's error.
pub const SKETCH_DIMS: usize = 256;
/// Levels below this (root mean square) are no message, and are not blown up to length 1.
const LEVEL_FLOOR: f64 = 0.25;
const PAIR_VIEWS: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SignatureSettings {
    /// Seconds after the onset in which a fault of this class of machine shows itself. Windows and lags are shares of it, so signatures are
    /// comparable only under one horizon.
    pub horizon_s: f64,
}

/// One episode. Changing any view needs all signatures made anew from the readings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Signature {
    /// Sorted.
    keys: Vec<ChannelKey>,
    /// `channels × WINDOWS`, tamed healthy standard deviations.
    levels: Vec<f32>,
    /// `channels × LAGS`, log ratios.
    variograms: Vec<f32>,
    /// Lower triangles of `channels × channels`, row by row.
    pairs: [Vec<f32>; PAIR_VIEWS],
}

impl Signature {
    pub fn of(episode: &Episode, settings: SignatureSettings) -> Result<Self, NoSignature> {
        let scaled = episode.scaled()?;
        let narrow = |figures: Vec<f64>| figures.into_iter().map(|figure| figure as f32).collect::<Vec<f32>>();
        let motion = Motion::of(&scaled, settings.horizon_s);
        Ok(Self {
            levels: narrow(levels(&scaled, settings.horizon_s)),
            variograms: narrow(variograms(&scaled, settings.horizon_s)),
            pairs: [motion.about_normal(), motion.about_itself(), motion.quick(), motion.slow()].map(narrow),
            keys: scaled.keys,
        })
    }

    pub fn keys(&self) -> &[ChannelKey] {
        &self.keys
    }

    /// -1 to 1, over the channels that both have, times the share of them in the poorer one. Not a percentage: see [`super::Calibration`].
    pub fn similarity(&self, other: &Self) -> f64 {
        if self.keys == other.keys {
            return cosine(&self.flat(), &other.flat());
        }
        let (one, another) = (self.restricted(&other.keys), other.restricted(&self.keys));
        let poorer = self.keys.len().min(other.keys.len()).max(1);
        cosine(&one.flat(), &another.flat()) * one.keys.len() as f64 / poorer as f64
    }

    /// All views in a row, each of length 1. Cosines of these are similarities when the channels are the same.
    pub fn flat(&self) -> Vec<f32> {
        let mut flat = Vec::with_capacity(self.levels.len() + self.variograms.len() + PAIR_VIEWS * self.pairs[0].len());
        push_unit(&mut flat, &self.levels, LEVEL_FLOOR * (self.levels.len() as f64).sqrt());
        push_unit(&mut flat, &self.variograms, 0.0);
        for pairs in &self.pairs {
            push_unit(&mut flat, pairs, 0.0);
        }
        flat
    }

    /// A vector of one width for machines of any channels, for the index: a random projection (Johnson and Lindenstrauss 1984; signs after
    /// Achlioptas 2003), the signs drawn from the channels' own keys. Its cosines are the similarities, give or take 0.06.
    pub fn sketch(&self) -> Vec<f32> {
        let flat = self.flat();
        let mut sketch = vec![0.0_f64; SKETCH_DIMS];
        for (name, value) in self.names().zip(&flat) {
            let mut bits = name;
            for block in sketch.chunks_mut(64) {
                bits = scrambled(bits);
                for (place, sum) in block.iter_mut().enumerate() {
                    let sign = if bits >> place & 1 == 1 { 1.0 } else { -1.0 };
                    *sum += sign * f64::from(*value);
                }
            }
        }
        let scale = (SKETCH_DIMS as f64).sqrt();
        sketch.into_iter().map(|sum| (sum / scale) as f32).collect()
    }

    /// A number for each place of [`Self::flat`], from the view and the keys that it is about.
    fn names(&self) -> impl Iterator<Item = u64> + '_ {
        let hashes: Vec<u64> = self.keys.iter().map(|key| hashed(&key.0)).collect();
        let slots = |view: u64, slots: usize| {
            let hashes = hashes.clone();
            hashes.into_iter().flat_map(move |hash| (0..slots as u64).map(move |slot| scrambled(hash ^ scrambled(view << 8 | slot))))
        };
        let singles = slots(1, WINDOWS).chain(slots(2, LAGS));
        let pairs = (0..PAIR_VIEWS as u64).flat_map(move |view| {
            let hashes = hashes.clone();
            (0..hashes.len()).flat_map(move |one| {
                let hashes = hashes.clone();
                (0..=one).map(move |other| scrambled(hashes[one].wrapping_add(hashes[other]) ^ scrambled(3 + view)))
            })
        });
        singles.chain(pairs)
    }

    /// Only what is about these channels. `keys` sorted.
    fn restricted(&self, keys: &[ChannelKey]) -> Self {
        let kept: Vec<usize> = (0..self.keys.len()).filter(|at| keys.binary_search(&self.keys[*at]).is_ok()).collect();
        let singles = |figures: &[f32], width: usize| kept.iter().flat_map(|at| figures[at * width..(at + 1) * width].to_vec()).collect();
        let pair = |figures: &[f32], one: usize, other: usize| figures[one * (one + 1) / 2 + other];
        let pairs = |figures: &Vec<f32>| {
            let row = |(number, one): (usize, &usize)| kept[..=number].iter().map(|other| pair(figures, *one, *other)).collect::<Vec<f32>>();
            kept.iter().enumerate().flat_map(row).collect()
        };
        Self {
            levels: singles(&self.levels, WINDOWS),
            variograms: singles(&self.variograms, LAGS),
            pairs: self.pairs.each_ref().map(pairs),
            keys: kept.iter().map(|at| self.keys[*at].clone()).collect(),
        }
    }
}

/// `view` divided by its length, which counts as at least about `floor`.
fn push_unit(flat: &mut Vec<f32>, view: &[f32], floor: f64) {
    let squares: f64 = view.iter().map(|value| f64::from(*value).powi(2)).sum();
    let length = (squares + floor * floor).sqrt();
    let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
    flat.extend(view.iter().map(|value| (f64::from(*value) * scale) as f32));
}

/// 0 where one points nowhere.
pub(super) fn cosine(one: &[f32], other: &[f32]) -> f64 {
    let dot = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(one, other)| f64::from(*one) * f64::from(*other)).sum::<f64>();
    let lengths = (dot(one, one) * dot(other, other)).sqrt();
    if lengths > 0.0 { dot(one, other) / lengths } else { 0.0 }
}

/// FNV-1a: sketches are stored, so the hash must never change.
fn hashed(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The finish of SplitMix64 (Steele, Lea and Flood 2014).
fn scrambled(bits: u64) -> u64 {
    let z = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
