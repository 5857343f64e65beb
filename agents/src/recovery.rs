//! Whether the readings themselves say that a case is over: its signals back where they belong, for long enough. Pure.
//!
//! Readings may say `mitigated` (after something was done) or `self_recovered` (after nothing was); never more. A quiet bad bearing is still bad.

use crate::monitor::AssetFeatures;
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    case::{CaseFile, Outcome},
    evidence::{Evidence, Feature},
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecoverySettings {
    /// Back means closer to the baseline than this many standard deviations, or beyond it on the other side.
    pub band: f64,
    /// For so long without a break, in seconds of plant time.
    pub hold_s: u32,
}

impl Default for RecoverySettings {
    fn default() -> Self {
        Self { band: 1.0, hold_s: 120 }
    }
}

/// Follows one case.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RecoveryWatch {
    back_since: Option<Timestamp>,
}

/// What the readings say.
#[derive(Debug, Clone, PartialEq)]
pub struct Recovered {
    pub outcome: Outcome,
    pub evidence: Vec<Evidence>,
}

impl RecoveryWatch {
    /// `acted_at` is when the last action took effect, if one did. Says it once for each stretch of quiet.
    pub fn observe(
        &mut self,
        case: &CaseFile,
        acted_at: Option<Timestamp>,
        features: &AssetFeatures,
        settings: &RecoverySettings,
    ) -> Option<Recovered> {
        let Some(evidence) = back_in_band(case, features, settings.band) else {
            self.back_since = None;
            return None;
        };
        let since = *self.back_since.get_or_insert(features.at);
        // Quiet before the action took effect is not its doing.
        let counted_from = acted_at.map_or(since, |acted| since.max(acted));
        if features.at.since(counted_from) < TimeDelta::seconds(i64::from(settings.hold_s)) {
            return None;
        }
        let outcome = if acted_at.is_some() { Outcome::Mitigated } else { Outcome::SelfRecovered };
        // Without an action, a machine that is merely run otherwise, or that still shows something, has recovered from nothing.
        let by_itself = features.known_regime && !features.alarmed;
        (outcome == Outcome::Mitigated || by_itself).then_some(Recovered { outcome, evidence })
    }
}

/// The figures of the case's signals if all of them are back; `None` if one is not, or cannot be judged.
fn back_in_band(case: &CaseFile, features: &AssetFeatures, band: f64) -> Option<Vec<Evidence>> {
    let mut now = Vec::new();
    for one in departed(case) {
        let figures = features.signals.iter().find(|known| known.signal == one.signal)?;
        let alive = figures.stuck < 1.0 && figures.missing < 0.5 && figures.noise.is_none_or(|noise| noise < 2.0);
        let is_back = match figures.drift {
            // Slowing a machine takes its vibration below the baseline: that side was never the trouble.
            Some(drift) => drift * one.magnitude.signum() <= band,
            // What is not learned yet, or never moves, has no band. If it was only silent, it is back when it is heard.
            None => one.feature == Feature::Stuck && figures.good > 0,
        };
        if !alive || !is_back {
            return None;
        }
        now.extend(figures.evidence(Feature::Drift, features.at).or_else(|| figures.evidence(Feature::Stuck, features.at)));
    }
    (!now.is_empty()).then_some(now)
}

