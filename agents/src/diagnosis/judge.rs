//! Rules against figures: every cause that fits, best first, and the root causes behind what is seen.

use super::{
    condition::{Condition, Of, View},
    rule::{Rule, Rules},
};
use crate::monitor::{AssetFeatures, SignalFeatures, settings::is_told};
use millwright_domain::{
    case::DiagnosisRecorded,
    evidence::Evidence,
    ids::{ActionName, AssetId, CauseId, SignalId},
};
use std::collections::BTreeSet;

/// A cause that fits what is seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    pub cause: CauseId,
    pub title: String,
    pub confidence: f64,
    pub explanation: String,
    pub evidence_for: Vec<Evidence>,
    pub evidence_against: Vec<Evidence>,
    pub suggests: Vec<ActionName>,
    /// Signals whose departure it accounts for.
    pub explained: BTreeSet<SignalId>,
    pub hold_s: u32,
}

/// Less is not worth a person's time.
const LEAST_CONFIDENCE: f64 = 0.5;
/// Nothing is certain from outside a machine.
const MOST_CONFIDENCE: f64 = 0.98;
/// More causes at once than these are one cause that no rule knows.
const MOST_ROOT_CAUSES: usize = 3;

impl Diagnosis {
    pub fn fact(&self, asset: &AssetId, by: String) -> DiagnosisRecorded {
        DiagnosisRecorded {
            asset: asset.clone(),
            cause: self.cause.clone(),
            confidence: self.confidence,
            by,
            explanation: self.explanation.clone(),
            evidence_for: self.evidence_for.clone(),
            evidence_against: self.evidence_against.clone(),
            suggests: self.suggests.clone(),
            branched_from: None,
        }
    }
}

impl Rules {
    /// Every cause that fits, best first, each once.
    pub fn diagnose(&self, features: &AssetFeatures) -> Vec<Diagnosis> {
        self.diagnose_rest(features, &BTreeSet::new())
    }

    /// The best cause, then the best for what it leaves unexplained, and so on.
    pub fn root_causes(&self, features: &AssetFeatures) -> Vec<Diagnosis> {
        let mut found: Vec<Diagnosis> = Vec::new();
        let mut set_aside = BTreeSet::new();
        while found.len() < MOST_ROOT_CAUSES {
            let rest = self.diagnose_rest(features, &set_aside);
            let Some(next) = rest.into_iter().find(|next| found.iter().all(|known| known.cause != next.cause)) else { break };
            set_aside.extend(next.explained.iter().cloned());
            found.push(next);
        }
        found
    }

    fn diagnose_rest(&self, features: &AssetFeatures, set_aside: &BTreeSet<SignalId>) -> Vec<Diagnosis> {
        let view = View { features, set_aside };
        let in_force = self.iter().filter(|rule| features.known_regime || rule.holds_in_any_regime());
        let mut fitting: Vec<Diagnosis> =
            in_force.flat_map(|rule| rule.judge(&view)).filter(|diagnosis| diagnosis.confidence >= LEAST_CONFIDENCE).collect();
        // A stable sort: of equals, the rule written first.
        fitting.sort_by(|one, other| other.confidence.total_cmp(&one.confidence));
        let mut causes = BTreeSet::new();
        fitting.retain(|diagnosis| causes.insert(diagnosis.cause.clone()));
        fitting
    }
}

impl Rule {
    fn judge(&self, view: &View<'_>) -> Vec<Diagnosis> {
        if self.about.is_empty() {
            return self.judge_about(view, None).into_iter().collect();
        }
        let fits = |signal: &&SignalFeatures| {
            self.about.iter().any(|about| match about {
                Of::Kind(kind) => signal.kind == *kind,
                Of::Any => !is_told(signal.kind),
                Of::Subject | Of::Others => false,
            })
        };
        view.signals().filter(fits).filter_map(|signal| self.judge_about(view, Some(signal))).collect()
    }

    fn judge_about(&self, view: &View<'_>, subject: Option<&SignalFeatures>) -> Option<Diagnosis> {
        let mut evidence_for = Vec::new();
        for condition in &self.when {
            evidence_for.extend(condition.judge(view, subject)?);
        }
        let required: BTreeSet<SignalId> =
            evidence_for.iter().map(|evidence| evidence.signal.clone()).chain(subject.map(|it| it.signal.clone())).collect();
        let more = weigh(&self.more_likely, view, subject, &mut evidence_for);
        let mut evidence_against = Vec::new();
        let less = weigh(&self.less_likely, view, subject, &mut evidence_against);
        let confidence = ((self.confidence + more - less).clamp(0.0, MOST_CONFIDENCE) * 100.0).round() / 100.0;
        let mut shown = BTreeSet::new();
        evidence_for.retain(|figure| shown.insert((figure.signal.clone(), figure.feature)));
        let about = subject.map_or_else(String::new, |signal| format!(" ({})", signal.signal));
        Some(Diagnosis {
            cause: self.cause.clone(),
            title: self.title.clone(),
            confidence,
            explanation: format!("{}{about}: {}", self.title, self.explanation.trim()),
            evidence_for,
            evidence_against,
            suggests: self.suggests.clone(),
            explained: self.explained(view, required),
            hold_s: self.hold_s,
        })
    }

    fn explained(&self, view: &View<'_>, mut explained: BTreeSet<SignalId>) -> BTreeSet<SignalId> {
        let is_explained = |signal: &&SignalFeatures| signal.drift.is_some_and(|drift| self.explains.iter().any(|it| it.covers(signal.kind, drift)));
        explained.extend(view.signals().filter(is_explained).map(|signal| signal.signal.clone()));
        explained
    }
}

/// The weights of the conditions that hold; their evidence is added.
fn weigh(conditions: &[Condition], view: &View<'_>, subject: Option<&SignalFeatures>, evidence: &mut Vec<Evidence>) -> f64 {
    let mut sum = 0.0;
    for condition in conditions {
        let Some(found) = condition.judge(view, subject) else { continue };
        sum += condition.weight.unwrap_or(0.0);
        evidence.extend(found);
    }
    sum
}
