//! ReportParts and ReportSummary: what a health check saw, and what a stretch of time came to. Only what changed is a fact, and is told.

use crate::{
    decision::{Circumstances, Decision, Refused, senseless},
    telling::Telling,
};
use millwright_domain::{
    Event, Timestamp,
    case::Severity,
    envelope::StreamId,
    message::Message,
    parts::{Figures, PartFailed, PartRecovered, SummaryKind, SummaryReported},
    site::Site,
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
}

impl ReportParts {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let new: Vec<(&String, &String)> = self.failing.iter().filter(|(part, _)| !site.failing.contains_key(*part)).collect();
        let back: Vec<(&String, &Timestamp)> = site.failing.iter().filter(|(part, _)| !self.failing.contains_key(*part)).collect();
        if new.is_empty() && back.is_empty() {
            return Ok(Decision::AlreadySo);
        }
        let stream = StreamId::parts;
        let failed = new.iter().map(|(part, detail)| (stream(), PartFailed { part: (*part).clone(), detail: (*detail).clone() }.into()));
        let recovered = back.iter().map(|(part, at)| (stream(), PartRecovered { part: (*part).clone(), failed_at: **at }.into()));
        let mut facts: Vec<(StreamId, Event)> = failed.chain(recovered).collect();
        if let Some(to) = site.roster.alerts.to.as_deref().filter(|_| site.is_live()) {
            let count = new.len();
            let headline = match (count, back.len()) {
                (0, _) => "Millwright: works again".to_string(),
                (1, _) => format!("Millwright: {} does not work", new[0].0),
                _ => format!("Millwright: {count} parts do not work"),
            };
            let broken = new.iter().map(|(part, detail)| format!("{part}: {detail}"));
            let mended = back.iter().map(|(part, _)| format!("{part} works again"));
            let message = Message { severity: Some(Severity::High), ..Message::plain(headline, broken.chain(mended).collect::<Vec<_>>().join("\n")) };
            let because = circumstances.command.to_string();
            facts.extend(Telling { to, message, because, reason: "parts", case: None, action: None }.wanted(site));
        }
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
        let summary = SummaryReported { kind: self.kind, from: self.from, to: self.to, figures: self.figures.clone() };
        let mut facts: Vec<(StreamId, Event)> = vec![(StreamId::parts(), summary.clone().into())];
        let plan = site.roster.summary.as_ref().filter(|_| site.is_live() && self.kind == SummaryKind::Daily);
        if let (Some(plan), Some(id)) = (plan, site.id()) {
            let message = Message::plain(summary.line(id), summary.lines().join("\n"));
            let because = format!("summary/{}", self.to.micros());
            facts.extend(Telling { to: &plan.to, message, because, reason: "daily", case: None, action: None }.wanted(site));
        }
        Ok(Decision::Facts { facts, subject: None })
    }
}

#[cfg(test)]
mod tests {
    use super::{ReportParts, ReportSummary};
    use crate::{
        AdoptRoster,
        testing::{Asking, plant, scene},
    };
    use millwright_domain::{
        Timestamp,
        parts::{Figures, SummaryKind},
    };

    fn parts(failing: &[&str]) -> Asking {
        let failing = failing.iter().map(|part| (part.to_string(), "away".to_string())).collect();
        plant::ask("svc-health", ReportParts { failing })
    }
    fn told() -> Asking {
        let roster = r#"{"people": {"ann": {"by": ["notice"]}}, "alerts": {"to": "ann"}, "summary": {"day": "06:00-06:00", "to": "ann"}}"#;
        plant::ask("svc-settings", AdoptRoster { roster: serde_json::from_str(roster).unwrap() })
    }

    #[test]
    fn only_what_changed_since_the_last_check_is_a_fact_and_is_told() {
        let scene = scene().given_plant().when(told()).happens().when(parts(&[])).is_already_so();
        let scene = scene.when(parts(&["device plc", "outbox"])).then_facts(["PartFailed", "PartFailed", "EffectWanted"]);
        let scene = scene.when(parts(&["device plc", "outbox"])).is_already_so();
        scene.when(parts(&["outbox"])).then_facts(["PartRecovered", "EffectWanted"]);
    }

    #[test]
    fn a_day_is_summed_up_once() {
        let day = |from, to| {
            let (from, to) = (Timestamp::from_secs(from), Timestamp::from_secs(to));
            plant::ask("svc-health", ReportSummary { kind: SummaryKind::Daily, from, to, figures: Figures::default() })
        };
        let scene = scene().given_plant().when(told()).happens().when(day(10, 10)).is_refused("no_stretch");
        let scene = scene.when(day(0, 100)).then_facts(["SummaryReported", "EffectWanted"]).when(day(50, 100)).is_already_so();
        scene.when(day(100, 200)).then_facts(["SummaryReported", "EffectWanted"]);
    }
}
