//! Watching one machine: learning, then judging its signals alone once a minute and together with every row.

mod relearning;
mod telling;

use telling::Told;

use super::{
    Finding,
    confirmation::Confirmation,
    detector::Detector,
    drift::{self, drift},
    features::{self, AssetFeatures, SignalFeatures},
    hysteresis::Edge,
    mewma::{Mewma, MewmaTraining, Step},
    regime::{Following, Regime},
    relations::Relations,
    settings::{MonitorSettings, is_told},
    signal::{Change, Measure, SignalWatch},
    window::{BUCKET_S, bucket_of},
};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    case::{AlertRaised, Severity},
    evidence::{Evidence, Feature},
    ids::{AssetId, DeviceId},
    plant::Asset,
    reading::Reading,
};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// Rows closer than this are one row: detectors judge seconds, however fast a device is polled.
const ROW_EVERY: TimeDelta = TimeDelta::milliseconds(500);

#[derive(Clone, Serialize, Deserialize)]
pub struct AssetWatch {
    pub description: Asset,
    /// The device with most of its signals: its scans make the rows.
    pacer: Option<DeviceId>,
    pub signals: Vec<SignalWatch>,
    /// The latest good value of each signal; NaN before the first.
    #[serde(deserialize_with = "null_is_nan")]
    row: Vec<f64>,
    phase: Phase,
    following: Vec<Following>,
    regime: Regime,
    last_row: Option<Timestamp>,
    /// When signals are judged next, in seconds.
    next_minute: i64,
    next_features: Timestamp,
    together: Confirmation,
    /// Somebody works on the machine: nothing is judged.
    suspended: bool,
    /// Of the latest row together, in limits.
    #[serde(default)]
    latest_score: f64,
    /// How each detector that stands in alarm was last told.
    #[serde(default)]
    told: BTreeMap<Detector, Told>,
    /// That it should be learned anew was said.
    #[serde(default)]
    relearning_due: bool,
    /// As it was before it was learned anew, for whoever takes that back.
    #[serde(default)]
    former: Option<Box<Self>>,
}

/// What a scan brings beside its readings.
pub struct Moment<'a> {
    pub at: Timestamp,
    pub late: bool,
    pub settings: &'a MonitorSettings,
    pub out: &'a mut Vec<Finding>,
}

#[derive(Clone, Serialize, Deserialize)]
enum Phase {
    Learning { from: Option<Timestamp>, mewma: MewmaTraining },
    Watching { mewma: Option<Mewma>, relations: Option<Relations> },
}

/// JSON has no NaN; it is written as null.
fn null_is_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let values: Vec<Option<f64>> = Vec::deserialize(deserializer)?;
    Ok(values.into_iter().map(|value| value.unwrap_or(f64::NAN)).collect())
}

impl AssetWatch {
    pub fn new(asset: &Asset, settings: &MonitorSettings) -> Self {
        let width = asset.signals.len();
        Self {
            description: asset.clone(),
            pacer: pacer(asset),
            signals: asset.signals.iter().map(SignalWatch::new).collect(),
            row: vec![f64::NAN; width],
            phase: Phase::Learning { from: None, mewma: MewmaTraining::new(width, settings.mewma) },
            following: Following::pairs(&asset.signals),
            regime: Regime::default(),
            last_row: None,
            next_minute: i64::MIN,
            next_features: Timestamp::default(),
            together: Confirmation::default(),
            suspended: false,
            latest_score: 0.0,
            told: BTreeMap::new(),
            relearning_due: false,
            former: None,
        }
    }

    pub fn id(&self) -> &AssetId {
        &self.description.id
    }

    pub const fn is_learning(&self) -> bool {
        matches!(self.phase, Phase::Learning { .. })
    }

    pub fn suspend(&mut self, suspended: bool) {
        self.suspended = suspended;
    }

