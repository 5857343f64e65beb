//! How restless a machine is: what each signal's own last values do not foretell, squared and smoothed, against what training saw.
//!
//! A distance says where a machine stands. A sticking valve, an oscillation or a disturbance that comes and goes changes how it moves, about
//! the same mean; and a slow signal's next value is foretold well however far it wanders.

use super::{
    innovation::{Learned, Sample},
    linear::quantile,
};
use serde::{Deserialize, Serialize};

/// Weight of the newest row: some twenty rows are looked back on.
const SMOOTHING: f64 = 0.05;
/// One row counts no more than this many times the variance, so that a single jump is not restlessness and every alarm ends soon.
const CAP: f64 = 9.0;
/// So many spreads beyond usual, over all channels together, are abnormal …
const FAR: f64 = 8.0;
/// … and one channel alone must be so many times as restless as usual, however steady it was in training: its rows are few, and what its
/// variance does from one hour to the next is not in them.
const TIMES: f64 = 5.0;
/// With many channels the limit is so many times what training itself reached.
const ROOM: f64 = 1.25;
/// A channel's level stops this far beyond what would raise the alarm by itself, so that a strong fault takes no longer to clear.
const HEADROOM: f64 = 1.2;
/// Less than this share of the capped variance is no usual level: a channel that moves only now and then.
const LEAST: f64 = 0.1;
/// The smoothed levels start at the mean, so the first rows lie closer than any later one.
const WARM_UP: usize = 20;

/// Of one machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Restless {
    channels: Vec<Movement>,
    /// Spreads.
    limit: f64,
}

/// How one channel moves, in its training's standard deviations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Movement {
    foretold: [f64; 2],
    /// One over the variance of what is not foretold.
    precision: f64,
    usual: f64,
    spread: f64,
    /// The last value and the one before.
    last: [f64; 2],
    level: f64,
}

impl Movement {
    /// The squared innovation of a value with the two before it, in usual variances, capped.
    fn surprise(&self, [value, last, before]: [f64; 3]) -> f64 {
        let innovation = value - self.foretold[0] * last - self.foretold[1] * before;
        (innovation * innovation * self.precision).min(CAP)
    }

    /// Levels over rows of training, from usual on.
    fn levels(&self, rows: &[[f64; 3]]) -> impl Iterator<Item = f64> {
        rows.iter().scan(self.usual, |level, row| {
            *level += SMOOTHING * (self.surprise(*row) - *level);
            Some(*level)
        })
    }

    /// Spreads above usual; calmer than usual is no fault.
    fn excess(&self) -> f64 {
        ((self.level - self.usual) / self.spread).max(0.0)
    }
}

impl Restless {
    /// `samples`: one for each channel, of the same rows; `last`: each channel's last two values, the newest first.
    pub(super) fn learn(samples: &[Sample], last: &[[f64; 2]], folds: usize) -> Self {
        let mut channels = movements(samples);
        for ((movement, sample), last) in channels.iter_mut().zip(samples).zip(last) {
            movement.level = movement.levels(&sample.rows).last().unwrap_or(movement.usual);
            movement.last = *last;
        }
        Self { channels, limit: limit(samples, folds) }
    }

    /// Takes one channel's next value in, standardised. A gap changes nothing.
    pub(super) fn observe(&mut self, channel: usize, value: f64) {
        let Some(movement) = self.channels.get_mut(channel).filter(|_| value.is_finite()) else { return };
        let top = movement.usual + HEADROOM * self.limit * movement.spread;
        movement.level = (movement.level + SMOOTHING * (movement.surprise([value, movement.last[0], movement.last[1]]) - movement.level)).min(top);
        movement.last = [value, movement.last[0]];
    }

    /// Past 1 is abnormal.
    pub(super) fn score(&self) -> f64 {
        self.channels.iter().map(|movement| movement.excess().powi(2)).sum::<f64>().sqrt() / self.limit
    }

    /// Each channel's part of the squared score, in spreads.
    pub(super) fn parts(&self) -> Vec<f64> {
        self.channels.iter().map(|movement| movement.excess().powi(2)).collect()
    }
}

fn movements(samples: &[Sample]) -> Vec<Movement> {
    let learned: Vec<Learned> = samples.iter().map(|sample| Learned::of(sample, SMOOTHING, CAP)).collect();
    let mut spreads: Vec<f64> = learned.iter().map(|channel| channel.spread).collect();
    spreads.sort_by(f64::total_cmp);
    let typical = quantile(&spreads, 0.5);
    let movement = |channel: &Learned| {
        // Some hundred rows hold few independent twenties, so a channel's own spread is half of what is believed of it.
        let believed = f64::midpoint(channel.spread.powi(2), typical.powi(2)) * (1.0 + channel.doubt);
        let least = (TIMES - 1.0) / FAR * channel.usual.max(LEAST);
        let (foretold, precision, usual) = (channel.foretold, channel.precision, channel.usual);
        Movement { foretold, precision, usual, spread: believed.sqrt().max(least), last: [0.0; 2], level: usual }
    };
    learned.iter().map(movement).collect()
}

