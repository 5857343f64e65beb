//! What kind of change a machine's figures show: a lying sensor, missing readings, another way of running, or the machine itself. Pure.
//!
//! A sensor is only called a liar where the others can testify: where they explained most of it while it was learned. Vibration that nothing
//! else explains is believed.

use super::{AssetFeatures, SignalFeatures, settings::is_told};
use millwright_domain::{
    change::ChangeKind,
    evidence::{Evidence, Feature},
};
use serde::{Deserialize, Serialize};

/// Share of bad readings.
const MISSING: f64 = 0.5;
/// Times its usual jitter, and what counts as quiet.
const NOISY: f64 = 2.5;
const QUIET: f64 = 1.6;
/// Baseline standard deviations.
const MOVED: f64 = 2.0;
/// Standard deviations off what the others imply, and what still fits them.
const OFF: f64 = 4.0;
const FITS: f64 = 3.0;
/// How far the others may be from normal among themselves, and still testify (root mean square).
const AGREE: f64 = 1.6;
/// Share of a signal that the others must have explained.
const TESTIMONY: f64 = 0.5;

#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub change: ChangeKind,
    pub because: String,
    pub evidence: Vec<Evidence>,
}

/// Says a kind at once for a new case, and another one only when it has been judged twice in a row: figures flicker while a fault begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Leaning {
    said: Option<ChangeKind>,
    towards: Option<ChangeKind>,
}

impl Leaning {
    /// The judgement if it is to be recorded.
    pub fn lean(&mut self, judgement: Judgement) -> Option<Judgement> {
        let again = self.towards == Some(judgement.change);
        self.towards = Some(judgement.change);
        let is_news = self.said != Some(judgement.change);
        // Unclear says less than anything that was said before.
        let is_worse = judgement.change == ChangeKind::Unclear && self.said.is_some();
        if !is_news || is_worse || (self.said.is_some() && !again) {
            return None;
        }
        self.said = Some(judgement.change);
        Some(judgement)
    }
}

pub fn judge_change(features: &AssetFeatures) -> Judgement {
    let measured: Vec<&SignalFeatures> = features.signals.iter().filter(|signal| !is_told(signal.kind)).collect();
    let verdict = missing(features, &measured)
        .or_else(|| stuck(features, &measured))
        .or_else(|| otherwise_run(features))
        .or_else(|| noisy(features, &measured))
        .or_else(|| liar(features, &measured))
        .or_else(|| moved(features, &measured));
    let unclear = || Judgement { change: ChangeKind::Unclear, because: "no figure is far enough from normal to tell".into(), evidence: vec![] };
    verdict.unwrap_or_else(unclear)
}

fn judged(change: ChangeKind, because: String, features: &AssetFeatures, signals: &[&SignalFeatures], feature: Feature) -> Option<Judgement> {
    let evidence = signals.iter().filter_map(|signal| signal.evidence(feature, features.at)).collect();
    Some(Judgement { change, because, evidence })
}

fn listed(signals: &[&SignalFeatures]) -> String {
    signals.iter().map(|signal| signal.signal.to_string()).collect::<Vec<_>>().join(", ")
}

fn missing(features: &AssetFeatures, measured: &[&SignalFeatures]) -> Option<Judgement> {
    let silent: Vec<&SignalFeatures> = measured.iter().copied().filter(|signal| signal.missing >= MISSING).collect();
    if silent.is_empty() {
        return None;
    }
    let because = format!("most of the last minute's readings are missing of {} of {} signals: {}", silent.len(), measured.len(), listed(&silent));
    judged(ChangeKind::Communication, because, features, &silent, Feature::Stuck)
}