    /// Before the first reading of a scan: what the time up to now has brought.
    pub fn advance(&mut self, moment: &mut Moment<'_>) {
        let (at, settings) = (moment.at, moment.settings);
        if let Phase::Learning { from, .. } = &mut self.phase {
            let from = *from.get_or_insert(at);
            if at.since(from) >= settings.learning() {
                self.settle(from, moment);
                return;
            }
        }
        let second = at.micros().div_euclid(1_000_000);
        if second >= self.next_minute {
            let judged = self.next_minute;
            self.next_minute = minute_after(second);
            self.judge(judged.div_euclid(BUCKET_S), moment);
        } else if self.next_minute - second > 10 * drift::EVERY_S {
            // The source's clock was set back; waiting for the old time would be waiting blind.
            self.next_minute = minute_after(second);
            self.next_features = at;
        }
        if at >= self.next_features && self.is_alarmed() {
            self.next_features = at + TimeDelta::seconds(i64::from(settings.features_every_s));
            moment.out.push(Finding::Features(self.features(at, settings)));
        }
    }

    pub fn observe(&mut self, signal: usize, at: Timestamp, bucket: i64, reading: &Reading) {
        let Some(watch) = self.signals.get_mut(signal) else { return };
        if let Some(value) = watch.observe(at, bucket, reading) {
            self.row[signal] = value;
        }
    }

    /// After the last reading of a scan: the row as a whole.
    pub fn close_row(&mut self, device: &DeviceId, moment: &mut Moment<'_>) {
        let (at, settings) = (moment.at, moment.settings);
        let too_soon = self.last_row.is_some_and(|last| (TimeDelta::zero()..ROW_EVERY).contains(&at.since(last)));
        if too_soon || self.pacer.as_ref() != Some(device) {
            return;
        }
        self.last_row = Some(at);
        match &mut self.phase {
            Phase::Learning { mewma, .. } => {
                mewma.learn(&self.row);
                self.following.iter_mut().for_each(|pair| pair.learn(&self.row));
            }
            Phase::Watching { .. } => {
                self.regime.observe(at, &self.signals, &self.row);
                let is_at_home = self.regime.strange_for(at) >= settings.learning();
                // It is run like this for good, and nothing is wrong: this may be normal now, which is a person's to say.
                let is_due = is_at_home && !self.suspended && !self.is_alarmed();
                if is_due && !self.relearning_due {
                    moment.out.push(Finding::RelearningDue { at, asset: self.description.id.clone(), after: settings.learning() });
                }
                self.relearning_due = is_due;
                let Phase::Watching { mewma, .. } = &mut self.phase else { return };
                let Some(mewma) = mewma else { return };
                let step = mewma.step(&self.row);
                self.latest_score = step.score;
                self.judge_together(self.tolerated(step), moment);
            }
        }
    }

    /// Learning ends.
    fn settle(&mut self, from: Timestamp, moment: &mut Moment<'_>) {
        let at = moment.at;
        let Phase::Learning { mewma: training, .. } = &self.phase else { return };
        let watching = Phase::Watching { mewma: training.finish(), relations: Relations::learn(training.rows(), self.signals.len()) };
        let learned: Vec<Finding> =
            self.signals.iter_mut().filter_map(|signal| signal.settle(from, at)).map(|fact| Finding::BaselineLearned { at, fact }).collect();
        if learned.is_empty() {
            // Not one good reading came: learning begins again.
            *self = Self { suspended: self.suspended, ..Self::new(&self.description, moment.settings) };
            return;
        }
        moment.out.extend(learned);
        self.following.iter_mut().for_each(Following::settle);
        self.next_minute = minute_after(at.micros().div_euclid(1_000_000));
        self.phase = watching;
    }

    fn judges(&self, at: Timestamp) -> bool {
        !self.suspended && self.regime.is_known(at)
    }

    fn judge_together(&mut self, step: Step, moment: &mut Moment<'_>) {
        let at = moment.at;
        let judges = self.judges(at);
        let signals = &self.signals;
        match self.together.update(at, step, judges, || largest_drift(signals, at), moment.settings) {
            None => {}
            Some(Edge::Cleared) => {
                self.clear(Detector::Mewma, moment);
            }
            Some(Edge::Raised) => {
                let evidence = self.contributions(at);
                self.alert(Detector::Mewma, step.score, evidence, moment);
            }
        }
    }

    /// What the multivariate distance is made of, largest first.
    fn contributions(&self, at: Timestamp) -> Vec<Evidence> {
        const MOST: usize = 4;
        let Phase::Watching { mewma: Some(mewma), .. } = &self.phase else { return vec![] };
        let end = bucket_of(at.micros()) + 1;
        let share = |(channel, share): (usize, f64)| Some(self.signals.get(channel)?.evidence(Feature::Contribution, share, end, features::WINDOW_S));
        mewma.contributions().into_iter().take(MOST).filter_map(share).collect()
    }

