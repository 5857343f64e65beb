//! A program outside with a token of its own works for a site: it joins, takes tasks, delivers, is tested, and never says that it was done well.

use crate::access::{Visitor, house};
use crate::program::Program;
use serde_json::{Value, json};

/// What an agent or a person is answered.
async fn asked(visitor: &Visitor, mutation: &str) -> (String, Value) {
    let name = mutation.split('(').next().unwrap().trim();
    let answer = visitor.ask(&format!("mutation {{ {mutation} {{ kind code reason subject position }} }}")).await;
    let answer = answer.unwrap_or_else(|code| panic!("{mutation}: {code}"))[name].clone();
    let word = answer["code"].as_str().or(answer["kind"].as_str()).unwrap().to_string();
    (word, answer)
}

async fn word(visitor: &Visitor, mutation: &str) -> String {
    asked(visitor, mutation).await.0
}

/// Of a program with this role at the demo's site, for no more than that.
pub async fn token(admin: &Visitor, name: &str, most: &str) -> String {
    admin.ask(&format!("mutation {{ setGrants(principal: \"{name}\", roles: [{{ role: OPERATOR, site: \"demo\" }}]) {{ kind }} }}")).await.unwrap();
    let until = (chrono::Utc::now() + chrono::TimeDelta::days(1)).to_rfc3339();
    let issue = format!("mutation {{ issueToken(holder: \"{name}\", label: \"crew\", atMost: {most}, expiresAt: \"{until}\") {{ token }} }}");
    admin.ask(&issue).await.unwrap()["issueToken"]["token"].as_str().unwrap().to_string()
}

async fn agent(program: &Program, admin: &Visitor, name: &str, most: &str) -> Visitor {
    Visitor::with_token(program, &token(admin, name, most).await)
}

async fn claim(agent: &Visitor) -> (String, u64) {
    let claim = "mutation { claimTask(site: \"demo\") { answered { kind code reason } task { id title stage lease { fence agent } } } }";
    let claimed = agent.ask(claim).await.unwrap()["claimTask"].clone();
    assert_eq!(claimed["answered"]["kind"], "DONE", "{claimed}");
    assert_eq!(claimed["task"]["stage"], "ACTIVE");
    (claimed["task"]["id"].as_str().unwrap().to_string(), claimed["task"]["lease"]["fence"].as_u64().unwrap())
}

