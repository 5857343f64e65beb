//! Watching one signal: its baseline, its last five minutes, its stillness, and the alarms that need no other signal.

use super::{
    baseline::{Baseline, Learner},
    detector::{CRITICAL_TIMES, Detector},
    drift::{self, drift},
    hysteresis::{Alarm, Edge, Level},
    settings::{MonitorSettings, is_told, tells_of_wear},
    stillness::Stillness,
    window::{BUCKET_S, Windows},
};
use millwright_domain::{
    Timestamp,
    baseline::BaselineLearned,
    evidence::{Evidence, Feature},
    ids::SignalId,
    plant::{Signal, Trip},
    quantity::QuantityKind,
    reading::Reading,
};
use serde::{Deserialize, Serialize};

const MINUTE: i64 = 60;
/// Quiet minutes, beyond the first, before an alarm clears.
const CLEAR_AFTER: u32 = 1;

#[derive(Clone, Serialize, Deserialize)]
pub struct SignalWatch {
    pub id: SignalId,
    pub kind: QuantityKind,
    learner: Learner,
    pub baseline: Option<Baseline>,
    version: u32,
    pub windows: Windows,
    stillness: Stillness,
    drift: Alarm,
    /// Of its own, so that one that stays a little too high is still told when it falls.
    #[serde(default)]
    fall: Alarm,
    noise: Alarm,
    stuck: Alarm,
    silence: Alarm,
    #[serde(default)]
    tripped: Alarm,
    /// It stood above normal when the machine was last told of, and tells of wear: so it is judged however the machine is run since.
    #[serde(default)]
    suspect: bool,
    /// Far above normal on another setpoint.
    #[serde(default)]
    worse: Alarm,
    /// Its limits are so many times the configured ones.
    #[serde(default = "one")]
    pub factor: f64,
}

const fn one() -> f64 {
    1.0
}

/// What a minute may be judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// While normal is learned.
    TripsAlone,
    /// In a regime that was not learned.
    WhatHoldsAnywhere,
    /// What is normal as well.
    Normal,
}

/// An alarm of one signal changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub detector: Detector,
    pub edge: Edge,
    /// How many times its limit the figure is.
    pub times: f64,
    pub evidence: Evidence,
}

impl SignalWatch {
    pub fn new(signal: &Signal) -> Self {
        Self {
            id: signal.id.clone(),
            kind: signal.kind,
            learner: Learner::default(),
            baseline: None,
            version: 0,
            windows: Windows::default(),
            stillness: Stillness::default(),
            drift: Alarm::default(),
            fall: Alarm::default(),
            noise: Alarm::default(),
            stuck: Alarm::default(),
            silence: Alarm::default(),
            tripped: Alarm::default(),
            suspect: false,
            worse: Alarm::default(),
            factor: 1.0,
        }
    }

    /// Takes one reading in; gives its number if it may be reckoned with.
    pub fn observe(&mut self, at: Timestamp, bucket: i64, reading: &Reading) -> Option<f64> {
        let Some(value) = reading.good() else {
            self.windows.miss(bucket);
            return None;
        };
        self.windows.add(bucket, value);
        self.stillness.observe(at.micros(), value);
        if self.baseline.is_none() {
            self.stillness.learn();
            self.learner.learn(value);
        }
        Some(value)
    }

    /// Ends the learning. `None` when nothing came that could be learned from; then it goes on learning.
    pub fn settle(&mut self, from: Timestamp, to: Timestamp) -> Option<BaselineLearned> {
        let baseline = self.learner.finish()?;
        self.baseline = Some(baseline);
        self.learner = Learner::default();
        self.version += 1;
        Some(baseline.fact(&self.id, self.version, from, to))
    }

    /// What is normal is what was normal once: told as a version of its own.
    pub fn restored(&mut self, at: Timestamp) -> Option<BaselineLearned> {
        let baseline = self.baseline?;
        self.version += 1;
        Some(baseline.fact(&self.id, self.version, at, at))
    }

    /// Forgets what is normal and learns it anew. Alarms of the old normal are gone with it.
    pub fn relearn(&mut self, signal: &Signal) {
        *self = Self { version: self.version, windows: self.windows.clone(), factor: self.factor, ..Self::new(signal) };
    }

    /// What `now` has seen of late, judged by what is normal here. Versions go on.
    pub fn take_over(&mut self, now: &Self) {
        self.windows.clone_from(&now.windows);
        self.stillness.take_over(&now.stillness);
        self.version = now.version;
        self.factor = now.factor;
        self.clear_suspicion();
    }

