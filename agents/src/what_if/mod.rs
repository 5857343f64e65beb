//! What other rules would have said of the same readings: both sets see the same scans, only the differences are told, and both are held
//! against what people found. Pure.

mod ends;
mod rulings;

pub use ends::{KnownEnd, KnownEnds, Score};
pub use rulings::Rulings;

use crate::{
    diagnosis::{Naming, Nominations, Rules},
    monitor::{Finding, Monitor, MonitorSettings},
};
use millwright_domain::{
    Timestamp,
    case::AlertRaised,
    ids::{AssetId, CauseId},
    plant::Plant,
    reading::Scan,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// One side of the comparison.
struct Side {
    monitor: Monitor,
    rules: Rules,
    nominations: BTreeMap<AssetId, Nominations>,
    said: Vec<Said>,
}

/// An alert or a diagnosis.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Said {
    Alert { at: Timestamp, alert: AlertRaised },
    Diagnosis { at: Timestamp, asset: AssetId, cause: CauseId, confidence: f64, suggests: Vec<String> },
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Difference {
    pub only_before: Vec<Said>,
    pub only_after: Vec<Said>,
    /// Said by both.
    pub same: usize,
    /// Cases of which people said what they were; 0 leaves both scores empty.
    pub known_ends: usize,
    pub before: Score,
    pub after: Score,
}

pub struct WhatIf {
    before: Side,
    after: Side,
}

impl WhatIf {
    /// Each side with its own rules and settings: what a plant edits together is replayed together.
    pub fn new(plant: &Plant, before: (Rules, MonitorSettings), after: (Rules, MonitorSettings)) -> Self {
        Self { before: Side::new(plant, before), after: Side::new(plant, after) }
    }

    pub fn observe(&mut self, scan: &Scan) {
        self.before.observe(scan);
        self.after.observe(scan);
    }

    /// Only what was said within the span counts.
    pub fn finish_within(mut self, ends: &[KnownEnd], [from, to]: [Option<Timestamp>; 2]) -> Difference {
        for side in [&mut self.before, &mut self.after] {
            side.said.retain(|said| from.is_none_or(|from| said.at() >= from) && to.is_none_or(|to| said.at() <= to));
        }
        self.finish(ends)
    }

    pub fn finish(self, ends: &[KnownEnd]) -> Difference {
        let [before, after] = [&self.before.said, &self.after.said].map(|said| ends::score(said, ends));
        let mut only_after = self.after.said;
        let mut difference = Difference { known_ends: ends.len(), before, after, ..Difference::default() };
        for said in self.before.said {
            match only_after.iter().position(|other| *other == said) {
                Some(place) => {
                    only_after.remove(place);
                    difference.same += 1;
                }
                None => difference.only_before.push(said),
            }
        }
        Difference { only_after, ..difference }
    }
}

impl Side {
    fn new(plant: &Plant, (rules, settings): (Rules, MonitorSettings)) -> Self {
        Self { monitor: Monitor::new(plant, settings), rules, nominations: BTreeMap::new(), said: vec![] }
    }

    fn observe(&mut self, scan: &Scan) {
        let mut found = Vec::new();
        self.monitor.observe(scan, &mut found);
        for finding in found {
            match finding {
                Finding::Alert { at, raised } => self.said.push(Said::Alert { at, alert: raised }),
                Finding::Features(features) => {
                    let namings = self.nominations.entry(features.asset.clone()).or_default().consider(&self.rules, &features);
                    self.said.extend(namings.into_iter().map(|naming| Said::diagnosis(features.at, &features.asset, &naming)));
                }
                Finding::BaselineLearned { .. } | Finding::Cleared { .. } | Finding::RelearningDue { .. } => {}
            }
        }
    }
}

impl Said {
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Alert { at, .. } | Self::Diagnosis { at, .. } => *at,
        }
    }
    pub fn asset(&self) -> &AssetId {
        match self {
            Self::Alert { alert, .. } => &alert.asset,
            Self::Diagnosis { asset, .. } => asset,
        }
    }
    pub fn cause(&self) -> Option<&CauseId> {
        match self {
            Self::Alert { .. } => None,
            Self::Diagnosis { cause, .. } => Some(cause),
        }
    }
    fn diagnosis(at: Timestamp, asset: &AssetId, naming: &Naming) -> Self {
        let diagnosis = &naming.diagnosis;
        let suggests = diagnosis.suggests.iter().map(ToString::to_string).collect();
        Self::Diagnosis { at, asset: asset.clone(), cause: diagnosis.cause.clone(), confidence: diagnosis.confidence, suggests }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::testing::{START, healthy, plant, scan, settings};
    use chrono::TimeDelta;

    const RULES: &str = "rules:\n  - cause: bearing_wear\n    title: Bearing wear\n    when: [{ of: vibration, feature: drift, at_least: 2 }]\n    confidence: 0.7\n    suggests: [shutdown_motor]\n    explanation: It shakes.\n";

    fn compared(before: &str, after: &str) -> Difference {
        let side = |yaml| (Rules::parse(yaml, "rules.yaml").unwrap(), settings());
        let mut what_if = WhatIf::new(&plant(), side(before), side(after));
        for second in 0..1_600 {
            let mut values = healthy(second);
            values[2] += if second >= 1_200 { 0.5 } else { 0.0 };
            what_if.observe(&scan(second, values));
        }
        let end = |cause: Option<&str>| KnownEnd {
            asset: "pump".parse().unwrap(),
            from: START,
            to: START + TimeDelta::seconds(1_600),
            cause: cause.map(|cause| cause.parse().unwrap()),
        };
        what_if.finish(&[end(Some("bearing_wear")), end(None)])
    }

    #[test]
    fn the_same_rules_say_the_same() {
        let difference = compared(RULES, &format!("# a comment\n{RULES}"));
        assert!(difference.only_before.is_empty() && difference.only_after.is_empty() && difference.same > 0, "{difference:?}");
    }

    #[test]
    fn a_renamed_cause_is_shown_on_both_sides_and_alerts_stay() {
        let difference = compared(RULES, &RULES.replace("bearing_wear", "misalignment"));
        let cause = |said: &[Said]| match said {
            [Said::Diagnosis { cause, .. }] => cause.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!((cause(&difference.only_before), cause(&difference.only_after)), ("bearing_wear".into(), "misalignment".into()));
        assert!(difference.same >= 1);
        assert_eq!(difference.before, Score { hits: 1, misses: 0, wrong: 0, false_alarms: 1 });
        assert_eq!(difference.after, Score { hits: 0, misses: 1, wrong: 1, false_alarms: 1 });
    }
}