/// Some stand still while others go on; if all do, the machine does.
fn stuck(features: &AssetFeatures, measured: &[&SignalFeatures]) -> Option<Judgement> {
    let still: Vec<&SignalFeatures> = measured.iter().copied().filter(|signal| signal.stuck >= 1.0).collect();
    if still.is_empty() || 2 * still.len() > measured.len() {
        return None;
    }
    let because = format!("{} has not moved for too long while the others go on", listed(&still));
    judged(ChangeKind::SensorStuck, because, features, &still, Feature::Stuck)
}

fn otherwise_run(features: &AssetFeatures) -> Option<Judgement> {
    if features.known_regime {
        return None;
    }
    let told: Vec<&SignalFeatures> = features.signals.iter().filter(|signal| is_told(signal.kind)).collect();
    let elsewhere = |signal: &&&SignalFeatures| (signal.current - signal.expected).abs() > 0.02 * signal.expected.abs();
    let moved: Vec<&SignalFeatures> = told.iter().filter(elsewhere).copied().collect();
    // Back on its old setpoints it is not as it was for a while.
    let told = if moved.is_empty() { told } else { moved };
    let because = format!("it is run as it never was while normal was learned: {}", listed(&told));
    judged(ChangeKind::Regime, because, features, &told, Feature::Drift)
}

fn noisy(features: &AssetFeatures, measured: &[&SignalFeatures]) -> Option<Judgement> {
    let noise = |signal: &&&SignalFeatures| signal.noise.unwrap_or(0.0);
    let loudest = measured.iter().max_by(|one, other| noise(one).total_cmp(&noise(other)))?;
    let others_are_quiet = measured.iter().filter(|other| other.signal != loudest.signal).all(|other| noise(&other) < QUIET);
    let in_place = measured.iter().all(|signal| signal.drift.is_none_or(|drift| drift.abs() < MOVED));
    if noise(&loudest) < NOISY || !others_are_quiet || !in_place || measured.len() < 2 {
        return None;
    }
    let because = format!("{} is {:.1} times as noisy as it was, alone and in its place", loudest.signal, noise(&loudest));
    judged(ChangeKind::SensorNoise, because, features, &[loudest], Feature::Noise)
}

fn liar(features: &AssetFeatures, measured: &[&SignalFeatures]) -> Option<Judgement> {
    let off = |signal: &SignalFeatures| signal.residual.unwrap_or(0.0).abs();
    let furthest = measured.iter().copied().max_by(|one, other| off(one).total_cmp(&off(other)))?;
    let others_testify = furthest.others.is_some_and(|others| others < AGREE) && furthest.testimony.is_some_and(|share| share >= TESTIMONY);
    if off(furthest) < OFF || !others_testify {
        return None;
    }
    let because =
        format!("{} stands {:.1} standard deviations off what the others imply, and these agree among themselves", furthest.signal, off(furthest));
    judged(ChangeKind::SensorOffset, because, features, &[furthest], Feature::Residual)
}