    /// An alarm of its machine is told: whether it is part of what is wrong. Only where means say something.
    pub fn suspect(&mut self, end: i64, settings: &MonitorSettings) {
        let figure = self.baseline.and_then(|baseline| drift(&self.windows, &baseline, end, MINUTE));
        self.suspect |= tells_of_wear(self.kind) && figure.is_some_and(|figure| figure > settings.drift_clear * self.factor);
    }

    /// Nothing stands in alarm any more.
    pub fn clear_suspicion(&mut self) {
        self.suspect = false;
        self.worse = Alarm::default();
    }

    pub const fn is_worse(&self) -> bool {
        self.worse.is_on()
    }

    pub fn is_alarmed(&self, detector: Detector) -> bool {
        match detector {
            Detector::Drift => self.drift.is_on() || self.fall.is_on() || self.worse.is_on(),
            Detector::Noise => self.noise.is_on(),
            Detector::Stuck => self.stuck.is_on(),
            Detector::Silence => self.silence.is_on(),
            Detector::Trip => self.tripped.is_on(),
            Detector::Mewma | Detector::Mismatch => false,
        }
    }

    /// Judges the time up to bucket `end`; once a minute.
    pub fn judge(&mut self, end: i64, by: Measure, trip: Option<Trip>, settings: &MonitorSettings) -> Vec<Change> {
        let mut changes = Vec::new();
        if by == Measure::Normal && !is_told(self.kind) {
            self.judge_level(end, settings, &mut changes);
        }
        if by != Measure::TripsAlone {
            self.judge_wear(end, by, settings, &mut changes);
            self.judge_liveliness(end, settings, &mut changes);
        }
        if let Some(trip) = trip {
            self.judge_trip(end, trip, &mut changes);
        }
        changes
    }

    /// Absolute: whatever a machine was learned on, and however many false alarms there were.
    fn judge_trip(&mut self, end: i64, trip: Trip, changes: &mut Vec<Change>) {
        let Some(figures) = self.windows.figures(end, MINUTE) else { return };
        if let Some(edge) = self.tripped.update(past(trip, figures.mean), 1, CLEAR_AFTER) {
            let evidence = self.tripped_evidence(end);
            changes.push(Change { detector: Detector::Trip, edge, times: 1.0, evidence });
        }
    }

    fn tripped_evidence(&self, end: i64) -> Evidence {
        let figure = self.baseline.and_then(|baseline| drift(&self.windows, &baseline, end, MINUTE));
        self.evidence(Feature::Drift, figure.unwrap_or_default(), end, MINUTE)
    }

    fn judge_level(&mut self, end: i64, settings: &MonitorSettings, changes: &mut Vec<Change>) {
        let drifted = self.baseline.and_then(|baseline| drift(&self.windows, &baseline, end, drift::WINDOW_S));
        if let Some(figure) = drifted {
            let limit = settings.drift_limit * self.factor;
            let level = |figure| Level::of(figure, limit, settings.drift_clear * self.factor);
            let edges = [self.drift.update(level(figure), 1, CLEAR_AFTER), self.fall.update(level(-figure), 1, CLEAR_AFTER)];
            let evidence = || self.evidence(Feature::Drift, figure, end, drift::WINDOW_S);
            changes.extend(edges.into_iter().flatten().map(|edge| Change {
                detector: Detector::Drift,
                edge,
                times: figure.abs() / limit,
                evidence: evidence(),
            }));
        }
        if let Some((figure, seconds)) = self.jitter_ratio(end) {
            let limit = settings.noise_limit * self.factor;
            let edge = self.noise.update(Level::of(figure, limit, settings.noise_clear * self.factor), 1, CLEAR_AFTER);
            let evidence = || self.evidence(Feature::Noise, figure, end, seconds);
            changes.extend(edge.map(|edge| Change { detector: Detector::Noise, edge, times: figure / limit, evidence: evidence() }));
        }
    }

    /// On another setpoint: what was wrong before and is critical now has not been helped by running the machine otherwise.
    fn judge_wear(&mut self, end: i64, by: Measure, settings: &MonitorSettings, changes: &mut Vec<Change>) {
        let figure = self.baseline.and_then(|baseline| drift(&self.windows, &baseline, end, drift::WINDOW_S));
        let (Some(figure), limit) = (figure, settings.drift_limit * self.factor) else { return };
        let level = match by {
            // The ordinary limit judges it.
            Measure::Normal => Level::Below,
            _ if self.suspect => Level::of(figure, CRITICAL_TIMES * limit, CRITICAL_TIMES * limit / 2.0),
            _ => Level::Between,
        };
        if let Some(edge) = self.worse.update(level, 1, 0) {
            let evidence = self.evidence(Feature::Drift, figure, end, drift::WINDOW_S);
            changes.push(Change { detector: Detector::Drift, edge, times: figure / limit, evidence });
        }
    }

