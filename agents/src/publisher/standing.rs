//! What is to be told of each fact, and what of it still stands. Pure.
//!
//! The broker keeps the last message of a topic, and a topic is an asset's. When a case closes, what it left there is replaced by what another
//! open case of the asset last told, or wiped by an empty message.

use millwright_domain::{
    Event, Timestamp,
    bus::{Alert, Diagnosis, Feedback, Figure, Judge, Moment, Outward, Status, Ticket},
    case::{AlertRaised, Case, CaseFile, DiagnosisRecorded, OutcomeRecorded, Severity},
    effect::EffectWanted,
    envelope::Recorded,
    evidence::Evidence,
    ids::{AssetId, CaseId, EffectId, SiteId, derived},
    plant::Source,
    site::case_fact,
};
use serde::Serialize;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Who delivers to the bus.
pub const ADAPTER: &str = "mqtt";

pub struct Standing {
    site: SiteId,
    /// Nothing is told of imported and replayed sites.
    live: bool,
    /// Open ones only.
    cases: BTreeMap<CaseId, Told>,
}

/// A case, and what was last told of it.
#[derive(Default)]
struct Told {
    case: Case,
    worst: Option<Severity>,
    alert: Option<EffectWanted>,
    diagnosis: Option<EffectWanted>,
    ticket: Option<(Ticket, EffectWanted)>,
}

/// What every message about one fact begins with.
struct Head<'a> {
    fact: &'a Recorded,
    site: &'a SiteId,
    asset: AssetId,
    case: CaseId,
}

impl Standing {
    pub fn of(site: SiteId) -> Self {
        Self { site, live: false, cases: BTreeMap::new() }
    }

    /// Takes one fact in and says what is to be told of it, in order.
    pub fn take(&mut self, fact: &Recorded) -> Vec<EffectWanted> {
        if let Event::PlantDescribed(described) = &fact.event {
            let was_live = std::mem::replace(&mut self.live, described.plant.source == Source::Live);
            return if was_live { vec![] } else { self.now() };
        }
        let (Some(id), Some(of_case)) = (fact.stream.as_case(), case_fact(&fact.event)) else { return vec![] };
        let told = self.cases.entry(id).or_default();
        told.case.evolve(of_case, fact.occurred_at);
        let Some(file) = told.case.file() else {
            // Of a case that was closed before: nothing stands of it any more.
            self.cases.remove(&id);
            return vec![];
        };
        let head = Head { fact, site: &self.site, asset: file.asset.clone(), case: id };
        let mut messages: Vec<EffectWanted> = match &fact.event {
            Event::AlertRaised(alert) => vec![told.alert(&head, alert)],
            Event::DiagnosisRecorded(diagnosis) => vec![told.diagnosis(&head, diagnosis)],
            _ => vec![],
        };
        messages.extend(told.ticket(&head));
        if let Event::OutcomeRecorded(outcome) = &fact.event {
            messages.push(feedback(&head, outcome, told.case.file()));
        }
        if matches!(told.case, Case::Closed(..)) {
            self.cases.remove(&id);
            messages.extend(self.left_after(&head));
        }
        if self.live { messages } else { vec![] }
    }

    /// What a late listener should find, of every open case.
    pub fn now(&self) -> Vec<EffectWanted> {
        if !self.live {
            return vec![];
        }
        let mut told: Vec<&Told> = self.cases.values().collect();
        told.sort_by_key(|told| told.last_alert_at());
        told.into_iter().flat_map(Told::stands).collect()
    }

    /// What is to stand in an asset's topics after one of its cases was closed.
    fn left_after(&self, head: &Head<'_>) -> Vec<EffectWanted> {
        let of_asset = |told: &&Told| told.case.file().is_some_and(|file| file.asset == head.asset);
        let other = self.cases.values().filter(of_asset).max_by_key(|told| told.last_alert_at());
        let again = |what: &str, told: &EffectWanted| {
            let effect = head.id(what);
            EffectWanted { effect, idempotency_key: effect.to_string(), ..told.clone() }
        };
        let alert = other.and_then(|told| told.alert.as_ref()).map(|alert| again("alert again", alert));
        let diagnosis = other.and_then(|told| told.diagnosis.as_ref()).map(|diagnosis| again("diagnosis again", diagnosis));
        let ticket = other.and_then(|told| told.ticket.as_ref()).map(|(_, ticket)| again("ticket again", ticket));
        let alert = alert.unwrap_or_else(|| head.wiped(Outward::Alerts));
        let diagnosis = diagnosis.unwrap_or_else(|| head.wiped(Outward::Diagnosis));
        [Some(alert), Some(diagnosis), ticket].into_iter().flatten().collect()
    }
}

impl Told {
    fn alert(&mut self, head: &Head<'_>, alert: &AlertRaised) -> EffectWanted {
        self.worst = self.worst.max(Some(alert.severity));
        let subject = format!("{}: {}", head.asset, alert.detector);
        let (id, ts, site, asset, case) = head.fields(Outward::Alerts);
        let AlertRaised { severity, detector, late, evidence, .. } = alert.clone();
        let body = Alert { id, ts, site, asset, case, severity, detector, late, evidence: figures(&evidence) };
        let wanted = head.message(Outward::Alerts, subject, &body);
        self.alert = Some(wanted.clone());
        wanted
    }

