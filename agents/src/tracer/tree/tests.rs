//! One case from its scan to its outcome is one tree, whoever took its steps and however often they are told.

use super::*;
use crate::testing::{diagnosis, recorded, slow_down};
use millwright_domain::{
    case::{ActionApproved, ActionCompleted, ActionFailed, ActionProposed, ActionStarted, AlertRaised, Severity},
    codec::decode,
    effect::{EffectDone, EffectWanted},
    envelope::StreamId,
};
use std::collections::BTreeMap;
use uuid::Uuid;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

fn case(number: u8) -> CaseId {
    CaseId(Uuid::new_v5(&Uuid::nil(), &[number]))
}

/// The `number`th fact, so many seconds after the first, led to by another or by nobody.
fn step(number: u64, because: Option<u64>, stream: StreamId, event: impl Into<Event>) -> Recorded {
    let mut fact = recorded(number, NOW + TimeDelta::seconds(number.cast_signed()), stream, event);
    fact.version = number;
    fact.causation = because.map(|number| EventId(Uuid::from_u128(number.into())));
    fact
}

fn alert() -> AlertRaised {
    AlertRaised::new("pump-1".parse().unwrap(), "drift", Severity::High)
}

/// Alert, diagnosis, proposal, a person's yes, start, end, outcome; and a message about it.
fn story(of: CaseId) -> Vec<Recorded> {
    let stream = || StreamId::case(of);
    let action = ActionId(Uuid::from_u128(77));
    let effect = EffectId(Uuid::from_u128(99));
    let wanted = EffectWanted {
        effect,
        idempotency_key: String::new(),
        target: "whatsapp:ann".into(),
        subject: String::new(),
        body: "a text that stays here".into(),
        case: Some(of),
        action: None,
        quotes: vec![],
    };
    let outcome = decode(include_bytes!("../../../../domain/history/OutcomeRecorded.v1.json")).unwrap().event;
    vec![
        step(1, None, stream(), alert()),
        step(2, Some(1), stream(), diagnosis("pump-1".parse().unwrap(), "bearing_wear", 0.9)),
        step(3, Some(2), stream(), ActionProposed { proposal: slow_down(action, "pump-1/speed", NOW), binding: String::new() }),
        step(4, Some(3), StreamId::effect(effect), wanted),
        step(5, None, StreamId::effect(effect), EffectDone { effect, attempt: 1, receipt: String::new() }),
        step(6, None, stream(), ActionApproved { action, binding: String::new(), by: "ann".parse().unwrap() }),
        step(7, Some(6), stream(), ActionStarted { action, send_by: NOW, device_epoch: None, observed: vec![] }),
        step(8, Some(7), stream(), ActionCompleted { action, read_back: None, sent: None }),
        step(9, None, stream(), outcome),
    ]
}

fn spans(facts: &[Recorded]) -> Vec<Span> {
    let mut tree = Tree::default();
    facts.iter().flat_map(|fact| tree.grow(fact)).collect()
}

/// Child below parent, by name.
fn edges(spans: &[Span]) -> Vec<(String, String)> {
    let names: BTreeMap<u64, &str> = spans.iter().map(|span| (span.context.span, span.name.as_str())).collect();
    let below = |span: &Span| Some((span.name.clone(), (*names.get(&span.parent?)?).to_string()));
    spans.iter().filter_map(below).collect()
}

#[test]
fn a_case_is_one_tree_from_its_scan_to_its_outcome() {
    let spans = spans(&story(case(1)));
    assert!(spans.iter().all(|span| span.context.trace == case(1).0.as_u128()));
    let expected = [
        ("AlertRaised", "case"),
        ("DiagnosisRecorded", "AlertRaised"),
        ("ActionProposed", "DiagnosisRecorded"),
        ("EffectWanted", "ActionProposed"),
        ("EffectDone", "EffectWanted"),
        ("ActionApproved", "ActionProposed"),
        ("ActionStarted", "ActionApproved"),
        ("ActionCompleted", "ActionStarted"),
        ("OutcomeRecorded", "ActionCompleted"),
    ];
    assert_eq!(edges(&spans), expected.map(|(child, parent)| (child.to_string(), parent.to_string())));
    assert_eq!(spans.iter().filter(|span| span.parent.is_none()).count(), 1, "the case itself");
    let approved = spans.iter().find(|span| span.name == "ActionApproved").unwrap();
    assert_eq!(approved.ended.since(approved.began).num_seconds(), 3, "how long it waited for a person");
}

#[test]
fn what_is_told_again_is_the_same_and_no_text_of_anybodys_is_in_it() {
    assert_eq!(spans(&story(case(1))), spans(&story(case(1))));
    assert!(!format!("{:?}", spans(&story(case(1)))).contains("a text that stays here"));
}

#[test]
fn a_trace_begins_with_the_scan_unless_plant_time_is_another() {
    let scanned = |seconds_before: i64| {
        let mut fact = step(1, None, StreamId::case(case(1)), alert());
        fact.occurred_at = fact.recorded_at - TimeDelta::seconds(seconds_before);
        let spans = spans(&[fact]);
        assert_eq!((spans[0].name.as_str(), spans[0].began), ("case", spans[1].began));
        spans[1].ended.since(spans[1].began).num_seconds()
    };
    assert_eq!((scanned(3), scanned(86_400), scanned(-5)), (3, 0, 0));
}

#[test]
fn a_step_whose_cause_is_another_cases_or_long_gone_hangs_below_its_own_case() {
    let first = step(1, None, StreamId::case(case(1)), alert());
    let mut of_another = step(2, Some(1), StreamId::case(case(2)), diagnosis("pump-1".parse().unwrap(), "clogging", 0.9));
    of_another.version = 1;
    let spans = spans(&[first, of_another]);
    assert!(
        spans
            .iter()
            .all(|span| span.parent.is_none_or(|parent| spans.iter().any(|other| other.context == TraceContext { span: parent, ..span.context })))
    );
    let mut tree = Tree::default();
    let reason = ActionFailed { action: ActionId(Uuid::from_u128(7)), reason: "said the device".into(), sent: None };
    let late = tree.grow(&step(9, Some(3), StreamId::case(case(1)), reason));
    assert_eq!((late[0].parent, late[0].failed.as_deref()), (Some(TraceContext::of_case(case(1)).span), Some("ActionFailed")));
}

#[test]
fn what_belongs_to_no_case_is_no_span_and_memory_is_bounded() {
    let mut tree = Tree::default();
    assert_eq!(tree.grow(&step(1, None, StreamId::device(&"plc".parse().unwrap()), alert())), []);
    for number in 1..=(MOST_STEPS as u64 + 500) {
        tree.grow(&step(number, None, StreamId::case(case((number % 251) as u8)), alert()));
    }
    assert!(tree.steps.len() <= MOST_STEPS && tree.order.len() <= MOST_STEPS && tree.last.len() <= 251);
}
