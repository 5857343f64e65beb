//! The parts of Millwright as agents: on the crew from the start, each does a test task, autonomous work is taken up, and a change reaches the page's subscription within a second.

use crate::{
    house::House,
    program::{Program, millwright, text},
};
use async_trait::async_trait;
use futures::{SinkExt, StreamExt};
use millwright_agents::{
    cast::{Crew, CrewMember, Found, briefing::Briefing, weaver::PlainWeaver},
    office::Office,
};
use millwright_commands::FileTask;
use millwright_domain::{
    Event,
    agent::Figures,
    crew::posts::{POSTS, test_task},
    ids::{ActorId, TaskId, derived},
    task::{FailureClass, MOST_TRIES},
};
use millwright_projections::Projections;
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use tokio_util::sync::CancellationToken;

const CREW: [&str; 8] = ["svc-cartographer", "svc-conductor", "svc-hunter", "svc-monkey", "svc-tracker", "svc-triage", "svc-watchman", "svc-weaver"];
const AGENTS: &str = "{ agents(site: \"demo\") { id status capabilities work { accepted } onCases } }";

fn all_up(answer: &Value) -> Option<BTreeSet<String>> {
    let agents = answer["agents"].as_array()?;
    let up = agents.iter().filter(|agent| matches!(agent["status"].as_str(), Some("IDLE" | "ACTIVE")));
    let names: BTreeSet<String> = up.filter_map(|agent| agent["id"].as_str().map(str::to_string)).collect();
    (names.len() >= CREW.len()).then_some(names)
}

/// Slow enough that nothing happens in the plant meanwhile.
async fn quiet_house(folder: &Path) -> Program {
    let program = Program::demo(&folder.join("data"), &["--speed", "1"]).await;
    let names = program.until(AGENTS, all_up).await;
    assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), CREW);
    program
}

