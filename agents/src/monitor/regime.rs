//! Whether a machine is run as it was while normal was learned, and whether it follows what it is told.

use super::{
    baseline::{Baseline, Learner},
    hysteresis::{Alarm, Edge, Level},
    settings::{MonitorSettings, follower_of, is_told},
    signal::SignalWatch,
};
use millwright_domain::Timestamp;
use serde::{Deserialize, Serialize};

/// After a return to a known regime the last five minutes still hold the other one.
const FLUSH_S: i64 = 300;

/// Since when every setpoint is within what training saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Regime {
    left_at: Option<Timestamp>,
}

impl Regime {
    pub fn observe(&mut self, at: Timestamp, signals: &[SignalWatch], row: &[f64]) {
        let strange =
            signals.iter().zip(row).any(|(signal, value)| is_told(signal.kind) && signal.baseline.is_some_and(|seen| outside(&seen, *value)));
        if strange {
            self.left_at = Some(at);
        }
    }

    pub fn is_known(&self, at: Timestamp) -> bool {
        self.left_at.is_none_or(|left| at.since(left).num_seconds() >= FLUSH_S)
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

    /// Mean departure of the last minute, in usual departures; signed.
    pub fn mismatch(&self, signals: &[SignalWatch], end: i64) -> Option<f64> {
        const MINUTE: i64 = 60;
        let usual = self.usual?;
        let setpoint = signals.get(self.setpoint)?.windows.figures(end, MINUTE)?.mean;
        let measured = signals.get(self.measured)?.windows.figures(end, MINUTE)?.mean;
        // Half a percent of the value is within any positioner's dead band, however quiet training was.
        let spread = usual.std.max(0.005 * setpoint.abs().max(measured.abs())).max(f64::MIN_POSITIVE);
        Some((measured - setpoint - usual.mean) / spread)
    }

    pub fn judge(&mut self, mismatch: f64, settings: &MonitorSettings) -> Option<Edge> {
        self.alarm.update(Level::of(mismatch.abs(), settings.mismatch_limit, settings.mismatch_limit / 2.0), 1, 1)
    }

    pub fn is_alarmed(&self) -> bool {
        self.alarm.is_on()
    }
}
