//! Quantiles of many values in little room: a mergeable DDSketch, right to one per cent of the value, kept as sorted sparse bins.

use thiserror::Error;

/// (1 + α) / (1 − α) for α = 0.01, and its logarithm.
const GAMMA: f64 = 1.01 / 0.99;
const LN_GAMMA: f64 = 0.020_000_666_706_669_435;
/// Nearer to zero than this is zero.
const LEAST: f64 = 1e-9;
/// Moves every key of a positive value above zero; ln(LEAST) / LN_GAMMA is about −1036.
const OFFSET: i32 = 1_100;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sketch {
    /// Place in the order of values, and how many fell there. Ascending.
    bins: Vec<(i32, u64)>,
}

/// Stored bytes that are no sketch.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a stored rollup is cut or overwritten; delete the projections' file, it is rebuilt from the log")]
pub struct BadSketch;

/// Where a value falls: 0 for zero, mirrored for negative ones, so that places order as values do.
pub(crate) fn place(value: f64) -> i32 {
    let size = value.abs();
    if size < LEAST {
        return 0;
    }
    // Finite values reach about ±35,500; the cast cannot overflow.
    let place = (size.ln() / LN_GAMMA).ceil() as i32 + OFFSET;
    if value < 0.0 { -place } else { place }
}

fn value(place: i32) -> f64 {
    if place == 0 {
        return 0.0;
    }
    let size = 2.0 * GAMMA.powi(place.abs() - OFFSET) / (GAMMA + 1.0);
    if place < 0 { -size } else { size }
}

impl Sketch {
    pub(crate) fn add(&mut self, place: i32) {
        match self.bins.binary_search_by_key(&place, |(known, _)| *known) {
            Ok(at) => self.count_more(at, 1),
            Err(at) => self.bins.insert(at, (place, 1)),
        }
    }

    fn count_more(&mut self, at: usize, more: u64) {
        if let Some((_, count)) = self.bins.get_mut(at) {
            *count += more;
        }
    }

    /// As if all values of the other had been added here.
    pub fn merge(&mut self, other: &Self) {
        for (place, count) in &other.bins {
            match self.bins.binary_search_by_key(place, |(known, _)| *known) {
                Ok(at) => self.count_more(at, *count),
                Err(at) => self.bins.insert(at, (*place, *count)),
            }
        }
    }

    pub fn count(&self) -> u64 {
        self.bins.iter().map(|(_, count)| count).sum()
    }

    /// The value that a share `q` of all lies below, to one per cent. `None` of nothing.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let count = self.count();
        let rank = (q.clamp(0.0, 1.0) * count.checked_sub(1)? as f64) as u64;
        let mut below = 0;
        for (place, count) in &self.bins {
            below += count;
            if below > rank {
                return Some(value(*place));
            }
        }
        None
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let mut last = 0;
        for (place, count) in &self.bins {
            let step = i64::from(*place) - last;
            varint(((step << 1) ^ (step >> 63)) as u64, out);
            varint(*count, out);
            last = i64::from(*place);
        }
    }

    pub(crate) fn decode(mut bytes: &[u8]) -> Result<Self, BadSketch> {
        let mut bins: Vec<(i32, u64)> = Vec::new();
        let mut last = 0_i64;
        while !bytes.is_empty() {
            let step = read_varint(&mut bytes)?;
            let count = read_varint(&mut bytes)?;
            last = last.checked_add((step >> 1) as i64 ^ -((step & 1) as i64)).ok_or(BadSketch)?;
            let place = i32::try_from(last).or(Err(BadSketch))?;
            if bins.last().is_some_and(|(before, _)| *before >= place) {
                return Err(BadSketch);
            }
            bins.push((place, count));
        }
        Ok(Self { bins })
    }
}

/// Seven bits a byte, least first; the high bit says that more follow.
fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_varint(bytes: &mut &[u8]) -> Result<u64, BadSketch> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(BadSketch)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(BadSketch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Sketch {
        let mut sketch = Sketch::default();
        values.iter().for_each(|value| sketch.add(place(*value)));
        sketch
    }

    #[test]
    fn the_logarithm_is_gammas() {
        assert!((GAMMA.ln() - LN_GAMMA).abs() < 1e-15);
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(Sketch::default().quantile(0.5), None);
    }

    proptest! {
        #[test]
        fn a_quantile_is_right_to_one_per_cent(mut values in prop::collection::vec(-1e6..1e6_f64, 1..300), q in 0.0..=1.0_f64) {
            let said = of(&values).quantile(q).unwrap();
            values.sort_by(f64::total_cmp);
            let exact = values[(q * (values.len() - 1) as f64) as usize];
            prop_assert!((said - exact).abs() <= exact.abs() * 0.010_1 + 2e-9, "{said} for {exact}");
        }

        #[test]
        fn merging_is_as_adding_all(left in prop::collection::vec(-1e3..1e3_f64, 0..50), right in prop::collection::vec(-1e3..1e3_f64, 0..50)) {
            let mut merged = of(&left);
            merged.merge(&of(&right));
            prop_assert_eq!(merged, of(&[left, right].concat()));
        }

        #[test]
        fn a_sketch_reads_as_it_is_written(values in prop::collection::vec(prop::num::f64::NORMAL, 0..100)) {
            let mut bytes = vec![];
            of(&values).encode(&mut bytes);
            prop_assert_eq!(Sketch::decode(&bytes), Ok(of(&values)));
        }

        #[test]
        fn any_bytes_are_a_sketch_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(sketch) = Sketch::decode(&bytes) {
                let mut again = vec![];
                sketch.encode(&mut again);
                prop_assert_eq!(Sketch::decode(&again), Ok(sketch));
            }
        }
    }
}
