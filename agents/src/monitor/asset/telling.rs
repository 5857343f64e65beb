//! Whom an alarm is told to, and when again: tolerance of a signal, alarms that stand for hours, somebody who begins to listen.

use super::{AssetWatch, Moment, Phase};
use crate::monitor::{detector::Detector, mewma::Step};
use chrono::TimeDelta;
use millwright_domain::{Timestamp, ids::SignalId};

impl AssetWatch {
    /// Its limits are so many times the configured ones, by signal.
    pub fn tolerate(&mut self, factor_of: impl Fn(&SignalId) -> f64) {
        self.signals.iter_mut().for_each(|signal| signal.factor = factor_of(&signal.id));
    }

    /// What still stands of a detector is told again at the next minute: somebody has just begun to listen.
    pub fn remind(&mut self, detector: Detector) {
        self.told_at.insert(detector, Timestamp::default());
    }

    /// The step as the signal that speaks loudest in it is to be heard.
    pub(super) fn tolerated(&self, step: Step) -> Step {
        let is_usual = self.signals.iter().all(|signal| signal.factor == 1.0);
        let Phase::Watching { mewma: Some(mewma), .. } = &self.phase else { return step };
        if is_usual || !step.alarm {
            return step;
        }
        let loudest = mewma.contributions().first().and_then(|(channel, _)| self.signals.get(*channel));
        let score = step.score / loudest.map_or(1.0, |signal| signal.factor);
        Step { score, alarm: score >= 1.0, ..step }
    }

    /// An alarm that stands for hours is told again: people change shifts, and forget.
    pub(super) fn tell_again(&mut self, end: i64, moment: &mut Moment<'_>) {
        let (at, again_after) = (moment.at, TimeDelta::seconds(i64::from(moment.settings.realarm_after_s)));
        let is_due = |(detector, told_at): (&Detector, &Timestamp)| (at.since(*told_at) >= again_after).then_some(*detector);
        let due: Vec<Detector> = self.told_at.iter().filter_map(is_due).collect();
        for detector in due {
            if !self.is_alarmed_by(detector) {
                self.told_at.remove(&detector);
                continue;
            }
            let evidence = match detector {
                Detector::Mewma => self.contributions(at),
                _ => self.signals.iter().filter_map(|signal| signal.standing(detector, end)).collect(),
            };
            self.alert(detector, 1.0, evidence, moment);
        }
    }
}