    fn judge_liveliness(&mut self, end: i64, settings: &MonitorSettings, changes: &mut Vec<Change>) {
        let stuck = self.stuck_ratio(settings);
        if let Some(edge) = self.stuck.update(Level::of(stuck, 1.0, 0.5), 1, 0) {
            let evidence = self.evidence(Feature::Stuck, self.still_s(), end, self.still_s() as i64);
            changes.push(Change { detector: Detector::Stuck, edge, times: stuck, evidence });
        }
        let missing = self.windows.bad_share(end, MINUTE);
        if let Some(edge) = self.silence.update(Level::of(missing, settings.silence_limit, settings.silence_limit / 2.0), 1, 0) {
            let evidence = self.evidence(Feature::Stuck, missing * MINUTE as f64, end, MINUTE);
            changes.push(Change { detector: Detector::Silence, edge, times: missing / settings.silence_limit, evidence });
        }
    }

    /// The figure that holds a detector's alarm up.
    pub fn standing(&self, detector: Detector, end: i64) -> Option<Evidence> {
        if !self.is_alarmed(detector) {
            return None;
        }
        let (feature, figure, seconds) = match detector {
            Detector::Drift => (Feature::Drift, drift(&self.windows, &self.baseline?, end, drift::WINDOW_S)?, drift::WINDOW_S),
            Detector::Noise => {
                let (figure, seconds) = self.jitter_ratio(end)?;
                (Feature::Noise, figure, seconds)
            }
            Detector::Stuck => (Feature::Stuck, self.still_s(), self.still_s() as i64),
            Detector::Silence => (Feature::Stuck, self.windows.bad_share(end, MINUTE) * MINUTE as f64, MINUTE),
            Detector::Trip => return Some(self.tripped_evidence(end)),
            Detector::Mewma | Detector::Mismatch => return None,
        };
        Some(self.evidence(feature, figure, end, seconds))
    }

    /// Jitter of late over the baseline's, and the seconds that it was looked at.
    fn jitter_ratio(&self, end: i64) -> Option<(f64, i64)> {
        let usual = self.baseline.filter(Baseline::moved)?.jitter;
        let (now, seconds) = self.windows.jitter(end)?;
        (usual > 0.0).then(|| (now / usual, seconds))
    }

    pub fn noise_ratio(&self, end: i64) -> Option<f64> {
        self.jitter_ratio(end).map(|(figure, _)| figure)
    }

    pub fn still_s(&self) -> f64 {
        self.stillness.seconds()
    }

    /// Past 1 it is stuck. What stood still for minutes while it was learned may always do so.
    pub fn stuck_ratio(&self, settings: &MonitorSettings) -> f64 {
        const MAY_STAND_STILL_S: f64 = 120.0;
        let moves = self.baseline.is_some_and(|baseline| baseline.moved()) && !is_told(self.kind);
        let longest = self.stillness.longest_learned_s();
        if !moves || longest > MAY_STAND_STILL_S {
            return 0.0;
        }
        self.still_s() / (longest * settings.stuck_factor).max(settings.stuck_least_s)
    }

    /// A figure over the `seconds` before bucket `end`.
    pub fn evidence(&self, feature: Feature, magnitude: f64, end: i64, seconds: i64) -> Evidence {
        let expected = self.baseline.map_or(0.0, |baseline| baseline.mean);
        let current = self.windows.figures(end, seconds.clamp(BUCKET_S, drift::WINDOW_S)).map_or(expected, |figures| figures.mean);
        let window_s = u32::try_from(seconds).unwrap_or_default();
        let at = Timestamp::from_secs(end * BUCKET_S);
        Evidence { signal: self.id.clone(), kind: self.kind, feature, magnitude, current, expected, window_s, at }
    }
}

/// It is over when the value is well inside again: by a twentieth of the limit.
fn past(trip: Trip, value: f64) -> Level {
    let of = |beyond: f64, limit: f64| Level::of(beyond, 0.0, -0.05 * limit.abs());
    let sides = [trip.high.map(|high| of(value - high, high)), trip.low.map(|low| of(low - value, low))];
    let sides = sides.into_iter().flatten();
    if sides.clone().any(|level| level == Level::Above) {
        Level::Above
    } else if sides.clone().all(|level| level == Level::Below) {
        Level::Below
    } else {
        Level::Between
    }
}