fn moved(features: &AssetFeatures, measured: &[&SignalFeatures]) -> Option<Judgement> {
    let moved: Vec<&SignalFeatures> = measured.iter().copied().filter(|signal| signal.drift.is_some_and(|drift| drift.abs() >= MOVED)).collect();
    let fits = |signal: &&SignalFeatures| {
        signal.residual.is_some_and(|residual| residual.abs() < FITS) && signal.testimony.is_some_and(|share| share >= TESTIMONY)
    };
    if moved.is_empty() {
        return None;
    }
    if moved.len() > 1 && moved.iter().all(fits) {
        let because = format!("{} moved together, as they always do when the machine carries another load", listed(&moved));
        return judged(ChangeKind::Regime, because, features, &moved, Feature::Drift);
    }
    let because = format!(
        "{} left {} and the way it hangs together with the others has changed",
        listed(&moved),
        if moved.len() > 1 { "their places" } else { "its place" }
    );
    judged(ChangeKind::Degradation, because, features, &moved, Feature::Drift)
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{Timestamp, quantity::QuantityKind};

    fn signal(name: &str, kind: QuantityKind) -> SignalFeatures {
        SignalFeatures {
            signal: format!("pump/{name}").parse().unwrap(),
            kind,
            current: 1.0,
            expected: 1.0,
            drift: Some(0.1),
            noise: Some(1.0),
            slope: Some(0.0),
            stuck: 0.0,
            residual: Some(0.2),
            others: Some(0.8),
            testimony: Some(0.7),
            mismatch: None,
            missing: 0.0,
            good: 60,
            still_s: 1.0,
        }
    }
    fn machine(change: impl Fn(&mut [SignalFeatures])) -> AssetFeatures {
        let mut signals = vec![
            signal("flow", QuantityKind::Flow),
            signal("pressure", QuantityKind::Pressure),
            signal("vibration", QuantityKind::Vibration),
            signal("speed_setpoint", QuantityKind::SpeedSetpoint),
        ];
        change(&mut signals);
        AssetFeatures { asset: "pump".parse().unwrap(), at: Timestamp::from_secs(1), known_regime: true, alarmed: true, signals }
    }
    fn kind(change: impl Fn(&mut [SignalFeatures])) -> ChangeKind {
        judge_change(&machine(change)).change
    }

    #[test]
    fn a_sensor_is_told_from_a_line_and_a_machine() {
        assert_eq!(kind(|it| it[0].missing = 0.9), ChangeKind::Communication);
        assert_eq!(kind(|it| it[1].stuck = 1.2), ChangeKind::SensorStuck);
        assert_eq!(kind(|it| it[2].noise = Some(4.0)), ChangeKind::SensorNoise);
        assert_eq!(kind(|it| (it[1].drift, it[1].residual) = (Some(5.0), Some(9.0))), ChangeKind::SensorOffset);
        assert_eq!(kind(|_| ()), ChangeKind::Unclear);
    }

    #[test]
    fn vibration_that_no_other_signal_explains_is_believed() {
        let shaking = |it: &mut [SignalFeatures]| (it[2].drift, it[2].residual, it[2].testimony) = (Some(5.0), Some(5.0), Some(0.05));
        assert_eq!(kind(shaking), ChangeKind::Degradation);
    }

    #[test]
    fn signals_that_move_as_they_always_do_are_another_load_and_others_are_wear() {
        let moved = |residual: f64| {
            move |it: &mut [SignalFeatures]| {
                (it[0].drift, it[1].drift) = (Some(4.0), Some(-4.0));
                (it[0].residual, it[1].residual) = (Some(residual), Some(-residual));
                it.iter_mut().for_each(|signal| signal.others = Some(3.0));
            }
        };
        assert_eq!(kind(moved(1.0)), ChangeKind::Regime);
        assert_eq!(kind(moved(6.0)), ChangeKind::Degradation);
    }

    #[test]
    fn a_setpoint_that_was_never_learned_is_another_regime_whatever_moved() {
        let mut elsewhere = machine(|it| it[0].drift = Some(9.0));
        elsewhere.known_regime = false;
        assert_eq!(judge_change(&elsewhere).change, ChangeKind::Regime);
    }

    #[test]
    fn another_kind_is_said_only_when_it_is_judged_twice_and_unclear_never_after_a_kind() {
        let judgement = |change| Judgement { change, because: String::new(), evidence: vec![] };
        let mut leaning = Leaning::default();
        let said: Vec<bool> = [
            ChangeKind::Degradation,
            ChangeKind::Regime,
            ChangeKind::Degradation,
            ChangeKind::Regime,
            ChangeKind::Regime,
            ChangeKind::Unclear,
            ChangeKind::Unclear,
        ]
        .map(|change| leaning.lean(judgement(change)).is_some())
        .into();
        assert_eq!(said, [true, false, false, false, true, false, false]);
    }

    #[test]
    fn if_all_stand_still_the_machine_does() {
        assert_eq!(kind(|it| it.iter_mut().for_each(|signal| signal.stuck = 2.0)), ChangeKind::Unclear);
    }
}
