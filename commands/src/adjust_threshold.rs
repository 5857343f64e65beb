//! LearnThreshold and SetThreshold: outcomes make the monitor more or less tolerant of one signal, within bounds; a person may set it, and so
//! undo it.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    case::{Case, CaseFile, Outcome},
    envelope::StreamId,
    evidence::Feature,
    ids::{CaseId, SignalId},
    sealed::Sealed,
    site::Site,
    threshold::{Threshold, ThresholdAdjusted},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Outcomes that were not counted yet, before they move anything.
const LEAST_OUTCOMES: usize = 2;
/// One step, up or down.
const STEP: f64 = 1.15;
/// Outcomes alone never make a signal more tolerant than this: a factor of 1.5 on a limit of two standard deviations is three.
const MOST_LEARNED: f64 = 1.5;
/// Bounds for a person.
const SETTABLE: std::ops::RangeInclusive<f64> = 0.5..=3.0;

/// Count what the outcomes say of a signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LearnThreshold {
    pub signal: SignalId,
}

/// Set it by hand. Outcomes move it no more until it is set to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SetThreshold {
    pub signal: SignalId,
    pub factor: f64,
    pub note: Sealed,
}

/// Cases about a signal that ended and were not counted yet.
#[derive(Default)]
struct Uncounted {
    false_alarms: Vec<CaseId>,
    faults: Vec<CaseId>,
}

impl LearnThreshold {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        described(site, &self.signal)?;
        let known = site.thresholds.get(&self.signal).cloned().unwrap_or_default();
        if known.held && known.factor != 1.0 {
            return Ok(Decision::AlreadySo);
        }
        let Uncounted { false_alarms, faults } = uncounted(site, &self.signal, &known);
        // As many real faults as false alarms: it was right to tell.
        let (factor, because, reason) = if false_alarms.len() >= LEAST_OUTCOMES && false_alarms.len() > 2 * faults.len() {
            let reason = format!("{} false alarms and {} real faults since the last change", false_alarms.len(), faults.len());
            ((known.factor * STEP).min(MOST_LEARNED), [false_alarms, faults].concat(), reason)
        } else if known.factor > 1.0 && faults.len() >= LEAST_OUTCOMES && faults.len() > false_alarms.len() {
            let reason = format!("{} real faults and {} false alarms since the last change", faults.len(), false_alarms.len());
            ((known.factor / STEP).max(1.0), [faults, false_alarms].concat(), reason)
        } else {
            return Ok(Decision::AlreadySo);
        };
        // At the most that outcomes may do the factor stays, and the fact says so: what was counted must not count against real faults later.
        let (signal, was, by) = (self.signal.clone(), known.factor, circumstances.by.clone());
        let fact = ThresholdAdjusted { signal, factor, was, by, reason, because, note: None };
        Ok(Decision::one(StreamId::signal(&self.signal), fact))
    }
}

impl SetThreshold {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        described(site, &self.signal)?;
        circumstances.person("only a person may set how tolerant the monitor is")?;
        if !SETTABLE.contains(&self.factor) {
            let (least, most) = (SETTABLE.start(), SETTABLE.end());
            return Err(senseless("bad_factor", format_args!("a factor is a number from {least} to {most}, not {}", self.factor)));
        }
        let was = site.threshold_factor(&self.signal);
        if was == self.factor {
            return Ok(Decision::AlreadySo);
        }
        let (signal, factor, by, note) = (self.signal.clone(), self.factor, circumstances.by.clone(), Some(self.note.clone()));
        let fact = ThresholdAdjusted { signal, factor, was, by, reason: "set by hand".into(), because: vec![], note };
        Ok(Decision::one(StreamId::signal(&self.signal), fact))
    }
}

fn described(site: &Site, signal: &SignalId) -> Result<(), Refused> {
    match site.plant.as_ref().is_some_and(|plant| plant.signal(signal).is_some()) {
        true => Ok(()),
        false => Err(senseless("unknown_signal", format_args!("no signal {signal} is described for this site"))),
    }
}

