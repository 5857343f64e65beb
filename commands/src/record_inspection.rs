//! RecordInspection, ReportInspections: what an inspection found, and what those of a day came to. What is urgent is told when it begins and when it is over.

use crate::{
    decision::{Circumstances, Decision, Refused, senseless},
    telling::Telling,
};
use millwright_domain::{
    Event, Timestamp,
    case::Severity,
    envelope::StreamId,
    inspection::{Finding, FindingKind, InspectionMade, InspectionsReported, MOST_LISTED, PageLook},
    message::Message,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordInspection {
    pub slot: Timestamp,
    pub position: u64,
    pub compared: u32,
    pub findings: Vec<Finding>,
    pub page: PageLook,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportInspections {
    /// The report is of everything since the last one, up to but not including this.
    pub to: Timestamp,
}

impl RecordInspection {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        by_the_inspector(&circumstances)?;
        let known = &site.inspections;
        if known.last.is_some_and(|last| last >= self.slot) {
            return Ok(Decision::AlreadySo);
        }
        let urgent: BTreeMap<String, &Finding> =
            self.findings.iter().filter(|finding| finding.kind.is_urgent()).map(|finding| (finding.key(), finding)).collect();
        // The same of many are listed each time, so that none of them seems to come and go.
        let listed: Vec<Finding> =
            urgent.values().copied().chain(self.findings.iter().filter(|finding| !finding.kind.is_urgent())).take(MOST_LISTED).cloned().collect();
        let news: Vec<String> = urgent.keys().take(MOST_LISTED).filter(|key| !known.standing.contains(*key)).cloned().collect();
        let over = known.standing.iter().filter(|key| !urgent.contains_key(*key) && self.looked_at(key));
        let cleared: Vec<String> = over.cloned().collect();
        let made = InspectionMade {
            slot: self.slot,
            position: self.position,
            compared: self.compared,
            more: u32::try_from(self.findings.len().saturating_sub(listed.len())).unwrap_or(u32::MAX),
            findings: listed,
            news: news.clone(),
            cleared: cleared.clone(),
            page: self.page.clone(),
        };
        let mut facts: Vec<(StreamId, Event)> = vec![(StreamId::parts(), made.into())];
        if site.is_live() {
            facts.extend(told(site, self.slot, &news, &urgent));
            facts.extend(told_over(site, self.slot, &cleared));
        }
        Ok(Decision::Facts { facts, subject: Some(self.findings.len().to_string()) })
    }

    /// What was not looked at this time is neither wrong nor right again.
    fn looked_at(&self, key: &str) -> bool {
        let is_of = |kind: FindingKind| key.starts_with(kind.words());
        let was_compared = self.compared > 0;
        let page_was_seen = matches!(self.page, PageLook::Seen { .. });
        if is_of(FindingKind::WrongOnPage) {
            page_was_seen
        } else if is_of(FindingKind::WrongFigure) || is_of(FindingKind::StaleValue) {
            was_compared
        } else {
            true
        }
    }
}

impl ReportInspections {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        by_the_inspector(&circumstances)?;
        if circumstances.now.wall < self.to {
            return Err(senseless("not_yet", format_args!("that day ends at {}", self.to)));
        }
        let known = &site.inspections;
        let (true, Some(from)) = (known.tally.made > 0, known.from) else { return Ok(Decision::AlreadySo) };
        if from >= self.to {
            return Ok(Decision::AlreadySo);
        }
        let standing = known.standing.iter().take(MOST_LISTED).cloned().collect();
        let day = InspectionsReported { from, to: self.to, tally: known.tally.clone(), standing };
        let mut facts: Vec<(StreamId, Event)> = vec![];
        if let Some(id) = site.id().filter(|_| site.is_live()) {
            let message = Message::plain(day.line(id), day.lines().join("\n"));
            let to = site.roster.summary.as_ref().map_or("operators", |plan| plan.to.as_str());
            let because = format!("{id}/inspections/{}", self.to.micros());
            facts = Telling { to, message, because, reason: "inspections_reported", case: None, action: None }.wanted(site);
        }
        facts.insert(0, (StreamId::parts(), day.into()));
        Ok(Decision::Facts { facts, subject: None })
    }
}

fn by_the_inspector(circumstances: &Circumstances<'_>) -> Result<(), Refused> {
    if circumstances.by.is_service() { Ok(()) } else { Err(senseless("not_a_service", "the program itself inspects what it shows")) }
}

