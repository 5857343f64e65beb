//! All detectors of one signal as one alarm: raw scores become probabilities, these one surprise, and that an alarm that rises once per episode.

use super::{
    autoregressive::Autoregressive, calibration::Calibration, cusum::Cusum, discord::Discord, esd::Esd, ewma::EwmaZ, forest::Forest,
    robust_z::RobustZ, seasonal::Seasonal, shift::Shift, volatility::Volatility,
};
use crate::monitor::hysteresis::{Alarm, Edge, Level};
use serde::{Deserialize, Serialize};

pub const DETECTORS: usize = 10;
/// Weight of the newest value in the surprise of late: one strange value is no episode.
const RECENT: f64 = 0.1;

/// Which detector, in the order of the contributions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    RobustZ,
    EwmaZ,
    Cusum,
    Esd,
    Seasonal,
    Forest,
    Shift,
    Autoregressive,
    Volatility,
    Discord,
}

impl Kind {
    pub const ALL: [Self; DETECTORS] = [
        Self::RobustZ,
        Self::EwmaZ,
        Self::Cusum,
        Self::Esd,
        Self::Seasonal,
        Self::Forest,
        Self::Shift,
        Self::Autoregressive,
        Self::Volatility,
        Self::Discord,
    ];
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CombinerSettings {
    /// Surprise that raises, in decades of probability.
    pub raise: f64,
    /// And below which the alarm may clear.
    pub clear: f64,
    /// Values in a row below `clear` until it does.
    pub clear_after: u32,
    /// Values after a rise in which nothing rises again.
    pub quiet: u32,
    /// Values at the beginning that are only learned.
    pub learn: u32,
}

impl Default for CombinerSettings {
    fn default() -> Self {
        Self { raise: 1.15, clear: 0.8, clear_after: 10, quiet: 100, learn: 150 }
    }
}

/// What one value told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Mean of late of the detectors' -log10 p (quadratic over detectors, exponential over time).
    pub surprise: f64,
    pub edge: Option<Edge>,
    /// Share of each detector in the surprise, in the order of [`Kind::ALL`]; they add up to 1.
    pub contributions: [f64; DETECTORS],
}

