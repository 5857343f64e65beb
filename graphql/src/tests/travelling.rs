//! The same questions put to the past.

use crate::testing::{House, NOW};
use chrono::TimeDelta;
use millwright_commands::ApproveAction;
use millwright_domain::{Timestamp, ids::CaseId, ports::event_log::EventLog, position::PartitionId};
use millwright_projections::{actions, testing::road};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// A case that waits for a yes at `NOW`, and is approved an hour later.
async fn approved_later() -> (House, CaseId) {
    let house = House::open().await;
    let case = house.case_awaiting_approval().await;
    let [waiting] = &actions::of_case(&house.state.projections.ledger(), case).await.unwrap()[..] else { panic!("one action") };
    house.clock.set(NOW + TimeDelta::seconds(60));
    house.log.append_readings(vec![road::scan(20, NOW + TimeDelta::seconds(60), 1_450.0)]).await.unwrap();
    let yes = ApproveAction { action: waiting.proposal.action, binding: waiting.binding.clone(), via: None };
    let answered = house.ask("local-operator", yes).await;
    let mut seen = answered.position;
    seen.advance(&PartitionId::readings(0), 21);
    house.state.projections.reached(&seen, Duration::from_secs(20)).await.unwrap();
    (house, case)
}

fn code(answer: &Value) -> &str {
    answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_else(|| panic!("{answer:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waited_at_a_time_waits_there_for_ever() {
    let (house, case) = approved_later().await;
    let question =
        "query($at: DateTime) { pendingApprovals(asOf: $at) { case { id stage } } case(id: \"CASE\", asOf: $at) { stage actions { stage } } }";
    let question = question.replace("CASE", &case.to_string());
    let then = house.graphql(&question, json!({ "at": NOW.to_string() })).await;
    assert_eq!(then["pendingApprovals"], json!([{ "case": { "id": case.to_string(), "stage": "awaiting_approval" } }]));
    assert_eq!(then["case"]["actions"], json!([{ "stage": "AWAITING_APPROVAL" }]));
    let now = house.graphql(&question, json!({})).await;
    assert_eq!((&now["pendingApprovals"], &now["case"]["actions"]), (&json!([]), &json!([{ "stage": "APPROVED" }])));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_question_that_takes_a_time_answers_for_it() {
    let (house, case) = approved_later().await;
    let whole = format!(
        "query($at: DateTime!) {{
            plants(asOf: $at) {{ assets {{ signals {{ latest {{ value }} }} }} }} plant(site: \"demo\", asOf: $at) {{ name }}
            asset(site: \"demo\", asset: \"pump-1\", asOf: $at) {{ health {{ state }} openCases {{ id }} }}
            cases(asOf: $at) {{ nodes {{ id similar {{ remembered }} timeline {{ kind }} }} }} case(id: \"{case}\", asOf: $at) {{ id }}
            pendingApprovals(asOf: $at) {{ id }} assetHealth(asOf: $at) {{ state }} alarms(asOf: $at) {{ state }}
            alarmPerformance(site: \"demo\", from: \"2023-11-14T00:00:00Z\", to: \"2023-11-15T00:00:00Z\", asOf: $at) {{ raised }}
            audit(first: 100, asOf: $at) {{ nodes {{ seq kind json }} }} notices(asOf: $at) {{ nodes {{ id }} }} deadLetters(asOf: $at) {{ id }}
            tickets(asOf: $at) {{ nodes {{ url }} }} summaries(site: \"demo\", asOf: $at) {{ line }} budgets(asOf: $at) {{ scope }} faultPatterns(asOf: $at) {{ cause }}
            readings(site: \"demo\", signal: \"pump-1/flow\", resolution: RAW, from: \"2023-11-14T00:00:00Z\", to: \"2023-11-15T00:00:00Z\", asOf: $at) {{ points {{ value }} }}
            logExtent {{ facts }} }}"
    );
    let then = house.graphql(&whole, json!({ "at": NOW.to_string() })).await;
    assert_eq!(then["plants"][0]["assets"][0]["signals"][0]["latest"]["value"], 1_450.0);
    let kinds: Vec<&str> = then["audit"]["nodes"].as_array().unwrap().iter().filter_map(|node| node["kind"].as_str()).collect();
    assert!(kinds.contains(&"ActionProposed") && !kinds.contains(&"ActionApproved"), "{kinds:?}");
    assert_eq!(then["readings"]["points"].as_array().map(Vec::len), Some(20), "what came later is not there");
}

#[tokio::test(flavor = "multi_thread")]
async fn rollups_of_the_past_show_only_periods_that_were_over() {
    let (house, _) = approved_later().await;
    let question = "query($at: DateTime) { readings(site: \"demo\", signal: \"pump-1/flow\", resolution: S10, from: \"2023-11-14T00:00:00Z\",
        to: \"2023-11-15T00:00:00Z\", asOf: $at, first: 100) { points { count } } }";
    let shown = async |at: Timestamp| house.graphql(question, json!({ "at": at.to_string() })).await["readings"]["points"].as_array().unwrap().len();
    assert_eq!(shown(NOW).await, 2);
    assert_eq!(shown(NOW + TimeDelta::seconds(60)).await, 2, "the period of the newest value still runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_that_were_not_and_mixed_times_are_refused() {
    let (house, _) = approved_later().await;
    let ask = async |question: &str| {
        let variables = if question.contains("$at: DateTime)") { json!({ "at": NOW.to_string() }) } else { json!({}) };
        house.graphql_raw(question, variables).await
    };
    for refused in [
        "{ cases(asOf: \"1999-01-01T00:00:00Z\") { nodes { id } } }",
        "{ cases(asOf: \"2999-01-01T00:00:00Z\") { nodes { id } } }",
        "query($at: DateTime) { cases(asOf: $at) { nodes { id } } budgets(asOf: \"2023-11-14T22:13:25Z\") { scope } }",
        "query($at: DateTime) { cases(asOf: $at) { nodes { id } } budgets { scope } }",
        "query($at: DateTime) { cases(asOf: $at, atLeast: \"ledger/demo:1\") { nodes { id } } }",
        "query($then: DateTime = \"1999-01-01T00:00:00Z\") { ...Past } fragment Past on Query { cases(asOf: $then) { nodes { id } } }",
        "{ comparison(from: \"2999-01-01T00:00:00Z\", to: \"1999-01-01T00:00:00Z\") { truncated } }",
    ] {
        assert_eq!(code(&ask(refused).await), "BAD_INPUT", "{refused}");
    }
    let before = ask("{ cases(asOf: \"1999-01-01T00:00:00Z\") { nodes { id } } }").await;
    assert!(before["errors"][0]["message"].as_str().unwrap().contains("the log begins at 2023-11-14T22:13:20"), "{before}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_question_takes_a_time_or_says_that_no_past_can_answer_it() {
    let (house, _) = approved_later().await;
    // One of each kind of thing that a field has to be given.
    let given = |argument: &Value| match (argument["name"].as_str().unwrap(), argument["type"]["ofType"]["name"].as_str().unwrap()) {
        ("site" | "partition", _) => "\"demo\"".to_string(),
        (_, "Int") => "1".into(),
        _ => format!("\"{}\"", CaseId(Uuid::nil())),
    };
    let fields = "{ __schema { queryType { fields { name
        args { name defaultValue type { kind ofType { name } } } } } } }";
    let fields = house.graphql(fields, json!({})).await["__schema"]["queryType"]["fields"].as_array().unwrap().clone();
    let mut only_present = 0;
    for field in fields {
        let (name, args) = (field["name"].as_str().unwrap(), field["args"].as_array().unwrap());
        // Two name their own times, and kinds of facts have none.
        let is_of_no_one_time = ["logExtent", "comparison", "auditKinds"].contains(&name);
        if is_of_no_one_time || args.iter().any(|argument| argument["name"] == "asOf") {
            continue;
        }
        let needed = args.iter().filter(|argument| argument["type"]["kind"] == "NON_NULL" && argument["defaultValue"].is_null());
        let needed: Vec<String> = needed.map(|argument| format!("{}: {}", argument["name"].as_str().unwrap(), given(argument))).collect();
        let needed = if needed.is_empty() { String::new() } else { format!("({})", needed.join(", ")) };
        let question = format!("query($at: DateTime) {{ budgets(asOf: $at) {{ scope }} {name}{needed} {{ __typename }} }}");
        assert_eq!(code(&house.graphql_raw(&question, json!({ "at": NOW.to_string() })).await), "NOT_TEMPORAL", "{question}");
        only_present += 1;
    }
    assert!(only_present >= 10, "{only_present}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_forgotten_is_forgotten_in_the_past_too() {
    let (house, case) = approved_later().await;
    let close = "mutation($case: ID!) { recordOutcome(case: $case, outcome: FALSE_ALARM, note: \"sensor was loose\") { position } }";
    let closed = house.graphql_raw(close, json!({ "case": case.to_string() })).await;
    let position = closed["data"]["recordOutcome"]["position"].as_str().unwrap().parse().unwrap();
    house.state.projections.reached(&position, Duration::from_secs(20)).await.unwrap();
    house.clock.set(NOW + TimeDelta::seconds(120));
    let question = format!("query($at: DateTime) {{ case(id: \"{case}\", asOf: $at) {{ outcome {{ note }} }} }}");
    let note =
        async || house.graphql(&question, json!({ "at": (NOW + TimeDelta::seconds(90)).to_string() })).await["case"]["outcome"]["note"].clone();
    assert_eq!(note().await, "sensor was loose");
    house.state.vault.forget(&house.state.caller.who).unwrap();
    assert_eq!(note().await, "(forgotten)");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_extent_and_what_changed_between_two_times() {
    let (house, case) = approved_later().await;
    let question = "query($from: DateTime!, $to: DateTime!) { logExtent { first last facts }
        comparison(from: $from, to: $to) { cases { case } approvals { case before after decidedBy } actions { before after } alarms { before after } truncated } }";
    let to = NOW + TimeDelta::seconds(60);
    let said = house.graphql(question, json!({ "from": NOW.to_string(), "to": to.to_string() })).await;
    assert_eq!(said["logExtent"]["first"], "2023-11-14T22:13:20+00:00");
    assert_eq!(said["logExtent"]["last"], "2023-11-14T22:14:20+00:00");
    let gone = json!([{ "case": case.to_string(), "before": "AWAITING_APPROVAL", "after": null, "decidedBy": null }]);
    assert_eq!(said["comparison"]["approvals"], gone);
    assert_eq!(said["comparison"]["actions"], json!([{ "before": "AWAITING_APPROVAL", "after": "APPROVED" }]));
}