/// One message for all that one inspection brought up.
fn told(site: &Site, slot: Timestamp, news: &[String], urgent: &BTreeMap<String, &Finding>) -> Vec<(StreamId, Event)> {
    let Some(first) = news.first() else { return vec![] };
    let headline = match news.len() {
        1 => format!("Millwright: {first}"),
        more => format!("Millwright: {first}, and {} more", more - 1),
    };
    let listed: BTreeSet<&String> = news.iter().take(MOST_LISTED).collect();
    let lines = listed.into_iter().filter_map(|key| {
        let finding = urgent.get(key)?;
        Some(format!("{key}: the ledger says {}, shown is {}", finding.expected, finding.shown))
    });
    let advice = "Trust the ledger: `millwright rebuild` makes the tables anew from it.".to_string();
    let text: Vec<String> = lines.chain([advice]).collect();
    telling(site, slot, "inspection_found", Message { severity: Some(Severity::High), ..Message::plain(headline, text.join("\n")) })
}

fn told_over(site: &Site, slot: Timestamp, cleared: &[String]) -> Vec<(StreamId, Event)> {
    let Some(first) = cleared.first() else { return vec![] };
    let headline = format!("Millwright: right again: {first}");
    telling(site, slot, "inspection_cleared", Message::plain(headline, cleared.join("\n")))
}

fn telling(site: &Site, slot: Timestamp, reason: &str, message: Message) -> Vec<(StreamId, Event)> {
    let to = site.roster.alerts.to.as_deref().unwrap_or("operators");
    let because = format!("{}/inspection/{}", site.id().map(ToString::to_string).unwrap_or_default(), slot.micros());
    Telling { to, message, because, reason, case: None, action: None }.wanted(site)
}

#[cfg(test)]
mod tests {
    use super::{RecordInspection, ReportInspections};
    use crate::testing::{Asking, plant, scene};
    use millwright_domain::{
        Timestamp,
        inspection::{Finding, FindingKind, PageLook},
    };

    fn wrong(what: &str) -> Finding {
        Finding { kind: FindingKind::WrongFigure, what: what.into(), expected: "2".into(), shown: "3".into() }
    }
    fn inspected(slot: i64, compared: u32, findings: Vec<Finding>) -> Asking {
        let (slot, page) = (Timestamp::from_secs(slot), PageLook::NotSeen { why: "no browser".into() });
        plant::ask("svc-inspector", RecordInspection { slot, position: 9, compared, findings, page })
    }

    #[test]
    fn what_is_wrong_is_told_once_until_it_is_right_again() {
        let scene = scene().given_plant().when(inspected(900, 4, vec![wrong("cases open")])).then_facts(["InspectionMade", "EffectWanted"]);
        let scene = scene.when(inspected(900, 4, vec![wrong("cases open")])).is_already_so();
        let scene = scene.when(inspected(1_800, 4, vec![wrong("cases open")])).then_facts(["InspectionMade"]);
        // What could not be compared says nothing about it.
        let scene = scene.when(inspected(2_700, 0, vec![])).then_facts(["InspectionMade"]);
        let scene = scene.when(inspected(3_600, 4, vec![])).then_facts(["InspectionMade", "EffectWanted"]);
        scene.when(inspected(4_500, 4, vec![wrong("cases open")])).then_facts(["InspectionMade", "EffectWanted"]);
    }

    #[test]
    fn a_silent_agent_is_on_record_and_nobody_is_called() {
        let silent = Finding { kind: FindingKind::SilentAgent, ..wrong("agent-coder") };
        scene().given_plant().when(inspected(900, 4, vec![silent])).then_facts(["InspectionMade"]);
    }

    #[test]
    fn a_day_of_inspections_is_reported_once_and_not_before_it_is_over() {
        let report = |to: i64| plant::ask("svc-inspector", ReportInspections { to: Timestamp::from_secs(to) });
        let scene = scene().given_plant().when(report(86_400)).is_already_so();
        let scene = scene.when(inspected(900, 4, vec![])).then_facts(["InspectionMade"]);
        let scene = scene.when(report(i64::from(u32::MAX))).is_refused("not_yet");
        let scene = scene.when(report(86_400)).then_facts(["InspectionsReported", "EffectWanted"]);
        scene.when(report(86_400)).is_already_so();
    }

    #[test]
    fn a_person_does_not_say_what_an_inspection_found() {
        let ask = ReportInspections { to: Timestamp::from_secs(86_400) };
        scene().given_plant().when(plant::ask("ann", ask)).is_refused("not_a_service");
    }
}
