//! Whether a machine is run as it was while normal was learned, and whether it follows what it is told.

use super::{
    baseline::{Baseline, Learner},
    hysteresis::{Alarm, Edge, Level},
    settings::{MonitorSettings, follower_of, is_told},
    signal::SignalWatch,
};
use chrono::TimeDelta;
use millwright_domain::Timestamp;
use serde::{Deserialize, Serialize};

/// Whether every setpoint is within what training saw, and if not, since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Regime {
    strange_since: Option<Timestamp>,
    /// The latest moment with a strange setpoint.
    strange_at: Option<Timestamp>,
}

impl Regime {
    pub fn observe(&mut self, at: Timestamp, signals: &[SignalWatch], row: &[f64]) {
        let strange =
            signals.iter().zip(row).any(|(signal, value)| is_told(signal.kind) && signal.baseline.is_some_and(|seen| outside(&seen, *value)));
        if strange {
            self.strange_since.get_or_insert(at);
            self.strange_at = Some(at);
        } else if self.is_known(at) {
            *self = Self::default();
        }
    }

    /// How long the machine has been run otherwise without a break, as of `at`.
    pub fn strange_for(&self, at: Timestamp) -> TimeDelta {
        match (self.strange_since, self.strange_at) {
            (Some(since), Some(latest)) if latest == at => at.since(since),
            _ => TimeDelta::zero(),
        }
    }

    /// After a return the windows still hold the other regime for five minutes, and iron stays cold or warm about as long as the
    /// machine was away: only then is it as it was in training.
    pub fn is_known(&self, at: Timestamp) -> bool {
        const WINDOWS: TimeDelta = TimeDelta::seconds(300);
        const IRON: TimeDelta = TimeDelta::seconds(1_800);
        let (Some(since), Some(latest)) = (self.strange_since, self.strange_at) else { return true };
        at.since(latest) >= latest.since(since).clamp(WINDOWS, IRON)
    }
}

fn outside(seen: &Baseline, value: f64) -> bool {
    let slack = 0.02 * seen.lowest.abs().max(seen.highest.abs());
    value.is_finite() && !(seen.lowest - slack..=seen.highest + slack).contains(&value)
}

/// A measured value and the setpoint that it follows.
#[derive(Clone, Serialize, Deserialize)]
pub struct Following {
    setpoint: usize,
    pub measured: usize,
    learner: Learner,
    usual: Option<Baseline>,
    alarm: Alarm,
}

impl Following {
    /// Every pair of one unit among an asset's signals.
    pub fn pairs(signals: &[millwright_domain::plant::Signal]) -> Vec<Self> {
        let pair = |(setpoint, told): (usize, &millwright_domain::plant::Signal)| {
            let kind = follower_of(told.kind)?;
            let measured = signals.iter().position(|signal| signal.kind == kind && signal.unit == told.unit)?;
            Some(Self { setpoint, measured, learner: Learner::default(), usual: None, alarm: Alarm::default() })
        };
        signals.iter().enumerate().filter_map(pair).collect()
    }

    pub fn learn(&mut self, row: &[f64]) {
        let departure = row[self.measured] - row[self.setpoint];
        if departure.is_finite() {
            self.learner.learn(departure);
        }
    }

    pub fn settle(&mut self) {
        self.usual = self.learner.finish();
        self.learner = Learner::default();
    }

    /// Mean departure of the last minute, in usual departures; signed. After a new setpoint a machine is on its way for a while: it may be
    /// anywhere between where it was told to be of late.
    pub fn mismatch(&self, signals: &[SignalWatch], end: i64) -> Option<f64> {
        const MINUTE: i64 = 60;
        const ON_ITS_WAY_S: i64 = 180;
        let usual = self.usual?;
        let (lowest, highest) = signals.get(self.setpoint)?.windows.extent(end, ON_ITS_WAY_S)?;
        let measured = signals.get(self.measured)?.windows.figures(end, MINUTE)?.mean;
        // Half a percent of the value is within any positioner's dead band, however quiet training was.
        let spread = usual.std.max(0.005 * highest.abs().max(measured.abs())).max(f64::MIN_POSITIVE);
        let expected = (measured - usual.mean).min(highest).max(lowest);
        Some((measured - usual.mean - expected) / spread)
    }

    pub fn judge(&mut self, mismatch: f64, settings: &MonitorSettings) -> Option<Edge> {
        self.alarm.update(Level::of(mismatch.abs(), settings.mismatch_limit, settings.mismatch_limit / 2.0), 1, 1)
    }

    pub fn is_alarmed(&self) -> bool {
        self.alarm.is_on()
    }
}
