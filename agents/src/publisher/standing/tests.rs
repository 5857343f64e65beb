//! What is told of a case's facts, and what stands afterwards.

use super::*;
use crate::testing;
use millwright_domain::{case::Outcome, envelope::StreamId, plant::Plant, sealed::Sealed, site::PlantDescribed};
use serde_json::Value;

/// Facts of one site, numbered as they come.
struct Ledger {
    seq: u64,
    standing: Standing,
}

impl Ledger {
    fn of(source: Source) -> Self {
        let mut ledger = Self { seq: 0, standing: Standing::of("demo".parse().unwrap()) };
        ledger.describe(source);
        ledger
    }
    fn describe(&mut self, source: Source) -> Vec<EffectWanted> {
        let plant = Plant { site: "demo".parse().unwrap(), name: "Demo".into(), source, assets: vec![] };
        self.take(StreamId::site(), PlantDescribed { plant })
    }
    fn take(&mut self, stream: StreamId, event: impl Into<Event>) -> Vec<EffectWanted> {
        self.seq += 1;
        let at = Timestamp::from_secs(1_790_000_000 + i64::try_from(self.seq).unwrap());
        self.standing.take(&testing::recorded(self.seq, at, stream, event))
    }
    fn alert(&mut self, case: u128, severity: Severity) -> Vec<EffectWanted> {
        let alert = AlertRaised::new("pump-1".parse().unwrap(), "drift", severity);
        self.take(stream(case), alert)
    }
    fn diagnosis(&mut self, case: u128, cause: &str) -> Vec<EffectWanted> {
        let diagnosis =
            DiagnosisRecorded { explanation: "it rumbles".into(), by: "rules@1".into(), ..testing::diagnosis("pump-1".parse().unwrap(), cause, 0.9) };
        self.take(stream(case), diagnosis)
    }
    fn outcome(&mut self, case: u128, outcome: Outcome, by: &str, closes: bool) -> Vec<EffectWanted> {
        let note = Some(Sealed { subject: "ann".parse().unwrap(), nonce: "00".into(), text: "c0ffee".into() });
        let (by, evidence) = (by.parse().unwrap(), vec![]);
        self.take(stream(case), OutcomeRecorded { outcome, by, credited: None, true_cause: None, note, evidence, closes })
    }
}

fn stream(case: u128) -> StreamId {
    StreamId::case(CaseId(Uuid::from_u128(case)))
}

/// `tickets:open/diagnosed` and so on.
fn told(messages: &[EffectWanted]) -> Vec<String> {
    let one = |message: &EffectWanted| {
        let kind = message.target.strip_prefix("mqtt:").unwrap().strip_suffix("/demo/pump-1").unwrap().to_string();
        let Ok(body) = serde_json::from_str::<Value>(&message.body) else { return format!("{kind}:wiped") };
        let said = ["stage", "cause", "detector", "outcome"].iter().find_map(|field| body[field].as_str());
        format!("{kind}:{}", said.unwrap_or_default())
    };
    messages.iter().map(one).collect()
}

#[test]
fn a_case_is_told_from_its_alert_to_its_outcome() {
    let mut ledger = Ledger::of(Source::Live);
    assert_eq!(told(&ledger.alert(1, Severity::High)), ["alerts:drift", "tickets:open"]);
    assert_eq!(told(&ledger.diagnosis(1, "bearing_wear")), ["diagnosis:bearing_wear", "tickets:diagnosed"]);
    assert_eq!(told(&ledger.outcome(1, Outcome::Mitigated, "svc-monitor", false)), ["tickets:mitigated", "feedback:mitigated"]);
    let last = ledger.outcome(1, Outcome::Repaired, "ann", true);
    assert_eq!(told(&last), ["tickets:closed", "feedback:repaired", "alerts:wiped", "diagnosis:wiped"]);
    let feedback: Feedback = serde_json::from_str(&last[1].body).unwrap();
    assert_eq!((feedback.by, feedback.closes, feedback.diagnosed), (Judge::Person, true, Some("bearing_wear".parse().unwrap())));
    assert!(ledger.standing.now().is_empty());
}

