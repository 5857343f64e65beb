//! The last five minutes of one signal in buckets of five seconds: mean, spread and slope over any part of them, at a few nanoseconds a reading.

use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// Seconds that one bucket spans; every window is a multiple.
pub const BUCKET_S: i64 = 5;
/// Five minutes, the bucket being filled, and a margin.
const KEPT: usize = 64;
/// How far back jitter is looked at: a minute, or all that is kept.
const SHORT_S: i64 = 60;
const LONG_S: i64 = 300;
/// Buckets. Of fewer, two or three chance steps are the middle one.
const ENOUGH: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Bucket {
    number: i64,
    count: u32,
    bad: u32,
    /// Of departures from the origin.
    sum: f64,
    squares: f64,
    /// Squares of the steps from reading to reading.
    steps: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Windows {
    #[serde(deserialize_with = "whole_ring")]
    buckets: Vec<Bucket>,
    /// The first value seen. Sums of departures from it keep their digits where sums of values would lose them.
    origin: Option<f64>,
    /// Departure of the latest reading.
    latest: f64,
}

/// Figures of one window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    pub count: u32,
    pub mean: f64,
    pub std: f64,
    /// Change over the whole window, by least squares over the buckets.
    pub change: f64,
}

impl Default for Windows {
    fn default() -> Self {
        Self { buckets: vec![Bucket::default(); KEPT], origin: None, latest: 0.0 }
    }
}

/// A ring of another length is another version's.
fn whole_ring<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Bucket>, D::Error> {
    let buckets: Vec<Bucket> = Vec::deserialize(deserializer)?;
    if buckets.len() == KEPT { Ok(buckets) } else { Err(D::Error::invalid_length(buckets.len(), &"64 buckets")) }
}

/// The bucket that a time in microseconds falls in.
pub const fn bucket_of(micros: i64) -> i64 {
    micros.div_euclid(BUCKET_S * 1_000_000)
}

impl Windows {
    pub fn add(&mut self, bucket: i64, value: f64) {
        let departure = value - *self.origin.get_or_insert(value);
        let step = departure - self.latest;
        self.latest = departure;
        let bucket = self.bucket(bucket);
        bucket.count += 1;
        bucket.sum += departure;
        bucket.squares += departure * departure;
        bucket.steps += step * step;
    }

    /// A reading came, but none to reckon with.
    pub fn miss(&mut self, bucket: i64) {
        self.bucket(bucket).bad += 1;
    }

    fn bucket(&mut self, number: i64) -> &mut Bucket {
        // KEPT is a power of two, so the mask is the remainder, below 0 as well, and the place is always there.
        let bucket = &mut self.buckets[(number & (KEPT as i64 - 1)) as usize];
        if bucket.number != number {
            // A later number in its place means that the source's clock was set back by more than is kept: what is now, counts.
            *bucket = Bucket { number, ..Bucket::default() };
        }
        bucket
    }

    fn within(&self, end: i64, seconds: i64) -> impl Iterator<Item = &Bucket> {
        let span = end - seconds / BUCKET_S..end;
        self.buckets.iter().filter(move |bucket| span.contains(&bucket.number))
    }

    /// Over the `seconds` before bucket `end`. `None` without a reading.
    pub fn figures(&self, end: i64, seconds: i64) -> Option<Figures> {
        let (mut count, mut sum, mut squares) = (0_u32, 0.0, 0.0);
        for bucket in self.within(end, seconds) {
            count += bucket.count;
            sum += bucket.sum;
            squares += bucket.squares;
        }
        let origin = self.origin?;
        if count == 0 {
            return None;
        }
        let departure = sum / f64::from(count);
        let variance = (squares / f64::from(count) - departure * departure).max(0.0);
        let change = self.slope(end, seconds) * (seconds / BUCKET_S) as f64;
        Some(Figures { count, mean: origin + departure, std: variance.sqrt(), change })
    }