    /// Once a minute: each signal by itself, and each follower against its setpoint.
    fn judge(&mut self, end: i64, moment: &mut Moment<'_>) {
        let (at, settings) = (moment.at, moment.settings);
        if self.suspended {
            return;
        }
        let by = match self.phase {
            Phase::Learning { .. } => Measure::TripsAlone,
            Phase::Watching { .. } if self.regime.is_known(at) => Measure::Normal,
            Phase::Watching { .. } => Measure::WhatHoldsAnywhere,
        };
        let trips = self.description.signals.iter().map(|signal| signal.trip);
        let mut changes: Vec<Change> = self.signals.iter_mut().zip(trips).flat_map(|(signal, trip)| signal.judge(end, by, trip, settings)).collect();
        changes.extend(self.judge_following(end, settings));
        for detector in Detector::ALL {
            let of_it: Vec<&Change> = changes.iter().filter(|change| change.detector == detector).collect();
            let risen: Vec<&Change> = of_it.iter().copied().filter(|change| change.edge == Edge::Raised).collect();
            if let Some(worst) = risen.iter().map(|change| change.times).max_by(f64::total_cmp) {
                let mut evidence: Vec<Evidence> = risen.iter().map(|change| change.evidence.clone()).collect();
                evidence.sort_by(|one, other| other.magnitude.abs().total_cmp(&one.magnitude.abs()));
                self.add_related(detector, end, &mut evidence);
                self.alert(detector, worst, evidence, moment);
            } else if !of_it.is_empty() && !self.is_alarmed_by(detector) {
                self.clear(detector, moment);
            }
        }
        self.tell_again(end, moment);
    }

    /// Those that stand.
    fn mismatches(&self, end: i64) -> Vec<Evidence> {
        let standing = self.following.iter().filter(|pair| pair.is_alarmed());
        let evidence = |pair: &Following| {
            let (mismatch, signal) = (pair.mismatch(&self.signals, end)?, self.signals.get(pair.measured)?);
            Some(signal.evidence(Feature::Residual, mismatch, end, features::WINDOW_S))
        };
        standing.filter_map(evidence).collect()
    }

    fn judge_following(&mut self, end: i64, settings: &MonitorSettings) -> Vec<Change> {
        let mut changes = Vec::new();
        for pair in &mut self.following {
            let Some(mismatch) = pair.mismatch(&self.signals, end) else { continue };
            let (Some(edge), Some(signal)) = (pair.judge(mismatch, settings), self.signals.get(pair.measured)) else { continue };
            let evidence = signal.evidence(Feature::Residual, mismatch, end, features::WINDOW_S);
            changes.push(Change { detector: Detector::Mismatch, edge, times: mismatch.abs() / settings.mismatch_limit, evidence });
        }
        changes
    }

    /// To a drift, the other signals that are on their way.
    fn add_related(&self, detector: Detector, end: i64, evidence: &mut Vec<Evidence>) {
        if detector != Detector::Drift {
            return;
        }
        for signal in &self.signals {
            let Some(figure) = signal.baseline.and_then(|baseline| drift(&signal.windows, &baseline, end, drift::WINDOW_S)) else { continue };
            let is_new = !evidence.iter().any(|known| known.signal == signal.id);
            if figure.abs() >= 1.0 && is_new {
                evidence.push(signal.evidence(Feature::Drift, figure, end, drift::WINDOW_S));
            }
        }
    }

    fn alert(&mut self, detector: Detector, times: f64, evidence: Vec<Evidence>, moment: &mut Moment<'_>) {
        // Another signal that joins makes what stands no less bad.
        let so_far = self.told.get(&detector).map_or(Severity::Low, |told| told.severity);
        self.tell(detector, detector.severity(times).max(so_far), evidence, moment);
    }

    fn clear(&mut self, detector: Detector, moment: &mut Moment<'_>) {
        self.told.remove(&detector);
        if self.told.is_empty() {
            self.signals.iter_mut().for_each(SignalWatch::clear_suspicion);
        }
        moment.out.push(Finding::Cleared { at: moment.at, asset: self.id().clone(), detector });
    }

