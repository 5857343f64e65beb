//! The Good values of one signal in one period, in a few figures that can go on growing.

use super::sketch::{BadSketch, Sketch, place};

/// Lengths of the periods that readings are rolled up by, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Period {
    TenSeconds,
    Minute,
    Hour,
}

impl Period {
    pub const ALL: [Self; 3] = [Self::TenSeconds, Self::Minute, Self::Hour];

    pub const fn seconds(self) -> i64 {
        match self {
            Self::TenSeconds => 10,
            Self::Minute => 60,
            Self::Hour => 3_600,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bucket {
    pub count: u64,
    /// Values that could not be reckoned with: uncertain or bad.
    pub not_good: u64,
    pub mean: f64,
    /// Sum of squared distances from the mean (Welford).
    squares: f64,
    pub min: f64,
    pub max: f64,
    sketch: Sketch,
}

impl Bucket {
    pub(crate) fn add(&mut self, value: f64, place: i32) {
        if self.count == 0 {
            (self.min, self.max) = (value, value);
        }
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.sketch.add(place);
    }
    pub(crate) fn add_not_good(&mut self) {
        self.not_good += 1;
    }
    pub fn of(values: &[f64]) -> Self {
        let mut bucket = Self::default();
        values.iter().for_each(|value| bucket.add(*value, place(*value)));
        bucket
    }

    /// Of the values as a whole, not of a sample.
    pub fn std(&self) -> f64 {
        if self.count == 0 { 0.0 } else { (self.squares / self.count as f64).max(0.0).sqrt() }
    }
    /// `None` without a Good value.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        self.sketch.quantile(q).map(|value| value.clamp(self.min, self.max))
    }

    /// What the columns beside it do not hold already.
    pub(crate) fn state(&self) -> Vec<u8> {
        let mut bytes = self.squares.to_le_bytes().to_vec();
        self.sketch.encode(&mut bytes);
        bytes
    }
    pub(crate) fn restored(count: u64, not_good: u64, [mean, min, max]: [f64; 3], state: &[u8]) -> Result<Self, BadSketch> {
        let (squares, sketch) = state.split_first_chunk::<8>().ok_or(BadSketch)?;
        Ok(Self { count, not_good, mean, squares: f64::from_le_bytes(*squares), min, max, sketch: Sketch::decode(sketch)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_values() {
        let bucket = Bucket::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert_eq!((bucket.count, bucket.mean, bucket.std(), bucket.min, bucket.max), (8, 5.0, 2.0, 2.0, 9.0));
        let most = bucket.quantile(1.0).unwrap();
        assert!((8.91..=9.0).contains(&most), "{most}: right to one per cent, and never outside of what was measured");
    }

    #[test]
    fn a_bucket_goes_on_where_it_was_stored() {
        let mut kept = Bucket::of(&[1.5, -2.5, 0.0]);
        let mut restored = Bucket::restored(kept.count, kept.not_good, [kept.mean, kept.min, kept.max], &kept.state()).unwrap();
        for bucket in [&mut kept, &mut restored] {
            bucket.add(7.25, place(7.25));
        }
        assert_eq!(kept, restored);
    }
}