fn uncounted(site: &Site, signal: &SignalId, known: &Threshold) -> Uncounted {
    let mut found = Uncounted::default();
    let ended = site.cases.iter().filter_map(|(id, case)| match case {
        Case::Closed(file, outcome) if is_about(file, signal) && !known.counted.contains(id) => Some((*id, *outcome)),
        _ => None,
    });
    for (id, outcome) in ended {
        match outcome {
            Outcome::FalseAlarm => found.false_alarms.push(id),
            Outcome::Repaired | Outcome::Mitigated => found.faults.push(id),
            Outcome::SelfRecovered | Outcome::NoEffect => {}
        }
    }
    found.false_alarms.sort();
    found.faults.sort();
    found
}

/// The signal that spoke loudest for the case: only its threshold had a part in it.
fn is_about(file: &CaseFile, signal: &SignalId) -> bool {
    let loudest = file.evidence.iter().max_by(|one, other| one.magnitude.abs().total_cmp(&other.magnitude.abs()));
    // Stillness, silence and setpoints have limits of their own, which no factor moves.
    let has_a_factor = |feature| matches!(feature, Feature::Drift | Feature::Noise | Feature::Contribution);
    loudest.is_some_and(|evidence| evidence.signal == *signal && has_a_factor(evidence.feature))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Scene, plant, scene, watching};
    use millwright_domain::case::Outcome;

    fn given_outcomes(outcomes: &[Outcome]) -> Scene {
        (100_u32..).zip(outcomes).fold(scene().given_plant(), |scene, (number, outcome)| {
            let scene = scene.when(plant::raise_alert_with_id(number)).happens();
            let case = scene.subject().parse().unwrap();
            scene.when(watching::outcome_of(case, *outcome)).happens()
        })
    }

    #[test]
    fn false_alarms_make_the_monitor_more_tolerant_step_by_step_and_never_without_end() {
        given_outcomes(&[Outcome::FalseAlarm]).when(watching::learn_threshold()).is_already_so();
        let mut scene = given_outcomes(&[Outcome::FalseAlarm; 2]).when(watching::learn_threshold()).happens().then_facts(["ThresholdAdjusted"]);
        assert!((scene.threshold() - 1.15).abs() < 1e-9);
        scene = scene.when(watching::learn_threshold()).is_already_so();
        for round in 0..8_u32 {
            for number in 0..2 {
                scene = scene.when(plant::raise_alert_with_id(200 + 2 * round + number)).happens();
                let case = scene.subject().parse().unwrap();
                scene = scene.when(watching::outcome_of(case, Outcome::FalseAlarm)).happens();
            }
            scene = scene.when(watching::learn_threshold());
        }
        assert!((scene.threshold() - 1.5).abs() < 1e-9, "{}", scene.threshold());
        // However many false alarms came at the cap, two real faults take a step back.
        for number in 400..402 {
            scene = scene.when(plant::raise_alert_with_id(number)).happens();
            let case = scene.subject().parse().unwrap();
            scene = scene.when(watching::outcome_of(case, Outcome::Repaired)).happens();
        }
        assert!(scene.when(watching::learn_threshold()).happens().threshold() < 1.5);
    }

    #[test]
    fn where_faults_are_real_nothing_becomes_more_tolerant() {
        given_outcomes(&[Outcome::FalseAlarm, Outcome::Repaired, Outcome::FalseAlarm]).when(watching::learn_threshold()).is_already_so();
    }

    #[test]
    fn real_faults_take_tolerance_back() {
        let mut scene = given_outcomes(&[Outcome::FalseAlarm; 2]).when(watching::learn_threshold()).happens();
        for number in 300..302 {
            scene = scene.when(plant::raise_alert_with_id(number)).happens();
            let case = scene.subject().parse().unwrap();
            scene = scene.when(watching::outcome_of(case, Outcome::Repaired)).happens();
        }
        assert_eq!(scene.when(watching::learn_threshold()).happens().threshold(), 1.0);
    }

    #[test]
    fn what_a_person_sets_stands_within_bounds() {
        let scene = given_outcomes(&[Outcome::FalseAlarm; 2]).when(watching::set_threshold("ann", 1.3)).happens();
        let scene = scene.when(watching::learn_threshold()).is_already_so();
        let scene = scene.when(watching::set_threshold("ann", 9.0)).is_refused("bad_factor");
        let scene = scene.when(watching::set_threshold("ann", f64::NAN)).is_refused("bad_factor");
        let scene = scene.when(watching::set_threshold("svc-agent", 2.0)).is_refused("not_a_person");
        assert_eq!(scene.when(watching::set_threshold("ann", 1.0)).happens().threshold(), 1.0);
    }
}