    fn tell(&mut self, detector: Detector, severity: Severity, evidence: Vec<Evidence>, moment: &mut Moment<'_>) {
        let Moment { at, late, settings, .. } = *moment;
        let raised = AlertRaised { asset: self.id().clone(), detector: detector.as_str().into(), severity, evidence, late, says: None };
        self.told.insert(detector, Told { at, severity });
        if self.judges(at) {
            let end = bucket_of(at.micros());
            self.signals.iter_mut().for_each(|signal| signal.suspect(end, settings));
        }
        moment.out.push(Finding::Alert { at, raised });
        moment.out.push(Finding::Features(self.features(at, settings)));
        self.next_features = at + TimeDelta::seconds(i64::from(settings.features_every_s));
    }

    pub fn is_alarmed_by(&self, detector: Detector) -> bool {
        match detector {
            Detector::Mewma => self.together.is_told(),
            Detector::Mismatch => self.following.iter().any(Following::is_alarmed),
            _ => self.signals.iter().any(|signal| signal.is_alarmed(detector)),
        }
    }

    pub fn is_alarmed(&self) -> bool {
        Detector::ALL.into_iter().any(|detector| self.is_alarmed_by(detector))
    }

    /// What diagnosis looks at, as of `at`.
    pub fn features(&self, at: Timestamp, settings: &MonitorSettings) -> AssetFeatures {
        let end = bucket_of(at.micros()) + 1;
        let means: Vec<f64> =
            self.signals.iter().map(|signal| signal.windows.figures(end, features::WINDOW_S).map_or(f64::NAN, |figures| figures.mean)).collect();
        let against = match &self.phase {
            Phase::Watching { relations: Some(relations), .. } => relations.judge(&means),
            _ => vec![None; means.len()],
        };
        let signals = self.signals.iter().zip(&means).zip(against).map(|((signal, current), against)| {
            let slope = || Some(signal.windows.figures(end, features::SLOPE_S)?.change / signal.baseline.filter(|it| it.moved())?.std);
            SignalFeatures {
                signal: signal.id.clone(),
                kind: signal.kind,
                current: if current.is_finite() { *current } else { 0.0 },
                expected: signal.baseline.map_or(0.0, |baseline| baseline.mean),
                drift: signal.baseline.and_then(|baseline| drift(&signal.windows, &baseline, end, features::WINDOW_S)),
                noise: signal.noise_ratio(end),
                slope: slope(),
                stuck: signal.stuck_ratio(settings),
                residual: against.map(|against| against.residual),
                others: against.map(|against| against.others),
                testimony: against.map(|against| against.testimony),
                mismatch: None,
                missing: signal.windows.bad_share(end, features::WINDOW_S),
                good: signal.windows.figures(end, features::WINDOW_S).map_or(0, |figures| figures.count),
                still_s: signal.still_s(),
            }
        });
        let mut features = AssetFeatures {
            asset: self.id().clone(),
            at,
            known_regime: self.regime.is_known(at),
            alarmed: self.is_alarmed(),
            signals: signals.collect(),
        };
        for pair in &self.following {
            if let Some(signal) = features.signals.get_mut(pair.measured) {
                signal.mismatch = pair.mismatch(&self.signals, end);
            }
        }
        features
    }
}

/// Of the last minute, in baseline standard deviations.
fn largest_drift(signals: &[SignalWatch], at: Timestamp) -> f64 {
    let end = bucket_of(at.micros()) + 1;
    let figure = |signal: &SignalWatch| drift(&signal.windows, &signal.baseline?, end, features::WINDOW_S);
    signals.iter().filter(|signal| !is_told(signal.kind)).filter_map(figure).map(f64::abs).fold(0.0, f64::max)
}

const fn minute_after(second: i64) -> i64 {
    (second.div_euclid(drift::EVERY_S) + 1) * drift::EVERY_S
}

fn pacer(asset: &Asset) -> Option<DeviceId> {
    let count = |device: &DeviceId| asset.signals.iter().filter(|signal| signal.device == *device).count();
    // Of equals, the first described.
    asset.signals.iter().rev().map(|signal| &signal.device).max_by_key(|device| count(device)).cloned()
}