    /// Change per bucket.
    fn slope(&self, end: i64, seconds: i64) -> f64 {
        let (mut weight, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for bucket in self.within(end, seconds).filter(|bucket| bucket.count > 0) {
            let count = f64::from(bucket.count);
            let place = (bucket.number - end) as f64;
            weight += count;
            x += count * place;
            y += bucket.sum;
            xx += count * place * place;
            xy += bucket.sum * place;
        }
        let spread = xx - x * x / weight;
        if spread > 0.0 { (xy - x * y / weight) / spread } else { 0.0 }
    }

    /// How much the value jitters from reading to reading, and over how many seconds that was looked at: the middle one of the buckets, so that
    /// one step is no noise. Where readings are few the look is longer; the middle of too few says nothing, and is `None`.
    pub fn jitter(&self, end: i64) -> Option<(f64, i64)> {
        [SHORT_S, LONG_S].into_iter().find_map(|seconds| {
            let filled = self.within(end, seconds).filter(|bucket| bucket.count > 0);
            let mut squares: Vec<f64> = filled.map(|bucket| bucket.steps / (2.0 * f64::from(bucket.count))).collect();
            squares.sort_by(f64::total_cmp);
            let middle = squares.get(squares.len() / 2)?;
            (squares.len() >= ENOUGH).then(|| (middle.sqrt(), seconds))
        })
    }

    /// The lowest and the highest mean of a bucket.
    pub fn extent(&self, end: i64, seconds: i64) -> Option<(f64, f64)> {
        let origin = self.origin?;
        let means = self.within(end, seconds).filter(|bucket| bucket.count > 0).map(|bucket| origin + bucket.sum / f64::from(bucket.count));
        means.map(|mean| (mean, mean)).reduce(|(lowest, highest), (mean, _)| (lowest.min(mean), highest.max(mean)))
    }

    /// Share of bad readings; 0 when none came at all, since silence of a whole device is another's to tell.
    pub fn bad_share(&self, end: i64, seconds: i64) -> f64 {
        let (good, bad) = self.within(end, seconds).fold((0, 0), |(good, bad), bucket| (good + bucket.count, bad + bucket.bad));
        f64::from(bad) / f64::from((good + bad).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(seconds: std::ops::Range<i64>, value: impl Fn(f64) -> f64) -> Windows {
        let mut windows = Windows::default();
        seconds.for_each(|second| windows.add(bucket_of(second * 1_000_000), value(second as f64)));
        windows
    }

    #[test]
    fn a_windows_figures_are_those_of_its_readings_and_of_no_others() {
        let windows = filled(0..1_000, |second| if second < 700.0 { 99.0 } else { second });
        let figures = windows.figures(1_000 / BUCKET_S, 300).unwrap();
        assert_eq!((figures.count, figures.mean), (300, 849.5));
        assert!((figures.std - (300.0_f64.powi(2) - 1.0).sqrt() / 12.0_f64.sqrt()).abs() < 1e-6, "{}", figures.std);
        assert!((figures.change - 300.0).abs() < 1e-6, "{}", figures.change);
    }

    #[test]
    fn small_noise_on_a_large_value_keeps_its_spread() {
        let windows = filled(0..60, |second| 1e9 + (second % 2.0) * 0.01);
        assert!((windows.figures(12, 60).unwrap().std - 0.005).abs() < 1e-6);
    }

    #[test]
    fn a_clock_that_is_set_back_starts_the_windows_again() {
        let mut windows = filled(4_000..4_400, |_| 1.0);
        (0..60).for_each(|second| windows.add(bucket_of(second * 1_000_000), 5.0));
        assert_eq!(windows.figures(12, 60).unwrap().mean, 5.0);
        assert!(windows.figures(500, 60).is_none());
    }

    #[test]
    fn jitter_is_the_spread_of_noise_and_blind_to_one_step() {
        let noise = |second: f64| if (second * 7_919.0) % 2.0 < 1.0 { 0.5 } else { -0.5 };
        let quiet = filled(0..60, noise).jitter(12).unwrap();
        let stepped = filled(0..60, |second| noise(second) + if second > 30.0 { 50.0 } else { 0.0 }).jitter(12).unwrap();
        assert!(quiet == stepped && (0.4..0.8).contains(&quiet.0), "{quiet:?} {stepped:?}");
    }

    #[test]
    fn where_readings_are_few_jitter_is_that_of_five_minutes_and_of_too_few_there_is_none() {
        let every = |seconds: i64| {
            let mut windows = Windows::default();
            (0..300 / seconds).for_each(|turn| windows.add(bucket_of(turn * seconds * 1_000_000), (turn % 2) as f64));
            windows.jitter(60)
        };
        assert_eq!(every(1).map(|(_, seconds)| seconds), Some(60));
        assert_eq!(every(30), Some((0.5_f64.sqrt(), 300)));
        assert_eq!(every(60), None);
    }

    #[test]
    fn bad_readings_are_counted_as_a_share() {
        let mut windows = filled(0..30, |_| 1.0);
        (30..60).for_each(|second| windows.miss(bucket_of(second * 1_000_000)));
        assert_eq!(windows.bad_share(12, 60), 0.5);
        assert_eq!(windows.bad_share(500, 60), 0.0);
    }
}
