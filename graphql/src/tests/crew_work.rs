//! What the crew does as people see it: who looks into a case, test tasks, the log of all work, what calls cost, figures past a limit.

use crate::testing::{House, NOW};
use millwright_commands::{DeliverContribution, DeliverReport, JoinCrew, MissContribution, OpenInvestigation, RecordModelCall, ReportBreaches};
use millwright_domain::{
    agent_alarm::Breach,
    call::ModelCalled,
    ids::{CaseId, ReservationId},
    model_call::{NanoDollars, Usage},
};
use serde_json::{Value, json};
use uuid::Uuid;

async fn joined(house: &House, name: &str, capability: &str) -> String {
    let capabilities = [capability.parse().unwrap()].into();
    let joined = house.ask(name, JoinCrew { role: "crew".parse().unwrap(), capabilities, at_once: 1, reports_every_s: None }).await;
    joined.position.to_string()
}

fn called(case: CaseId, number: u128, cost: i64) -> RecordModelCall {
    let called = ModelCalled {
        call: Uuid::from_u128(number),
        agent: "svc-weaver".parse().unwrap(),
        attempt: 1,
        reservation: ReservationId(Uuid::from_u128(number)),
        deployment: "house".parse().unwrap(),
        model: "qwen2.5:7b".into(),
        usage: Some(Usage { input: 100, output: 20, ..Usage::default() }),
        source: None,
        cost: NanoDollars(cost),
        price: String::new(),
        took_ms: 900,
        failed: None,
        considered: vec![],
    };
    RecordModelCall { called, case: Some(case) }
}

async fn looking(house: &House, at: &str) -> Vec<String> {
    let query = "query($at: Position) { agents(site: \"demo\", atLeast: $at) { id status onCases } }";
    let agents = house.graphql(query, json!({ "at": at })).await["agents"].clone();
    let busy = agents.as_array().unwrap().iter().filter(|agent| agent["onCases"] != json!([]));
    busy.map(|agent| format!("{} {}", agent["id"].as_str().unwrap(), agent["status"].as_str().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_into_a_case_is_active_until_that_is_done() {
    let house = House::open().await;
    for (name, capability) in
        [("svc-conductor", "route_case"), ("svc-triage", "triage_alarm"), ("svc-hunter", "read_manuals"), ("svc-weaver", "write_report")]
    {
        joined(&house, name, capability).await;
    }
    let case = house.case_awaiting_approval().await;
    let asked = ["svc-triage", "svc-hunter"].map(|name| name.parse().unwrap()).to_vec();
    let opened = house.ask("svc-conductor", OpenInvestigation { case, asked }).await;
    let at = opened.position.to_string();
    assert_eq!(looking(&house, &at).await, ["svc-conductor ACTIVE", "svc-hunter ACTIVE", "svc-triage ACTIVE"]);
    let said = DeliverContribution { case, text: "grease it".into(), citations: vec![], model: None, took_ms: 3, dropped: 0 };
    house.ask("svc-triage", said).await;
    let missed = MissContribution { case, by: "svc-hunter".parse().unwrap(), why: "no manual".into() };
    let at = house.ask("svc-conductor", missed).await.position.to_string();
    assert_eq!(looking(&house, &at).await, ["svc-conductor ACTIVE", "svc-weaver ACTIVE"], "all have answered, so the report is written");
    let at = house.ask("svc-weaver", DeliverReport { case, text: "grease it".into(), model: None }).await.position.to_string();
    assert_eq!(looking(&house, &at).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_part_of_millwright_uses_counts_as_its_calls_end_by_day_and_model() {
    let house = House::open().await;
    joined(&house, "svc-weaver", "write_report").await;
    let case = house.case_awaiting_approval().await;
    house.ask("svc-gateway", called(case, 1, 70)).await;
    let at = house.ask("svc-gateway", called(case, 2, 30)).await.position.to_string();
    let asked = "query($at: Position) { agent(site: \"demo\", agent: \"svc-weaver\", atLeast: $at) { modelInUse sums { calls costNanoDollars tokens { total } } hours { sums { calls } } }
        crewCosts(site: \"demo\", atLeast: $at) { costNanoDollars tokens trendNanoDollarsADay days { day agent model sums { calls } } }
        workLog(site: \"demo\", what: MODEL_CALL, agent: \"svc-weaver\", atLeast: $at) { nodes { caseId kind } } }";
    let shown = house.graphql(asked, json!({ "at": at })).await;
    assert_eq!(shown["agent"]["sums"], json!({ "calls": 2, "costNanoDollars": 100, "tokens": { "total": 240 } }));
    assert_eq!((&shown["agent"]["modelInUse"], &shown["agent"]["hours"][0]["sums"]["calls"]), (&json!("qwen2.5:7b"), &json!(2)));
    let day = NOW.floor_to(86_400).to_datetime().unwrap().to_rfc3339();
    let costs = &shown["crewCosts"];
    assert_eq!((&costs["costNanoDollars"], &costs["tokens"], &costs["trendNanoDollarsADay"]), (&json!(100), &json!(240), &Value::Null));
    assert_eq!(costs["days"], json!([{ "day": day, "agent": "svc-weaver", "model": "qwen2.5:7b", "sums": { "calls": 2 } }]));
    let step = json!({ "caseId": case.to_string(), "kind": "ModelCalled" });
    assert_eq!(shown["workLog"]["nodes"], json!([step.clone(), step]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_task_is_filed_for_one_and_a_figure_past_its_limit_is_shown_until_it_is_over() {
    let house = House::open().await;
    let seen = joined(&house, "svc-hunter", "read_manuals").await;
    house.graphql("query($at: Position) { agents(atLeast: $at) { id } }", json!({ "at": seen })).await;
    let test = "mutation($agent: ID!) { testAgent(site: \"demo\", agent: $agent) { kind subject position } }";
    let nobody = house.graphql_raw(test, json!({ "agent": "svc-nobody" })).await;
    assert!(nobody["errors"][0]["message"].as_str().unwrap().contains("not on the crew"), "{nobody}");
    let filed = house.graphql(test, json!({ "agent": "svc-hunter" })).await["testAgent"].clone();
    let asked = "query($id: ID!, $at: Position) { task(id: $id, atLeast: $at) { needs stage autonomous labels } }";
    let shown = house.graphql(asked, json!({ "id": filed["subject"], "at": filed["position"] })).await;
    assert_eq!(shown["task"], json!({ "needs": "read_manuals", "stage": "PENDING", "autonomous": true, "labels": ["test"] }));
    let breach = Breach { rule: "costly".into(), agent: "svc-hunter".parse().unwrap(), value: 7.0, limit: 5.0, says: "svc-hunter: costs 7".into() };
    let alarms = "query($at: Position) { agent(site: \"demo\", agent: \"svc-hunter\", atLeast: $at) { alarms { rule value limit } } }";
    let at = house.ask("svc-monkey", ReportBreaches { breaches: vec![breach] }).await.position.to_string();
    let shown = house.graphql(alarms, json!({ "at": at })).await;
    assert_eq!(shown["agent"]["alarms"], json!([{ "rule": "costly", "value": 7.0, "limit": 5.0 }]));
    let at = house.ask("svc-monkey", ReportBreaches { breaches: vec![] }).await.position.to_string();
    assert_eq!(house.graphql(alarms, json!({ "at": at })).await["agent"]["alarms"], json!([]));
}
