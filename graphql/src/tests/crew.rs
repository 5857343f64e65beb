//! A crew's work as people and agents see it: tasks, who is at them, letters, and all of that as it was.

use crate::testing::{House, NOW};
use chrono::TimeDelta;
use millwright_commands::{ChaseLetter, Claim, ClaimTask, DeliverTask, JoinCrew, ReportMetrics, SendLetter};
use millwright_domain::{
    agent::Figures,
    envelope::Answer,
    ids::LetterId,
    letter::{Addressee, LetterKind},
    model_call::Usage,
    priority::Priority,
};
use serde_json::{Value, json};
use uuid::Uuid;

const FILE: &str =
    "mutation($task: TaskInput!, $id: ID) { fileTask(site: \"demo\", task: $task, commandId: $id) { kind code reason subject position } }";
const TASK: &str = "query($id: ID!, $at: Position) { task(id: $id, atLeast: $at) {
    title details needs stage steps fence agent result lease { agent fence } tests { passed } acceptedBy note } }";

async fn joined(house: &House, name: &str, capability: &str) {
    let capabilities = [capability.parse().unwrap()].into();
    house.ask(name, JoinCrew { role: "coder".parse().unwrap(), capabilities, at_once: 1, reports_every_s: None }).await;
}

async fn filed(house: &House) -> String {
    let task = json!({ "title": "why does it run hot?", "details": "ask Bob", "needs": "read_manuals", "queue": true, "priority": "HIGH" });
    let answer = house.graphql(FILE, json!({ "task": task })).await["fileTask"].clone();
    assert_eq!(answer["kind"], "DONE", "{answer}");
    answer["subject"].as_str().unwrap().to_string()
}

async fn claimed(house: &House, by: &str) -> Claim {
    let answered = house.ask(by, ClaimTask { task: None, lease_s: 120 }).await;
    let Answer::Done { subject: Some(claim), .. } = answered.answer else { panic!("{answered:?}") };
    claim.parse().unwrap()
}