/// `FAR`, unless many channels go nearly as far together when nothing is wrong: each stretch of training is judged by what the others taught.
fn limit(samples: &[Sample], folds: usize) -> f64 {
    let count = samples.iter().map(|sample| sample.rows.len()).min().unwrap_or(0);
    let mut together: Vec<f64> = Vec::with_capacity(count);
    for from in (0..count).step_by(count.div_ceil(folds.max(2)).max(1)) {
        let fold = from..(from + count.div_ceil(folds.max(2))).min(count);
        let others: Vec<Sample> = samples.iter().map(|sample| sample.without(fold.clone())).collect();
        let mut squares = vec![0.0; fold.len()];
        for (movement, sample) in movements(&others).iter().zip(samples) {
            for (square, level) in squares.iter_mut().zip(movement.levels(&sample.rows[fold.clone()])) {
                *square += Movement { level, ..*movement }.excess().powi(2);
            }
        }
        together.extend(squares.iter().skip(WARM_UP).map(|square| square.sqrt()));
    }
    together.sort_by(f64::total_cmp);
    FAR.max(ROOM * quantile(&together, 0.99))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeded::Seeded;
    use proptest::prelude::*;

    /// Two channels: noise, and one that wanders slowly about 0.
    fn rows(count: usize) -> Vec<[f64; 2]> {
        let mut dice = Seeded::named(3, "restless");
        let mut slow = 0.0;
        let mut row = || {
            slow += 0.1 * dice.normal() - 0.02 * slow;
            [dice.normal(), slow]
        };
        (0..count).map(|_| row()).collect()
    }
    /// Learned on the first 400 rows.
    fn learned(rows: &[[f64; 2]]) -> Restless {
        let past = |channel: usize| rows[..400].windows(3).map(move |three| [three[2][channel], three[1][channel], three[0][channel]]);
        let samples = [0, 1].map(|channel| Sample { rows: past(channel).collect(), blocks: 8 });
        Restless::learn(&samples, &[0, 1].map(|channel| [rows[399][channel], rows[398][channel]]), 5)
    }
    fn scores(restless: &mut Restless, rows: impl IntoIterator<Item = [f64; 2]>) -> Vec<f64> {
        let mut step = |row: [f64; 2]| {
            row.iter().enumerate().for_each(|(channel, value)| restless.observe(channel, *value));
            restless.score()
        };
        rows.into_iter().map(&mut step).collect()
    }
    fn largest(scores: &[f64]) -> f64 {
        scores.iter().copied().fold(0.0, f64::max)
    }

    #[test]
    fn normal_rows_and_a_slow_walk_away_are_not_restless() {
        let rows = rows(5_000);
        let mut restless = learned(&rows);
        let calm = scores(&mut restless, rows[400..].iter().enumerate().map(|(number, row)| [row[0], row[1] + 0.000_2 * number as f64]));
        assert!(largest(&calm) < 1.0, "{}", largest(&calm));
    }

    #[test]
    fn a_signal_that_shakes_about_its_mean_is_restless_and_leads_the_parts() {
        let rows = rows(600);
        let mut restless = learned(&rows);
        let mut dice = Seeded::named(4, "shaking");
        let shaken = scores(&mut restless, rows[400..460].iter().map(|row| [row[0], row[1] + 0.5 * dice.normal()]));
        assert!(shaken[59] > 1.0 && restless.parts()[1] > 10.0 * restless.parts()[0], "{shaken:?}");
    }

    #[test]
    fn one_jump_however_far_is_not_restlessness() {
        let rows = rows(600);
        let jumped = rows[400..].iter().enumerate().map(|(number, row)| [row[0] + if number == 50 { 1e9 } else { 0.0 }, row[1]]);
        let largest = largest(&scores(&mut learned(&rows), jumped));
        assert!(largest < 1.0, "{largest}");
    }

    #[test]
    fn a_strong_fault_clears_as_soon_as_a_weak_one() {
        let rows = rows(1_000);
        for strength in [4.0, 4_000.0] {
            let mut restless = learned(&rows);
            let strong = scores(&mut restless, rows[400..700].iter().map(|row| [row[0] * strength, row[1]]));
            assert!(strong[100..].iter().all(|score| *score > 0.8));
            let cleared = scores(&mut restless, rows[700..].iter().copied()).iter().position(|score| *score < 0.8);
            assert!(cleared < Some(10), "{strength}: {cleared:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_the_state_is_finite_and_restores_bit_for_bit(values in prop::collection::vec(any::<f64>(), 0..200)) {
            let mut restless = learned(&rows(400));
            values.iter().enumerate().for_each(|(number, value)| restless.observe(number % 2, *value));
            prop_assert!(restless.score().is_finite());
            let text = serde_json::to_string(&restless).unwrap();
            prop_assert_eq!(serde_json::from_str::<Restless>(&text).unwrap(), restless);
        }
    }
}