    fn diagnosis(&mut self, head: &Head<'_>, diagnosis: &DiagnosisRecorded) -> EffectWanted {
        let subject = format!("{}: {}", head.asset, diagnosis.cause);
        let (id, ts, site, asset, case) = head.fields(Outward::Diagnosis);
        let DiagnosisRecorded { cause, confidence, by, explanation, suggests, .. } = diagnosis.clone();
        let (evidence_for, evidence_against) = (figures(&diagnosis.evidence_for), figures(&diagnosis.evidence_against));
        let body = Diagnosis { id, ts, site, asset, case, cause, confidence, by, explanation, evidence_for, evidence_against, suggests };
        let wanted = head.message(Outward::Diagnosis, subject, &body);
        self.diagnosis = Some(wanted.clone());
        wanted
    }

    /// Only if it says anything new: an alert that joins a case changes nothing about its ticket.
    fn ticket(&mut self, head: &Head<'_>) -> Option<EffectWanted> {
        let file = self.case.file()?;
        let (status, outcome) = match &self.case {
            Case::Closed(_, outcome) => (Status::Closed, Some(*outcome)),
            Case::Open(_) | Case::Unopened => (Status::Open, None),
        };
        let (id, ts, site, asset, case) = head.fields(Outward::Tickets);
        let mut next = Ticket {
            id,
            ts,
            site,
            asset,
            case,
            status,
            stage: if status == Status::Closed { "closed" } else { file.stage() }.into(),
            severity: self.worst,
            cause: file.cause().cloned(),
            outcome,
            opened_at: Moment(file.opened_at),
            actions: file.actions.values().map(Into::into).collect(),
            link: format!("/#/cases/{}", head.case),
        };
        if let Some((last, _)) = &self.ticket {
            (next.id, next.ts) = (last.id, last.ts);
            if next == *last {
                return None;
            }
            (next.id, next.ts) = (id, ts);
        }
        let wanted = head.message(Outward::Tickets, format!("{}: {}", head.asset, next.stage), &next);
        self.ticket = Some((next, wanted.clone()));
        Some(wanted)
    }

    fn stands(&self) -> impl Iterator<Item = EffectWanted> {
        let ticket = self.ticket.as_ref().map(|(_, ticket)| ticket);
        [self.alert.as_ref(), self.diagnosis.as_ref(), ticket].into_iter().flatten().cloned()
    }

    fn last_alert_at(&self) -> Option<Timestamp> {
        self.case.file().map(|file| file.last_alert_at)
    }
}

fn feedback(head: &Head<'_>, outcome: &OutcomeRecorded, file: Option<&CaseFile>) -> EffectWanted {
    let subject = format!("{}: how it ended", head.asset);
    let (id, ts, site, asset, case) = head.fields(Outward::Feedback);
    let by = if outcome.by.is_service() { Judge::Readings } else { Judge::Person };
    let diagnosed = file.and_then(CaseFile::cause).cloned();
    let OutcomeRecorded { outcome, closes, true_cause, credited, evidence, .. } = outcome.clone();
    let body = Feedback { id, ts, site, asset, case, outcome, by, closes, diagnosed, true_cause, credited, evidence: figures(&evidence) };
    head.message(Outward::Feedback, subject, &body)
}

fn figures(evidence: &[Evidence]) -> Vec<Figure> {
    evidence.iter().map(Figure::from).collect()
}

impl Head<'_> {
    /// The same for the same fact, however often it is read.
    fn id(&self, what: &str) -> EffectId {
        EffectId(derived(&self.fact.id.to_string(), what, 0))
    }

    /// What every message begins with.
    fn fields(&self, kind: Outward) -> (Uuid, Moment, SiteId, AssetId, CaseId) {
        (self.id(kind.as_str()).0, Moment(self.fact.occurred_at), self.site.clone(), self.asset.clone(), self.case)
    }

    fn message(&self, kind: Outward, subject: String, body: &impl Serialize) -> EffectWanted {
        let body = serde_json::to_string(body).expect("texts and numbers are JSON");
        self.to(kind, self.id(kind.as_str()), subject, body)
    }

    /// An empty message makes the broker forget what it kept.
    fn wiped(&self, kind: Outward) -> EffectWanted {
        let effect = self.id(&format!("{} wiped", kind.as_str()));
        self.to(kind, effect, format!("{}: nothing stands", self.asset), String::new())
    }

    fn to(&self, kind: Outward, effect: EffectId, subject: String, body: String) -> EffectWanted {
        let target = format!("{ADAPTER}:{}", kind.topic(self.site, &self.asset));
        EffectWanted { effect, idempotency_key: effect.to_string(), target, subject, body, case: Some(self.case), action: None, quotes: vec![] }
    }
}

#[cfg(test)]
mod tests;
