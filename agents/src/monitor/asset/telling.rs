//! Whom an alarm is told to, and when again: tolerance of a signal, alarms that stand for hours, somebody who begins to listen.

use super::{AssetWatch, Moment, Phase};
use crate::monitor::{detector::Detector, mewma::Step, settings::MonitorSettings, signal::SignalWatch};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    case::Severity,
    evidence::{Evidence, Feature},
};
use serde::{Deserialize, Serialize};

/// When and how an alarm that stands was last told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    pub at: Timestamp,
    pub severity: Severity,
}

impl AssetWatch {
    /// What still stands of a detector is told again at the next minute: somebody has just begun to listen.
    pub fn remind(&mut self, detector: Detector) {
        if let Some(told) = self.told.get_mut(&detector) {
            told.at = Timestamp::default();
        }
    }

    /// The step with each signal's share of it as that signal is to be heard: the others speak as loud as ever.
    pub(super) fn tolerated(&self, step: Step) -> Step {
        let is_usual = self.signals.iter().all(|signal| signal.factor == 1.0);
        let Phase::Watching { mewma: Some(mewma), .. } = &self.phase else { return step };
        if is_usual || !step.alarm {
            return step;
        }
        let heard = |(channel, share): &(usize, f64)| share.abs() / self.signals.get(*channel).map_or(1.0, |signal| signal.factor.powi(2));
        let score = step.score * mewma.contributions().iter().map(heard).sum::<f64>().sqrt();
        Step { score, alarm: score >= 1.0, ..step }
    }

    /// An alarm that stands is told again when it has become critical, and after hours: people change shifts, and forget.
    pub(super) fn tell_again(&mut self, end: i64, moment: &mut Moment<'_>) {
        let again_after = TimeDelta::seconds(i64::from(moment.settings.realarm_after_s));
        if self.suspended {
            return;
        }
        let known = self.judges(moment.at);
        for (detector, told) in self.told.clone() {
            let is_worse = detector == Detector::Drift && self.signals.iter().any(SignalWatch::is_worse);
            if !known && !detector.holds_in_any_regime() && !is_worse {
                continue;
            }
            if !self.is_alarmed_by(detector) {
                self.told.remove(&detector);
                continue;
            }
            let evidence = self.standing(detector, end, moment.at);
            let times = match detector {
                Detector::Mewma => self.latest_score,
                _ => evidence.iter().filter_map(|one| self.times(one, moment.settings)).fold(1.0, f64::max),
            };
            // What stands has been as bad as it was told, whatever it is at the moment.
            let severity = detector.severity(times).max(told.severity);
            // The signals together are told early and are soon at their worst; one that drifts on is not.
            let grows = detector != Detector::Mewma;
            let is_critical_now = grows && told.severity < Severity::Critical && severity == Severity::Critical;
            if is_critical_now || moment.at.since(told.at) >= again_after {
                self.tell(detector, severity, evidence, moment);
            }
        }
    }

    /// The figures that hold a detector's alarm up, largest first.
    fn standing(&self, detector: Detector, end: i64, at: Timestamp) -> Vec<Evidence> {
        match detector {
            Detector::Mewma => return self.contributions(at),
            Detector::Mismatch => return self.mismatches(end),
            _ => {}
        }
        let mut evidence: Vec<Evidence> = self.signals.iter().filter_map(|signal| signal.standing(detector, end)).collect();
        evidence.sort_by(|one, other| other.magnitude.abs().total_cmp(&one.magnitude.abs()));
        evidence
    }

    /// How many times its limit a figure is, where that says how bad it is.
    fn times(&self, evidence: &Evidence, settings: &MonitorSettings) -> Option<f64> {
        let limit = match evidence.feature {
            Feature::Drift => settings.drift_limit,
            Feature::Noise => settings.noise_limit,
            Feature::Contribution | Feature::Slope | Feature::Stuck | Feature::Residual => return None,
        };
        let factor = self.signals.iter().find(|signal| signal.id == evidence.signal)?.factor;
        Some(evidence.magnitude.abs() / (limit * factor))
    }
}