#[test]
fn alerts_that_join_a_case_are_told_and_its_ticket_only_when_it_says_something_new() {
    let mut ledger = Ledger::of(Source::Live);
    ledger.alert(1, Severity::Medium);
    assert_eq!(told(&ledger.alert(1, Severity::Medium)), ["alerts:drift"]);
    assert_eq!(told(&ledger.alert(1, Severity::High)), ["alerts:drift", "tickets:open"], "a worse one shows in the ticket");
    assert_eq!(told(&ledger.alert(1, Severity::Low)), ["alerts:drift"]);
    ledger.diagnosis(1, "bearing_wear");
    assert_eq!(told(&ledger.diagnosis(1, "bearing_wear")), ["diagnosis:bearing_wear"]);
}

#[test]
fn a_message_has_one_id_however_often_its_fact_is_read() {
    let walk = || {
        let mut ledger = Ledger::of(Source::Live);
        [ledger.alert(1, Severity::High), ledger.diagnosis(1, "clogging"), ledger.outcome(1, Outcome::FalseAlarm, "ann", true)].concat()
    };
    let (first, second) = (walk(), walk());
    assert_eq!(first, second);
    let ids: std::collections::HashSet<EffectId> = first.iter().map(|message| message.effect).collect();
    assert_eq!(ids.len(), first.len());
    for message in first.iter().filter(|message| !message.body.is_empty()) {
        let body: Value = serde_json::from_str(&message.body).unwrap();
        assert_eq!(body["id"], message.idempotency_key);
    }
}

#[test]
fn when_one_of_two_cases_of_an_asset_closes_the_other_one_stands() {
    let mut ledger = Ledger::of(Source::Live);
    let alert = ledger.alert(1, Severity::High).remove(0);
    ledger.diagnosis(1, "bearing_wear");
    ledger.diagnosis(2, "sensor_drift");
    let last = ledger.outcome(2, Outcome::Repaired, "ann", true);
    assert_eq!(told(&last), ["tickets:closed", "feedback:repaired", "alerts:drift", "diagnosis:bearing_wear", "tickets:diagnosed"]);
    assert_eq!(last[2].body, alert.body, "it is the message that was told before");
    assert_ne!(last[2].effect, alert.effect, "but sent once more");
    assert_eq!(told(&ledger.standing.now()), ["alerts:drift", "diagnosis:bearing_wear", "tickets:diagnosed"]);
}

#[test]
fn what_a_person_wrote_and_who_it_was_is_not_told() {
    let mut ledger = Ledger::of(Source::Live);
    ledger.alert(1, Severity::High);
    for message in ledger.outcome(1, Outcome::Repaired, "ann", true) {
        assert!(!message.body.contains("c0ffee") && !message.body.contains("ann"), "{}", message.body);
    }
}

#[test]
fn nothing_is_told_of_imported_and_replayed_sites_and_what_stands_once_they_are_live() {
    for source in [Source::Imported, Source::Replayed] {
        let mut ledger = Ledger::of(source);
        assert!(ledger.alert(1, Severity::High).is_empty() && ledger.diagnosis(1, "clogging").is_empty());
        assert!(ledger.standing.now().is_empty());
        assert_eq!(told(&ledger.describe(Source::Live)), ["alerts:drift", "diagnosis:clogging", "tickets:diagnosed"]);
        assert!(ledger.describe(Source::Live).is_empty(), "described once more changes nothing");
    }
}

#[test]
fn facts_of_a_closed_case_are_told_no_more() {
    let mut ledger = Ledger::of(Source::Live);
    ledger.alert(1, Severity::High);
    ledger.outcome(1, Outcome::Repaired, "ann", true);
    assert!(ledger.outcome(1, Outcome::NoEffect, "ann", true).is_empty());
    assert!(ledger.standing.now().is_empty());
}
