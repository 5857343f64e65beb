//! One owner decides in order, answers after the commit, and gives the first answer again for ever.

use crate::house::{House, refused, subject};
use chrono::TimeDelta;
use millwright_commands::{ApproveAction, Ask, EngageKillSwitch, ProposeAction, RaiseAlert, RecordDiagnosis};
use millwright_domain::{
    Event,
    case::{AlertRaised, DiagnosisRecorded, Severity},
    envelope::Answer,
    ids::{ActionId, CaseId, CommandId, EventId},
    sealed::Sealed,
};
use uuid::Uuid;

pub fn alert() -> RaiseAlert {
    let alert = AlertRaised::new("pump-1".parse().unwrap(), "drift", Severity::High);
    RaiseAlert { alert }
}

pub fn diagnosis(case: CaseId, cause: &str, suggests: &[&str]) -> RecordDiagnosis {
    let diagnosis = DiagnosisRecorded {
        asset: "pump-1".parse().unwrap(),
        cause: cause.parse().unwrap(),
        confidence: 0.9,
        by: "rules".into(),
        explanation: String::new(),
        evidence_for: vec![],
        evidence_against: vec![],
        suggests: suggests.iter().map(|name| name.parse().unwrap()).collect(),
        branched_from: None,
    };
    RecordDiagnosis { case, diagnosis, revises: false }
}

pub async fn open_case(house: &House) -> CaseId {
    subject(&house.ask("svc-monitor", alert()).await).parse().unwrap()
}

pub async fn propose(house: &House, case: CaseId, name: &str) -> ActionId {
    let command = ProposeAction { case, name: name.parse().unwrap(), because: EventId(Uuid::from_u128(1)) };
    subject(&house.ask("svc-diagnosis", command).await).parse().unwrap()
}

pub async fn binding(house: &House, action: ActionId) -> String {
    let proposed = house.facts().await.into_iter().find_map(|fact| match fact.event {
        Event::ActionProposed(proposed) if proposed.proposal.action == action => Some(proposed.binding),
        _ => None,
    });
    proposed.expect("it was proposed")
}

pub async fn approve(house: &House, action: ActionId) {
    let yes = ApproveAction { action, binding: binding(house, action).await, via: None };
    let answered = house.ask("ann", yes).await;
    assert!(matches!(answered.answer, Answer::Done { .. }), "{answered:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_asked_twice_gets_its_first_answer_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let first = house.ask_with_id(7, "svc-monitor", alert()).await;
    assert_eq!(house.ask_with_id(7, "svc-monitor", alert()).await, first);
    // Under a known id even another question gets the first answer.
    let other = EngageKillSwitch { reason: Sealed { subject: "ann".parse().unwrap(), nonce: "00".into(), text: "c0ffee".into() } };
    assert_eq!(house.ask_with_id(7, "ann", other.clone()).await, first);
    let facts = house.facts().await.len();
    house.close().await;

    let house = House::open(folder.path()).await;
    assert_eq!(house.ask_with_id(7, "svc-monitor", alert()).await, first);
    assert_eq!(house.facts().await.len(), facts + 1, "only the new ownership was added");
    house.close().await;

    std::fs::remove_file(folder.path().join("answers.db")).unwrap();
    let house = House::open(folder.path()).await;
    assert_eq!(house.ask_with_id(7, "ann", other).await, first, "the index is rebuilt from the log");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_a_first_answer_too() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let case = open_case(&house).await;
    let action = propose(&house, case, "slow_pump_to_75pct").await;
    let yes = ApproveAction { action, binding: binding(&house, action).await, via: None };
    house.later(TimeDelta::seconds(300));
    let late = house.ask_with_id(9, "ann", yes.clone()).await;
    assert_eq!(refused(&late), "approval_expired");
    assert!(house.story().await.contains(&"CommandRefused".to_string()), "a late answer is on record");
    house.close().await;
    let house = House::open(folder.path()).await;
    assert_eq!(house.ask_with_id(9, "ann", yes).await, late);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_askers_at_once_are_decided_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let asks = (0..200u128).map(|number| house.ask_with_id(1_000 + number % 100, "svc-monitor", alert()));
    let answers = futures::future::join_all(asks).await;
    for pair in 0..100 {
        assert_eq!(answers[pair], answers[pair + 100], "the same id, the same answer");
    }
    let alerts = house.story().await.iter().filter(|fact| *fact == "AlertRaised").count();
    assert_eq!(alerts, 100);
    let subjects: std::collections::HashSet<String> = answers.iter().map(subject).collect();
    assert_eq!(subjects.len(), 1, "all joined the one open case");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_after_a_restart_is_the_state_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let case = open_case(&house).await;
    house.ask("svc-diagnosis", diagnosis(case, "bearing_wear", &[])).await;
    let action = propose(&house, case, "slow_pump_to_75pct").await;
    let bound = binding(&house, action).await;
    house.close().await;
    let house = House::open(folder.path()).await;
    let yes = ApproveAction { action, binding: bound, via: None };
    assert!(matches!(house.ask("ann", yes).await.answer, Answer::Done { .. }));
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_of_a_stream_are_dense_and_every_fact_knows_its_command() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let case = open_case(&house).await;
    house.ask("svc-diagnosis", diagnosis(case, "bearing_wear", &[])).await;
    house.close().await;
    let house = House::open(folder.path()).await;
    let mut versions = std::collections::HashMap::new();
    for fact in house.facts().await {
        let next = versions.entry(fact.stream.clone()).or_insert(0);
        *next += 1;
        assert_eq!(fact.version, *next, "{} {}", fact.stream, fact.event.kind());
        assert!(fact.command.is_some() || matches!(fact.event, Event::PartitionOwned(_)));
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers_for_a_site_that_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path()).await;
    let elsewhere = "elsewhere".parse().unwrap();
    let ask = Ask::new("ann".parse().unwrap(), alert()).with_id(CommandId(Uuid::nil()));
    assert!(house.commands.ask(&elsewhere, ask).await.is_err());
    house.close().await;
}
