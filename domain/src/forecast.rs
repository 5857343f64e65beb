//! How long until a drifting value reaches its threshold: the drift of the latest stretch carried on, with an interval.
//!
//! The value is held to be a random walk with drift, whose speed and unrest are taken from the means of equal blocks of the stretch (Hyndman
//! and Athanasopoulos 2021, 5.2). So the interval grows with the distance, and with how uncertain the speed itself is. Where the slow end of
//! the interval never gets there, none is given: "at the earliest in 3 h" is all that can honestly be said.

use serde::{Deserialize, Serialize};

/// The stretch is cut into so many blocks.
const BLOCKS: usize = 8;
/// Student's t at 95 % for one degree of freedom less than there are steps between blocks: both ends together claim 90 %.
const T: f64 = 1.943;
/// Of the interval's claim.
pub const COVERAGE: f64 = 0.9;
/// Further ahead than this many stretches nothing is said.
const FURTHEST: f64 = 200.0;

/// In seconds from the latest point on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// In the value's unit an hour, signed.
    pub velocity_per_h: f64,
    pub expected_s: f64,
    pub at_least_s: f64,
    /// `None`: it may as well never get there.
    pub at_most_s: Option<f64>,
}

/// `points` are (second, value), in order of time. `None` when there are too few, when the value does not move towards the threshold, or when
/// it is there already.
pub fn time_to_threshold(points: &[(f64, f64)], threshold: f64) -> Option<Forecast> {
    let (first, last) = (points.first()?.0, points.last()?.0);
    let block_s = (last - first) / BLOCKS as f64;
    if points.len() < 3 * BLOCKS || block_s <= 0.0 {
        return None;
    }
    let blocks = block_means(points, first, block_s)?;
    let steps: Vec<f64> = blocks.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let count = steps.len() as f64;
    let drift = steps.iter().sum::<f64>() / count;
    // Steps between means of a random walk have two thirds of the walk's own variance (Working 1960).
    let unrest = (1.5 * steps.iter().map(|step| (step - drift).powi(2)).sum::<f64>() / (count - 1.0)).sqrt();
    // The last block's mean stands for its middle; half a block of drift has passed since.
    let now = blocks.last()? + 0.5 * drift;
    let (distance, speed) = ((threshold - now) * drift.signum(), drift.abs());
    if distance <= 0.0 || speed <= 0.0 {
        return None;
    }
    let reach = |blocks: f64, side: f64| speed * blocks + side * T * unrest * (blocks + blocks * blocks / count).sqrt();
    let expected = distance / speed;
    if expected > FURTHEST * BLOCKS as f64 {
        return None;
    }
    let at_least = first_reaching(|blocks| reach(blocks, 1.0) >= distance, expected)?;
    let at_most = first_reaching(|blocks| reach(blocks, -1.0) >= distance, FURTHEST * BLOCKS as f64);
    Some(Forecast {
        velocity_per_h: drift / block_s * 3_600.0,
        expected_s: expected * block_s,
        at_least_s: at_least * block_s,
        at_most_s: at_most.map(|blocks| blocks * block_s),
    })
}

/// `None` if a block is empty: what was not measured is not guessed.
fn block_means(points: &[(f64, f64)], first: f64, block_s: f64) -> Option<[f64; BLOCKS]> {
    let mut sums = [(0.0, 0_u32); BLOCKS];
    for (time, value) in points.iter().filter(|(_, value)| value.is_finite()) {
        let block = (((time - first) / block_s) as usize).min(BLOCKS - 1);
        sums[block].0 += value;
        sums[block].1 += 1;
    }
    let mut means = [0.0; BLOCKS];
    for (mean, (sum, count)) in means.iter_mut().zip(sums) {
        if count == 0 {
            return None;
        }
        *mean = sum / f64::from(count);
    }
    Some(means)
}