/// The task, once the program's own tester has spoken.
async fn tested(visitor: &Visitor, task: &str, times: usize) -> Value {
    let asked = format!("{{ task(id: \"{task}\") {{ stage result steps tests {{ passed report by }} acceptedBy }} }}");
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let shown = visitor.ask(&asked).await.unwrap()["task"].clone();
        if shown["tests"].as_array().is_some_and(|tests| tests.len() >= times) {
            return shown;
        }
        assert!(std::time::Instant::now() < limit, "nobody tested it: {shown}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_agent_outside_leases_a_task_delivers_is_tested_and_a_person_accepts() {
    let folder = tempfile::tempdir().unwrap();
    let (program, admin) = house(folder.path()).await;
    let join = "joinCrew(site: \"demo\", role: \"coder\", capabilities: [\"write_code\"])";
    let looker = agent(&program, &admin, "agent-looker", "VIEWER").await;
    let refused = looker.ask(&format!("mutation {{ {join} {{ kind }} }}")).await;
    assert_eq!(refused, Err("NOT_ALLOWED".into()), "a token to look with takes no task");

    let coder = agent(&program, &admin, "agent-coder", "OPERATOR").await;
    let early = coder.ask("mutation { claimTask(site: \"demo\") { answered { code } task { id } } }").await.unwrap()["claimTask"].clone();
    assert_eq!(early, json!({ "answered": { "code": "not_joined" }, "task": null }));
    assert_eq!(word(&coder, join).await, "DONE");
    let file = "fileTask(site: \"demo\", task: { title: \"a script that counts alarms\", needs: \"write_code\", checks: [{ mentions: \"fn main\" }], queue: true })";
    assert_eq!(word(&coder, file).await, "not_a_person", "what an agent wants waits for a person");
    assert_eq!(word(&admin, file).await, "DONE");

    let (task, fence) = claim(&coder).await;
    assert_eq!(word(&coder, &format!("renewLease(site: \"demo\", task: \"{task}\", fence: {fence}, leaseS: 60)")).await, "DONE");
    let report = "reportMetrics(site: \"demo\", figures: { cpuPercent: 3.5, inputTokens: 1200, outputTokens: 90, calls: 1, model: \"qwen2.5:7b\" })";
    assert_eq!(word(&coder, report).await, "DONE");
    assert_eq!(word(&coder, report).await, "too_soon");
    let deliver = |fence: u64, result: &str| format!("deliverTask(site: \"demo\", task: \"{task}\", fence: {fence}, result: \"{result}\")");
    assert_eq!(word(&coder, &deliver(fence + 1, "fn main() {}")).await, "lease_lost", "only under its own fence");
    assert_eq!(word(&coder, &deliver(fence, "here it is")).await, "DONE");
    let shown = tested(&coder, &task, 1).await;
    assert_eq!((&shown["stage"], &shown["tests"][0]["passed"], &shown["tests"][0]["by"]), (&json!("REVIEW"), &json!(false), &json!("svc-tester")));

    let judge = |deed: &str, fence: u64| format!("{deed}(site: \"demo\", task: \"{task}\", fence: {fence})");
    assert_eq!(word(&coder, &judge("acceptTask", fence)).await, "not_a_person");
    assert_eq!(word(&admin, &judge("sendBackTask", fence)).await, "DONE");
    let (_, again) = claim(&coder).await;
    assert_eq!(word(&coder, &deliver(again, "fn main() {}")).await, "DONE");
    assert_eq!(tested(&coder, &task, 2).await["tests"][1]["passed"], true);
    assert_eq!(word(&admin, &judge("acceptTask", fence)).await, "another_result");
    assert_eq!(word(&admin, &judge("acceptTask", again)).await, "DONE");
    assert!(program.terminate());
}

#[tokio::test]
async fn a_killed_agent_is_seen_and_its_task_is_taken_up_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let (program, admin) = house(folder.path()).await;
    let (one, other) = (agent(&program, &admin, "agent-one", "OPERATOR").await, agent(&program, &admin, "agent-two", "OPERATOR").await);
    let join = "joinCrew(site: \"demo\", role: \"coder\", capabilities: [\"write_code\"])";
    assert_eq!((word(&one, join).await, word(&other, join).await), ("DONE".into(), "DONE".into()));
    let file = "fileTask(site: \"demo\", task: { title: \"count alarms\", needs: \"write_code\", queue: true })";
    assert_eq!(word(&admin, file).await, "DONE");
    let (task, old) = claim(&one).await;
    let stop = "mutation { stopAgent(site: \"demo\", agent: \"agent-one\") { kind } }";
    assert_eq!(other.ask(stop).await, Err("NOT_ALLOWED".into()), "an agent stops nobody but itself");
    assert_eq!(word(&admin, "stopAgent(site: \"demo\", agent: \"agent-one\")").await, "DONE");
    let (same, fence) = claim(&other).await;
    assert!(same == task && fence > old);
    let deliver = |fence: u64| format!("deliverTask(site: \"demo\", task: \"{task}\", fence: {fence}, result: \"done\")");
    assert_eq!(word(&one, &deliver(old)).await, "lease_lost");
    assert_eq!(word(&one, join).await, "agent_stopped");
    let (done, answer) = asked(&other, &deliver(fence)).await;
    assert_eq!(done, "DONE");
    let crew = format!("{{ agents(site: \"demo\", atLeast: {}) {{ id status work {{ leasesLost delivered }} }} }}", answer["position"]);
    let crew = admin.ask(&crew).await.unwrap()["agents"].clone();
    let of = |name: &str| crew.as_array().unwrap().iter().find(|agent| agent["id"] == name).cloned().unwrap();
    assert_eq!((&of("agent-one")["status"], &of("agent-one")["work"]["leasesLost"]), (&json!("STOPPED"), &json!(1)));
    assert_eq!(of("agent-two")["work"]["delivered"], 1);
    assert!(program.terminate());
}