impl Verdict {
    pub fn raised(&self) -> bool {
        self.edge == Some(Edge::Raised)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Combiner {
    settings: CombinerSettings,
    robust_z: RobustZ,
    ewma_z: EwmaZ,
    cusum: Cusum,
    esd: Esd,
    seasonal: Seasonal,
    forest: Forest,
    shift: Shift,
    autoregressive: Autoregressive,
    volatility: Volatility,
    discord: Discord,
    calibrations: Vec<Calibration>,
    /// Of late: the surprise, and the square of each detector's.
    surprise: f64,
    shares: [f64; DETECTORS],
    alarm: Alarm,
    seen: u32,
    since_rise: u32,
}

impl Combiner {
    pub fn new(settings: CombinerSettings) -> Self {
        Self {
            settings,
            robust_z: RobustZ::new(400),
            ewma_z: EwmaZ::new(0.02),
            cusum: Cusum::new(5_000.0),
            esd: Esd::new(64),
            seasonal: Seasonal::default(),
            forest: Forest::default(),
            shift: Shift::new(32.0, 8_000.0),
            autoregressive: Autoregressive::default(),
            volatility: Volatility::new(24.0, 2_000.0),
            discord: Discord::new(8),
            calibrations: vec![Calibration::default(); DETECTORS],
            surprise: 0.0,
            shares: [0.0; DETECTORS],
            alarm: Alarm::default(),
            seen: 0,
            since_rise: u32::MAX,
        }
    }

    /// Each detector's raw score of the value.
    fn raw(&mut self, value: f64) -> [f64; DETECTORS] {
        [
            self.robust_z.step(value),
            self.ewma_z.step(value),
            self.cusum.step(value),
            self.esd.step(value),
            self.seasonal.step(value),
            self.forest.step(value),
            self.shift.step(value),
            self.autoregressive.step(value),
            self.volatility.step(value),
            self.discord.step(value),
        ]
    }

    /// A value that is no number is a gap: nothing is learned and nothing changes.
    pub fn step(&mut self, value: f64) -> Verdict {
        if !value.is_finite() {
            return Verdict { surprise: 0.0, edge: None, contributions: [0.0; DETECTORS] };
        }
        let raw = self.raw(value);
        let mut decades = [0.0; DETECTORS];
        for (at, (decades, calibration)) in decades.iter_mut().zip(&mut self.calibrations).enumerate() {
            *decades = -calibration.step(raw[at]).log10();
        }
        self.seen = self.seen.saturating_add(1);
        self.since_rise = self.since_rise.saturating_add(1);
        // The detectors depend on each other, so their probabilities are not multiplied: a quadratic mean asks for several that agree or one that is sure.
        let squares = decades.map(|it| it * it);
        let now = (squares.iter().sum::<f64>() / DETECTORS as f64).sqrt();
        self.surprise += RECENT * (now - self.surprise);
        for (lasting, square) in self.shares.iter_mut().zip(squares) {
            *lasting += RECENT * (square - *lasting);
        }
        let surprise = self.surprise;
        let edge = self.judge(surprise);
        Verdict { surprise, edge, contributions: shares_of(&self.shares) }
    }

    fn judge(&mut self, surprise: f64) -> Option<Edge> {
        if self.seen <= self.settings.learn {
            return None;
        }
        let mut level = Level::of(surprise, self.settings.raise, self.settings.clear);
        if level == Level::Above && !self.alarm.is_on() && self.since_rise <= self.settings.quiet {
            level = Level::Between;
        }
        let edge = self.alarm.update(level, 1, self.settings.clear_after);
        if edge == Some(Edge::Raised) {
            self.since_rise = 0;
        }
        edge
    }
}

/// Nothing of nothing is 0, not NaN.
fn shares_of(squares: &[f64; DETECTORS]) -> [f64; DETECTORS] {
    let sum: f64 = squares.iter().sum();
    squares.map(|it| if sum > 0.0 { it / sum } else { 0.0 })
}

impl Default for Combiner {
    fn default() -> Self {
        Self::new(CombinerSettings::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::detectors::testing::Noise;
    use proptest::prelude::*;

    fn rises(values: impl IntoIterator<Item = f64>) -> Vec<usize> {
        let mut combiner = Combiner::default();
        values.into_iter().enumerate().filter_map(|(at, value)| combiner.step(value).raised().then_some(at)).collect()
    }

    #[test]
    fn a_shift_is_raised_once() {
        let mut noise = Noise(1);
        let alarms = rises((0..2_400).map(|t| noise.normal() + if t < 2_000 { 0.0 } else { 8.0 }));
        assert_eq!(alarms.iter().filter(|at| (2_000..2_400).contains(*at)).count(), 1, "{alarms:?}");
    }

    #[test]
    fn calm_noise_is_alarmed_less_than_once_in_1_500_values() {
        let calm = |seed| {
            let mut noise = Noise(seed);
            rises((0..4_000).map(|_| noise.normal())).len()
        };
        let counts: Vec<usize> = (0..10).map(calm).collect();
        assert!(counts.iter().sum::<usize>() <= 40_000 / 1_500, "{counts:?}");
    }

    #[test]
    fn a_gap_changes_nothing() {
        let mut combiner = Combiner::default();
        (0..300).for_each(|t| {
            combiner.step(f64::from(t % 9));
        });
        let before = combiner.clone();
        assert_eq!(combiner.step(f64::NAN).edge, None);
        assert_eq!(combiner, before);
    }

    #[test]
    fn the_contributions_name_who_saw_it() {
        let mut noise = Noise(3);
        let mut combiner = Combiner::default();
        (0..2_000).for_each(|_| {
            combiner.step(noise.normal());
        });
        let verdicts: Vec<Verdict> = (0..20).map(|_| combiner.step(15.0 + noise.normal())).collect();
        let Some(raised) = verdicts.iter().find(|verdict| verdict.raised()) else { panic!("not raised") };
        assert!((raised.contributions.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn a_restored_state_goes_on_bit_for_bit(seed in any::<u64>(), cut in 1_usize..900) {
            let mut noise = Noise(seed);
            let values: Vec<f64> = (0..1_000).map(|t| (f64::from(t) * 0.2).sin() * 3.0 + noise.normal()).collect();
            let mut whole = Combiner::default();
            values[..cut].iter().for_each(|value| {
            whole.step(*value);
        });
            let json = serde_json::to_string(&whole).unwrap();
            let mut restored: Combiner = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&restored, &whole);
            for value in &values[cut..] {
                prop_assert_eq!(restored.step(*value), whole.step(*value));
            }
        }

        #[test]
        fn no_value_breaks_it(values in prop::collection::vec(prop_oneof![any::<f64>(), -10.0_f64..10.0], 200..600)) {
            let mut combiner = Combiner::default();
            for value in values {
                let verdict = combiner.step(value.clamp(-1e100, 1e100));
                prop_assert!(verdict.surprise.is_finite());
            }
            prop_assert!(!serde_json::to_string(&combiner).unwrap().contains("null,null"));
        }
    }
}