/// The least number of blocks for which it holds, up to `most`, by halving: it holds from some number on.
fn first_reaching(holds: impl Fn(f64) -> bool, most: f64) -> Option<f64> {
    if !holds(most) {
        return None;
    }
    let (mut low, mut high) = (0.0, most);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(rows: u32, slope: f64) -> Vec<(f64, f64)> {
        (0..rows).map(|row| (f64::from(row) * 10.0, f64::from(row) * slope)).collect()
    }

    /// Uniform from 0 to 1 (SplitMix64).
    struct Dice(u64);
    impl Dice {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
        }
        fn normal(&mut self) -> f64 {
            (0..12).map(|_| self.next()).sum::<f64>() - 6.0
        }
    }

    #[test]
    fn a_straight_line_reaches_its_threshold_when_it_does() {
        let forecast = time_to_threshold(&line(100, 0.5), 99.5).unwrap();
        assert!((forecast.expected_s - 1_000.0).abs() < 20.0, "{forecast:?}");
        assert!((forecast.velocity_per_h - 180.0).abs() < 2.0);
        let falling = time_to_threshold(&line(100, -0.5), -99.5).unwrap();
        assert!((falling.expected_s - 1_000.0).abs() < 20.0 && falling.velocity_per_h < 0.0);
    }

    #[test]
    fn what_stands_moves_away_or_is_there_already_gets_no_forecast() {
        assert_eq!(time_to_threshold(&line(100, 0.0), 10.0), None);
        assert_eq!(time_to_threshold(&line(100, 0.5), -10.0), None);
        assert_eq!(time_to_threshold(&line(100, 0.5), 20.0), None);
        assert_eq!(time_to_threshold(&line(10, 0.5), 50.0), None);
        let gap: Vec<(f64, f64)> = line(100, 0.5).into_iter().filter(|(time, _)| !(300.0..600.0).contains(time)).collect();
        assert_eq!(time_to_threshold(&gap, 99.5), None);
    }

    #[test]
    fn unrest_without_drift_may_never_get_there() {
        let mut dice = Dice(7);
        let noise: Vec<(f64, f64)> = (0..200).map(|row| (f64::from(row), dice.normal())).collect();
        let forecast = time_to_threshold(&noise, 50.0).or_else(|| time_to_threshold(&noise, -50.0));
        assert!(forecast.is_none_or(|forecast| forecast.at_most_s.is_none()), "{forecast:?}");
    }

    /// Of wear with noise in its readings, in its speed, or both, the share whose end falls into the interval.
    fn coverage(reading: f64, walking: f64) -> f64 {
        let (mut covered, mut all) = (0_u32, 0_u32);
        for seed in 0..400 {
            let mut dice = Dice(seed * 7_919 + 1);
            let speed = 0.02 + 0.03 * dice.next();
            let (mut wear, mut points, mut end) = (0.0, vec![], None);
            for row in 0..60_000_u32 {
                wear += speed + walking * dice.normal();
                if row < 400 {
                    points.push((f64::from(row), wear + reading * dice.normal()));
                } else if wear >= 40.0 {
                    end = Some(f64::from(row - 399));
                    break;
                }
            }
            let (Some(end), Some(forecast)) = (end, time_to_threshold(&points, 40.0)) else { continue };
            all += 1;
            covered += u32::from(forecast.at_least_s <= end && forecast.at_most_s.is_none_or(|most| end <= most));
        }
        assert!(all > 250, "{all}");
        f64::from(covered) / f64::from(all)
    }

    #[test]
    fn the_interval_covers_as_often_as_it_claims() {
        for (reading, walking) in [(0.5, 0.0), (0.0, 0.1), (0.5, 0.1), (2.0, 0.2)] {
            let covered = coverage(reading, walking);
            assert!(covered >= COVERAGE - 0.05, "{covered} with reading noise {reading} and walking noise {walking}");
        }
    }

    proptest! {
        #[test]
        fn the_expected_time_lies_in_its_interval(values in prop::collection::vec(-1e6..1e6_f64, 0..200), threshold in -1e7..1e7_f64) {
            let points: Vec<(f64, f64)> = (0_u32..).map(f64::from).zip(values).collect();
            if let Some(forecast) = time_to_threshold(&points, threshold) {
                prop_assert!(forecast.at_least_s <= forecast.expected_s * (1.0 + 1e-9));
                prop_assert!(forecast.at_most_s.is_none_or(|most| most >= forecast.expected_s * (1.0 - 1e-9)));
                prop_assert!(forecast.at_least_s >= 0.0 && forecast.expected_s.is_finite());
            }
        }
    }
}