async fn seen(house: &House, task: &str, at: &Value) -> Value {
    house.graphql(TASK, json!({ "id": task, "at": at })).await["task"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_filed_done_by_an_agent_and_accepted_and_can_be_seen_as_it_was() {
    let house = House::open().await;
    joined(&house, "agent-coder", "read_manuals").await;
    let task = filed(&house).await;
    let claim = claimed(&house, "agent-coder").await;
    let delivered = house.ask("agent-coder", DeliverTask { task: claim.task, fence: claim.fence, result: "page 12".into() }).await;
    let at = json!(delivered.position.to_string());
    let shown = seen(&house, &task, &at).await;
    assert_eq!((&shown["details"], &shown["stage"], &shown["result"]), (&json!("ask Bob"), &json!("REVIEW"), &json!("page 12")));
    assert_eq!((&shown["steps"], &shown["agent"]), (&json!(["ACCEPT", "SEND_BACK", "REVERT"]), &json!("agent-coder")));
    house.clock.set(NOW + TimeDelta::seconds(60));
    let accept = format!("mutation {{ acceptTask(site: \"demo\", task: \"{task}\", fence: {}) {{ kind reason position }} }}", claim.fence);
    let accepted = house.graphql(&accept, json!({})).await["acceptTask"].clone();
    assert_eq!(accepted["kind"], "DONE", "{accepted}");
    assert_eq!(seen(&house, &task, &accepted["position"]).await["acceptedBy"], "local-operator");
    let who = "query($at: Position) { agents(site: \"demo\", atLeast: $at) { id status outside work { claimed delivered accepted accuracy } } }";
    let crew = house.graphql(who, json!({ "at": accepted["position"] })).await["agents"].clone();
    let work = json!({ "claimed": 1, "delivered": 1, "accepted": 1, "accuracy": 1.0 });
    assert_eq!(crew, json!([{ "id": "agent-coder", "status": "IDLE", "outside": true, "work": work }]));
    let then = (NOW + TimeDelta::seconds(30)).to_string();
    let past = format!(
        "{{ tasks(site: \"demo\", asOf: \"{then}\") {{ nodes {{ stage }} }} taskCounts(site: \"demo\", asOf: \"{then}\") {{ stage tasks }} }}"
    );
    let past = house.graphql(&past, json!({})).await;
    assert_eq!(past["tasks"]["nodes"], json!([{ "stage": "REVIEW" }]));
    assert_eq!(past["taskCounts"], json!([{ "stage": "REVIEW", "tasks": 1 }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_what_is_shown_and_a_stopped_agents_task_waits_again() {
    let house = House::open().await;
    joined(&house, "svc-manual-hunter", "read_manuals").await;
    let task = filed(&house).await;
    claimed(&house, "svc-manual-hunter").await;
    let stop = "mutation { stopAgent(site: \"demo\", agent: \"svc-manual-hunter\") { kind position } }";
    let held = "query($at: Position) { agent(site: \"demo\", agent: \"svc-manual-hunter\", atLeast: $at) { status outside tasks { id } work { leasesLost } } }";
    let before = house.ask("svc-manual-hunter", ReportMetrics { figures: figures() }).await;
    let shown = house.graphql(held, json!({ "at": before.position.to_string() })).await["agent"].clone();
    assert_eq!(shown, json!({ "status": "ACTIVE", "outside": false, "tasks": [{ "id": task }], "work": { "leasesLost": 0 } }));
    let stopped = house.graphql(stop, json!({})).await["stopAgent"].clone();
    let shown = house.graphql(held, json!({ "at": stopped["position"] })).await["agent"].clone();
    assert_eq!(shown, json!({ "status": "STOPPED", "outside": false, "tasks": [], "work": { "leasesLost": 1 } }));
    let counts = house.graphql("{ tasks(site: \"demo\", stage: PENDING) { nodes { id } } }", json!({})).await;
    assert_eq!(counts["tasks"]["nodes"], json!([{ "id": task }]));
}

fn figures() -> Figures {
    let tokens = Usage { input: 100, output: 20, ..Usage::default() };
    Figures { cpu_percent: Some(12.5), tokens, calls: 2, cost_nano_dollars: 7, model: Some("qwen2.5:7b".into()), ..Figures::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_agents_report_adds_up_by_the_hour() {
    let house = House::open().await;
    joined(&house, "agent-coder", "write_code").await;
    for seconds in [0, 40, 3_700] {
        house.clock.set(NOW + TimeDelta::seconds(seconds));
        house.ask("agent-coder", ReportMetrics { figures: figures() }).await;
    }
    let last = house.ask("agent-coder", ReportMetrics { figures: figures() }).await;
    assert!(matches!(&last.answer, Answer::Refused { code, .. } if code == "too_soon"), "{last:?}");
    let asked = "query($at: Position) { agent(site: \"demo\", agent: \"agent-coder\", atLeast: $at) {
        cpuPercent modelInUse sums { calls costNanoDollars tokens { input total } } hours { sums { calls } } } }";
    let shown = house.graphql(asked, json!({ "at": last.position.to_string() })).await["agent"].clone();
    assert_eq!(shown["sums"], json!({ "calls": 6, "costNanoDollars": 21, "tokens": { "input": 300, "total": 360 } }));
    assert_eq!(shown["hours"], json!([{ "sums": { "calls": 2 } }, { "sums": { "calls": 4 } }]));
    assert_eq!((&shown["cpuPercent"], &shown["modelInUse"]), (&json!(12.5), &json!("qwen2.5:7b")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_nobody_answers_is_shown_with_whom_it_went_to() {
    let house = House::open().await;
    for agent in ["agent-coder", "agent-other"] {
        joined(&house, agent, "write_code").await;
    }
    let letter = LetterId(Uuid::from_u128(1));
    let (to, body) = (Addressee::Agent("agent-other".parse().unwrap()), "are you there?".to_string());
    let (kind, priority) = (LetterKind::AuditRequest, Priority::Medium);
    let send = SendLetter { letter, to, kind, priority, body, words: None, case: None, task: None, in_reply_to: None, requires_ack: false };
    let sent = house.ask("agent-coder", send).await;
    let inbox = "query($at: Position) { inbox(site: \"demo\", atLeast: $at) { id from to body state kind } }";
    let shown = house.graphql(inbox, json!({ "at": sent.position.to_string() })).await["inbox"].clone();
    let waiting = json!({ "id": letter.to_string(), "from": "agent-coder", "to": "agent-other", "body": "are you there?", "state": "WAITING", "kind": "AUDIT_REQUEST" });
    assert_eq!(shown, json!([waiting]));
    house.clock.set(NOW + TimeDelta::seconds(301));
    let chased = house.ask("svc-timekeeper", ChaseLetter { letter }).await;
    let letters = "query($at: Position) { letters(site: \"demo\", state: ESCALATED, atLeast: $at) { nodes { escalatedTo } }
        notices(site: \"demo\", atLeast: $at) { nodes { target } } }";
    let shown = house.graphql(letters, json!({ "at": chased.position.to_string() })).await;
    assert_eq!(shown["letters"]["nodes"], json!([{ "escalatedTo": "operators" }]));
    assert_eq!(shown["notices"]["nodes"], json!([{ "target": "notice:operators" }]));
    let write =
        "mutation { sendLetter(site: \"demo\", letter: { toAgent: \"agent-other\", kind: QUESTION, body: \"what about Bob?\" }) { kind position } }";
    let written = house.graphql(write, json!({})).await["sendLetter"].clone();
    let by_person = "query($at: Position) { letters(site: \"demo\", first: 1, atLeast: $at) { nodes { from body } }
        audit(filter: { kind: \"LetterSent\" }, first: 1, atLeast: $at) { nodes { json } } }";
    let shown = house.graphql(by_person, json!({ "at": written["position"] })).await;
    assert_eq!(shown["letters"]["nodes"], json!([{ "from": "local-operator", "body": "what about Bob?" }]));
    assert!(!shown["audit"]["nodes"][0]["json"].as_str().unwrap().contains("Bob"), "a person's words are sealed");
}