/// The signals that the case is about, with the direction in which they had left: the diagnosis's if there is one, else the alert's.
/// Figures that speak for a diagnosis by being normal have left nowhere.
fn departed(case: &CaseFile) -> Vec<&Evidence> {
    let evidence = case.diagnosis.as_ref().map_or(&case.evidence, |diagnosis| &diagnosis.evidence_for);
    let has_drifted = |one: &&Evidence| one.feature == Feature::Drift && one.magnitude.abs() >= 1.0;
    let mut drifted: Vec<&Evidence> = evidence.iter().filter(has_drifted).collect();
    if drifted.is_empty() {
        drifted = evidence.iter().collect();
    }
    drifted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::SignalFeatures;
    use millwright_domain::{
        case::{AlertRaised, Case, CaseFact, Severity},
        quantity::QuantityKind,
    };

    const SETTINGS: RecoverySettings = RecoverySettings { band: 1.0, hold_s: 120 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(second)
    }

    fn figures(second: i64, drift: f64) -> AssetFeatures {
        let signal = SignalFeatures {
            signal: "pump/vibration".parse().unwrap(),
            kind: QuantityKind::Vibration,
            current: 2.0,
            expected: 2.0,
            drift: Some(drift),
            noise: Some(1.0),
            slope: Some(0.0),
            stuck: 0.0,
            residual: None,
            others: None,
            testimony: None,
            mismatch: None,
            missing: 0.0,
            good: 60,
            still_s: 0.0,
        };
        AssetFeatures { asset: "pump".parse().unwrap(), at: at(second), known_regime: true, alarmed: false, signals: vec![signal] }
    }

    fn case() -> CaseFile {
        let evidence = figures(0, 4.0).signals[0].evidence(Feature::Drift, at(0)).unwrap();
        let alert = AlertRaised { evidence: vec![evidence], ..AlertRaised::new("pump".parse().unwrap(), "drift", Severity::High) };
        let mut case = Case::default();
        case.evolve(CaseFact::AlertRaised(&alert), at(0));
        case.open_file().unwrap().clone()
    }

    fn said(acted_at: Option<i64>, drifts: impl Fn(i64) -> f64) -> Option<(i64, Outcome)> {
        let mut watch = RecoveryWatch::default();
        (0..1_000).step_by(15).find_map(|second| {
            let found = watch.observe(&case(), acted_at.map(at), &figures(second, drifts(second)), &SETTINGS)?;
            Some((second, found.outcome))
        })
    }

    #[test]
    fn what_came_back_by_itself_has_self_recovered_after_the_hold() {
        assert_eq!(said(None, |second| if second < 300 { 4.0 } else { 0.5 }), Some((420, Outcome::SelfRecovered)));
    }

    #[test]
    fn what_came_back_after_an_action_is_mitigated_and_counts_from_the_action() {
        assert_eq!(said(Some(600), |second| if second < 300 { 4.0 } else { 0.5 }), Some((720, Outcome::Mitigated)));
        assert_eq!(
            said(Some(0), |second| if second < 300 { 4.0 } else { -9.0 }),
            Some((420, Outcome::Mitigated)),
            "below a baseline it left upwards is back"
        );
    }

    #[test]
    fn a_signal_that_returns_only_for_moments_has_not_recovered() {
        assert_eq!(said(None, |second| if second % 120 < 30 { 4.0 } else { 0.5 }), None);
    }

    #[test]
    fn a_device_that_fell_silent_while_its_machine_is_still_learned_is_back_when_it_is_heard_again() {
        let unlearned = |second: i64, good: u32, missing: f64| {
            let mut figures = figures(second, 0.0);
            let signal = &mut figures.signals[0];
            (signal.drift, signal.noise, signal.slope, signal.good, signal.missing) = (None, None, None, good, missing);
            figures
        };
        let mut silent = case();
        silent.evidence = vec![unlearned(0, 0, 1.0).signals[0].evidence(Feature::Stuck, at(0)).unwrap()];
        let mut watch = RecoveryWatch::default();
        let mut observe = |features: AssetFeatures| watch.observe(&silent, None, &features, &SETTINGS).map(|found| (features.at, found.outcome));
        assert!((0..300).step_by(15).all(|second| observe(unlearned(second, 0, 1.0)).is_none()), "it is silent");
        assert!((300..600).step_by(15).all(|second| observe(unlearned(second, 0, 0.0)).is_none()), "nothing comes at all");
        let over = (600..900).step_by(15).find_map(|second| observe(unlearned(second, 60, 0.0)));
        assert_eq!(over, Some((at(720), Outcome::SelfRecovered)));
    }

    #[test]
    fn a_silent_or_stuck_signal_says_nothing() {
        let mut watch = RecoveryWatch::default();
        for second in (0..600).step_by(15) {
            let mut quiet = figures(second, 0.0);
            quiet.signals[0].missing = 1.0;
            assert_eq!(watch.observe(&case(), None, &quiet, &SETTINGS), None);
        }
    }
}
