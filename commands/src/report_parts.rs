//! ReportParts and ReportSummary: what a health check saw, and what a stretch of time came to. Only what changed is a fact; the message desk tells it.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    Event, Timestamp,
    envelope::StreamId,
    parts::{Figures, PartFailed, PartRecovered, SummaryKind, SummaryReported},
    site::Site,
    work::WorkSummary,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportParts {
    /// Parts that do not work, and why.
    pub failing: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportSummary {
    pub kind: SummaryKind,
    pub from: Timestamp,
    pub to: Timestamp,
    pub figures: Figures,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Box<WorkSummary>>,
}

impl ReportParts {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let new: Vec<(&String, &String)> = self.failing.iter().filter(|(part, _)| !site.failing.contains_key(*part)).collect();
        let back: Vec<(&String, &Timestamp)> = site.failing.iter().filter(|(part, _)| !self.failing.contains_key(*part)).collect();
        if new.is_empty() && back.is_empty() {
            return Ok(Decision::AlreadySo);
        }
        let stream = StreamId::parts;
        let failed = new.iter().map(|(part, detail)| (stream(), PartFailed { part: (*part).clone(), detail: (*detail).clone() }.into()));
        let recovered = back.iter().map(|(part, at)| (stream(), PartRecovered { part: (*part).clone(), failed_at: **at }.into()));
        let facts: Vec<(StreamId, Event)> = failed.chain(recovered).collect();
        Ok(Decision::Facts { facts, subject: None })
    }
}

impl ReportSummary {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        if self.from >= self.to {
            return Err(senseless("no_stretch", "a summary is of a stretch of time that has passed"));
        }
        if site.summed_up.get(&self.kind).is_some_and(|to| *to >= self.to) {
            return Ok(Decision::AlreadySo);
        }
        let summary = SummaryReported { kind: self.kind, from: self.from, to: self.to, figures: self.figures.clone(), work: self.work.clone() };
        Ok(Decision::one(StreamId::parts(), summary))
    }
}

#[cfg(test)]
mod tests {
    use super::{ReportParts, ReportSummary};
    use crate::testing::{Asking, plant, scene};
    use millwright_domain::{
        Timestamp,
        parts::{Figures, SummaryKind},
    };

    fn parts(failing: &[&str]) -> Asking {
        let failing = failing.iter().map(|part| (part.to_string(), "away".to_string())).collect();
        plant::ask("svc-health", ReportParts { failing })
    }
    #[test]
    fn only_what_changed_since_the_last_check_is_a_fact() {
        let scene = scene().given_plant().when(parts(&[])).is_already_so();
        let scene = scene.when(parts(&["device plc", "outbox"])).then_facts(["PartFailed", "PartFailed"]);
        let scene = scene.when(parts(&["device plc", "outbox"])).is_already_so();
        scene.when(parts(&["outbox"])).then_facts(["PartRecovered"]);
    }

    #[test]
    fn a_day_is_summed_up_once() {
        let day = |from, to| {
            let (from, to) = (Timestamp::from_secs(from), Timestamp::from_secs(to));
            plant::ask("svc-health", ReportSummary { kind: SummaryKind::Daily, from, to, figures: Figures::default(), work: None })
        };
        let scene = scene().given_plant().when(day(10, 10)).is_refused("no_stretch");
        let scene = scene.when(day(0, 100)).then_facts(["SummaryReported"]).when(day(50, 100)).is_already_so();
        scene.when(day(100, 200)).then_facts(["SummaryReported"]);
    }
}
