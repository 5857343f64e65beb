//! Weaver: one report of what the others found, in a fixed order, with what is missing said plainly.

use super::{Finding, ReportWriter, briefing::Briefing};
use crate::insist::service;
use async_trait::async_trait;
use millwright_domain::{Timestamp, ids::ActorId};

/// Writes by rules alone.
pub struct PlainWeaver;

#[async_trait]
impl ReportWriter for PlainWeaver {
    fn name(&self) -> ActorId {
        service("svc-weaver")
    }

    async fn write(&self, case: &Briefing, found: &[(ActorId, Finding)], missing: &[ActorId], _: Timestamp) -> Finding {
        Finding::by_rules(report(case, found, missing))
    }
}

/// The report by rules: the first line says what it is about.
pub fn report(case: &Briefing, found: &[(ActorId, Finding)], missing: &[ActorId]) -> String {
    let name = if case.asset.name.is_empty() { case.asset.id.as_str() } else { &case.asset.name };
    let head = match &case.diagnosis {
        Some(diagnosis) => format!("{name}: {}, {:.0} % sure. {}", diagnosis.cause, diagnosis.confidence * 100.0, diagnosis.explanation),
        None => format!("{name}: {} alerts, cause not known yet.", case.alerts),
    };
    let mut parts = vec![head];
    parts.extend(found.iter().map(|(by, finding)| {
        let cited = finding.citations.iter().map(|one| format!("\n  {} p. {}: “{}”", one.document, one.page, one.quote));
        format!("{}\n{}{}", title(by), finding.text.trim(), cited.collect::<String>())
    }));
    if !missing.is_empty() {
        parts.push(format!("Not heard in time: {}.", missing.iter().map(title).collect::<Vec<_>>().join(", ")));
    }
    parts.join("\n\n")
}

/// What people call it.
pub fn title(agent: &ActorId) -> String {
    let name = agent.as_str().trim_start_matches("svc-").trim_start_matches("agent-").replace('-', " ");
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_called_by_its_work() {
        assert_eq!(title(&"svc-triage".parse().unwrap()), "Triage");
        assert_eq!(title(&"agent-night-shift".parse().unwrap()), "Night shift");
    }
}