async fn is_done(program: &Program, task: &str) -> Value {
    let asked = "query($id: ID!) { task(id: $id) { stage agent result whyQueued acceptedBy tests { passed report by } } }";
    let over = |answer: &Value| matches!(answer["task"]["stage"].as_str(), Some("DONE" | "FAILED")).then(|| answer["task"].clone());
    program.until_with(asked, json!({ "id": task }), over).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_the_crew_takes_a_test_task_and_it_is_tested_and_done() {
    let folder = tempfile::tempdir().unwrap();
    let program = quiet_house(folder.path()).await;
    let mut tasks = vec![];
    for agent in CREW {
        let answer =
            program.ask("mutation($agent: ID!) { testAgent(site: \"demo\", agent: $agent) { kind subject } }", json!({ "agent": agent })).await;
        assert_eq!(answer["testAgent"]["kind"], "DONE", "{answer}");
        tasks.push((agent, answer["testAgent"]["subject"].as_str().unwrap().to_string()));
    }
    for (agent, task) in tasks {
        let task = is_done(&program, &task).await;
        assert_eq!((&task["stage"], &task["agent"], &task["tests"][0]["passed"]), (&json!("DONE"), &json!(agent), &json!(true)), "{task}");
        assert_eq!((&task["tests"][0]["by"], &task["acceptedBy"]), (&json!("svc-tester"), &json!("svc-tester")));
    }
    let one_each = |answer: &Value| answer["agents"].as_array()?.iter().all(|agent| agent["work"]["accepted"] == 1).then_some(());
    program.until(AGENTS, one_each).await;
    let log = "{ workLog(site: \"demo\", agent: \"svc-hunter\", what: TASK, first: 10) { nodes { kind taskId summary } } }";
    let steps = program.ask(log, json!({})).await["workLog"]["nodes"].clone();
    let kinds: Vec<&str> = steps.as_array().unwrap().iter().filter_map(|step| step["kind"].as_str()).collect();
    assert_eq!(kinds, ["TaskDelivered", "TaskClaimed"], "the latest first: {steps}");
    assert!(program.terminate());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_tests_an_agent_and_shows_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let program = quiet_house(folder.path()).await;
    let address = program.url.trim_start_matches("http://").to_string();
    let asked = |arguments: &[&str]| {
        let mut command = millwright();
        command.arg("crew").args(arguments).args(["--listen", &address]).current_dir(folder.path());
        command
    };
    let run = |arguments: &[&str]| {
        let mut command = asked(arguments);
        tokio::task::spawn_blocking(move || command.output().expect("the program starts"))
    };
    let tested = run(&["test", "svc-triage"]).await.unwrap();
    let said = text(&tested.stdout);
    assert!(tested.status.success(), "{said}{}", text(&tested.stderr));
    assert!(said.contains("DONE by svc-triage") && said.contains("test-pump") && said.contains("test passed"), "{said}");
    let listed = text(&run(&["list"]).await.unwrap().stdout);
    assert!(CREW.iter().all(|agent| listed.contains(agent)), "{listed}");
    let tasks = text(&run(&["tasks", "--stage", "done"]).await.unwrap().stdout);
    assert!(tasks.contains("Test of svc-triage"), "{tasks}");
    let nobody = run(&["test", "svc-nobody"]).await.unwrap();
    assert!(!nobody.status.success() && text(&nobody.stderr).contains("not on the crew"), "{}", text(&nobody.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_autonomous_task_is_taken_up_only_if_it_fits_the_days_budget() {
    let folder = tempfile::tempdir().unwrap();
    let program = quiet_house(folder.path()).await;
    let file = "mutation($task: TaskInput!) { fileTask(site: \"demo\", task: $task) { kind subject } }";
    let task = |title: &str, tokens: u64| {
        json!({ "title": title, "needs": "triage_alarm", "autonomous": true, "estimatedTokens": tokens, "labels": ["test"],
                "checks": [{ "mentions": "test-pump" }] })
    };
    let filed = |answer: Value| answer["fileTask"]["subject"].as_str().unwrap().to_string();
    // 50,000 a day, of which 15 % are kept for critical cases.
    let large = filed(program.ask(file, json!({ "task": task("too large for a day", 42_501) })).await);
    let small = filed(program.ask(file, json!({ "task": task("fits", 1_000) })).await);
    let done = is_done(&program, &small).await;
    assert_eq!(done["stage"], "DONE", "{done}");
    let why = done["whyQueued"].as_str().unwrap();
    assert!(why.contains("1000 of 42500 tokens left today"), "{why}");
    let waits = program.ask("query($id: ID!) { task(id: $id) { stage } }", json!({ "id": large })).await;
    assert_eq!(waits["task"]["stage"], "BACKLOG");
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_person_stops_stays_away_and_after_a_restart_the_others_are_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let program = quiet_house(folder.path()).await;
    let stop = "mutation { stopAgent(site: \"demo\", agent: \"svc-hunter\") { kind position } }";
    assert_eq!(program.ask(stop, json!({})).await["stopAgent"]["kind"], "DONE");
    assert!(program.terminate());
    let program = Program::demo(&folder.path().join("data"), &["--speed", "1"]).await;
    let back = |answer: &Value| {
        let agents = answer["agents"].as_array()?;
        let up = agents.iter().filter(|agent| agent["status"] == "IDLE").count();
        let stopped: Vec<&str> = agents.iter().filter(|agent| agent["status"] == "STOPPED").filter_map(|agent| agent["id"].as_str()).collect();
        (up == CREW.len() - 1).then(|| stopped.join(","))
    };
    assert_eq!(program.until(AGENTS, back).await, "svc-hunter");
    let left = "{ audit(filter: { kind: \"AgentStopped\" }, first: 20) { nodes { summary } } }";
    let left = program.ask(left, json!({})).await["audit"]["nodes"].clone();
    assert_eq!(left.as_array().unwrap().len(), CREW.len(), "one was stopped, seven left at the stop: {left}");
    let spawn = "mutation { spawnAgent(site: \"demo\", agent: \"svc-hunter\") { kind } }";
    assert_eq!(program.ask(spawn, json!({})).await["spawnAgent"]["kind"], "DONE");
    program.until(AGENTS, all_up).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_an_agent_reaches_the_page_within_a_second_with_eight_on_the_crew() {
    let folder = tempfile::tempdir().unwrap();
    let program = quiet_house(folder.path()).await;
    let mut request = format!("{}/graphql/ws", program.url.replace("http://", "ws://")).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    let subscribe = json!({ "id": "1", "type": "subscribe", "payload": { "query": "subscription { plantChanged { crew position } }" } });
    for message in [json!({ "type": "connection_init" }), subscribe] {
        socket.send(Message::text(message.to_string())).await.unwrap();
    }
    let mut rounds = vec![];
    for (deed, status) in [("drainAgent", "DRAINING"), ("stopAgent", "STOPPED"), ("spawnAgent", "IDLE")] {
        let begun = tokio::time::Instant::now();
        let query = format!("mutation {{ {deed}(site: \"demo\", agent: \"svc-weaver\") {{ kind position }} }}");
        assert_eq!(program.ask(&query, json!({})).await[deed]["kind"], "DONE");
        // As the page does: it is told that the crew changed, and asks how it is.
        loop {
            let told = tokio::time::timeout(Duration::from_secs(20), socket.next()).await.expect("a word in time").unwrap().unwrap();
            let told: Value = serde_json::from_str(told.to_text().unwrap_or("null")).unwrap_or_default();
            if told.pointer("/payload/data/plantChanged/crew") != Some(&Value::Bool(true)) {
                continue;
            }
            let agents = program.ask(AGENTS, json!({})).await["agents"].clone();
            assert!(agents.as_array().unwrap().len() >= 5);
            if agents.as_array().unwrap().iter().any(|agent| agent["id"] == "svc-weaver" && agent["status"] == status) {
                break;
            }
        }
        rounds.push(begun.elapsed());
    }
    rounds.sort();
    assert!(rounds[rounds.len() / 2] < Duration::from_secs(1), "from a deed to its sight on the page: {rounds:?}");
    println!("from a deed to its sight on the page: {rounds:?}");
}

/// Whatever it looks into, it breaks over it.
struct Breaks;

#[async_trait]
impl CrewMember for Breaks {
    fn name(&self) -> ActorId {
        "svc-triage".parse().unwrap()
    }
    async fn find(&self, _: &Briefing) -> Result<Found, String> {
        panic!("a fault of the program")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_breaks_who_works_on_it_has_three_tries_and_then_has_failed() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::furnished(folder.path()).await;
    let office = Office {
        log: house.log.clone(),
        commands: house.commands.clone(),
        clock: house.clock.clone(),
        site: "demo".parse().unwrap(),
        projections: Projections::open(&folder.path().join("views")).await.unwrap(),
        crew: Crew { members: vec![Arc::new(Breaks)], writer: Arc::new(PlainWeaver) },
        rules: Arc::default(),
        vitals: Arc::new(Figures::default),
    };
    let stop = CancellationToken::new();
    let running = tokio::spawn(office.run(stop.clone()));
    house.until(|story| story.iter().filter(|fact| *fact == "AgentJoined").count() == CREW.len()).await;
    let triage = POSTS.iter().find(|post| post.name == "svc-triage").unwrap();
    let (task, spec) = (TaskId(derived("task", "breaks", 0)), test_task(&triage.agent(), triage.capability()));
    house.ask("ann", FileTask { task, spec, queue: true }).await;
    let story = house.until(|story| story.iter().filter(|fact| *fact == "TaskFailed").count() == MOST_TRIES as usize).await;
    assert_eq!(story.iter().filter(|fact| *fact == "TaskClaimed").count(), MOST_TRIES as usize, "{story:#?}");
    stop.cancel();
    running.await.unwrap().unwrap();
    let failures: Vec<_> =
        house.facts().await.into_iter().filter_map(|fact| if let Event::TaskFailed(failed) = fact.event { Some(failed) } else { None }).collect();
    assert!(failures.iter().all(|failed| failed.class == FailureClass::Other && failed.reason.contains("its log says where")), "{failures:?}");
    assert!(!house.story().await.iter().any(|fact| fact == "LeaseLost"), "nobody waits for a lease to end");
}
