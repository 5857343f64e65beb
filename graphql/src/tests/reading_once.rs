//! What a list's rows each want is read once for all of them: one row or twenty, the tables are asked equally often.

use crate::testing::House;
use millwright_commands::{ClaimTask, DescribePlant, JoinCrew, ReportMetrics};
use millwright_domain::{agent::Figures, case::Outcome, envelope::Answer, plant::Asset, ports::event_log::EventLog};
use millwright_projections::testing::{Recorder, road};
use serde_json::{Value, json};
use std::time::Duration;

const MANY: u32 = 20;

/// The answer, and how often the tables were asked for it.
async fn asked(house: &House, question: &str) -> (Value, u64) {
    let tables = house.state.projections.ledger();
    let before = tables.asked();
    let answer = house.graphql(question, json!({})).await;
    (answer, tables.asked() - before)
}

async fn everything_seen(house: &House) {
    let head = house.log.head().await.unwrap();
    house.state.projections.reached(&head, Duration::from_secs(20)).await.unwrap();
}

/// All that a case shows and that stands in tables of its own, in two questions: in one they would cost too much.
const OF_ITSELF: &str = "{ id tickets { ticket } investigation { dueAt } timeline { kind summary } diagnosis { record { confirmed } } }";
const OF_ACTIONS: &str = "{ id actions { name trackRecord { tried helped } case { id } } }";

fn cases(first: u32, status: &str, shown: &str) -> String {
    format!("{{ cases(site: \"demo\", status: {status}, first: {first}) {{ nodes {shown} }} }}")
}

// One thread serves: whatever a question wants at once is wanted before any of it is read.
#[tokio::test(flavor = "current_thread")]
async fn twenty_cases_are_read_as_often_as_one() {
    let house = House::open().await;
    let mut recorder = Recorder::on(&house.log, &road::site());
    for number in 1..=MANY {
        let proposal = road::awaiting(&mut recorder, road::case(number));
        road::finished(&mut recorder, road::case(number), &proposal, Outcome::Repaired);
        road::awaiting(&mut recorder, road::case(MANY + number));
    }
    everything_seen(&house).await;
    for (status, shown) in [("OPEN", OF_ITSELF), ("OPEN", OF_ACTIONS), ("CLOSED", OF_ITSELF), ("CLOSED", OF_ACTIONS)] {
        let (one, reads_of_one) = asked(&house, &cases(1, status, shown)).await;
        let (many, reads_of_many) = asked(&house, &cases(MANY, status, shown)).await;
        assert_eq!((one["cases"]["nodes"].as_array().unwrap().len(), many["cases"]["nodes"].as_array().unwrap().len()), (1, MANY as usize));
        assert_eq!(reads_of_many, reads_of_one, "{status} {shown}");
        let case = &many["cases"]["nodes"][MANY as usize - 1];
        let alone = house.graphql(&format!("{{ case(id: {}) {shown} }}", case["id"]), json!({})).await;
        assert_eq!(case, &alone["case"], "together and alone it shows the same");
        if shown == OF_ITSELF {
            assert_eq!((&case["diagnosis"]["record"]["confirmed"], &case["timeline"][0]["kind"]), (&json!(MANY), &json!("AlertRaised")));
        } else {
            assert_eq!(case["actions"][0]["trackRecord"], json!({ "tried": MANY, "helped": MANY }));
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn the_open_cases_of_all_assets_are_read_at_once() {
    let house = House::open().await;
    let mut plant = road::plant();
    for number in 2..=MANY {
        plant.assets.push(Asset { id: format!("pump-{number}").parse().unwrap(), signals: vec![], ..plant.assets[0].clone() });
    }
    let described = house.ask("svc-settings", DescribePlant { plant }).await;
    assert!(matches!(described.answer, Answer::Done { .. }), "{described:?}");
    let case = house.case_awaiting_approval().await;
    everything_seen(&house).await;
    let shown = "openCases { id timeline { kind } }";
    let (one, reads_of_one) = asked(&house, &format!("{{ asset(site: \"demo\", asset: \"pump-1\") {{ {shown} }} }}")).await;
    let (all, reads_of_all) = asked(&house, &format!("{{ plants {{ assets {{ id {shown} }} }} }}")).await;
    assert_eq!(one["asset"]["openCases"][0]["id"], case.to_string());
    assert_eq!(all["plants"][0]["assets"][0]["openCases"], one["asset"]["openCases"]);
    assert_eq!(all["plants"][0]["assets"].as_array().unwrap().iter().filter(|asset| asset["openCases"] == json!([])).count(), MANY as usize - 1);
    assert_eq!(reads_of_all, reads_of_one);
}

#[tokio::test(flavor = "current_thread")]
async fn what_all_agents_hold_and_reported_is_read_at_once() {
    let house = House::open().await;
    for number in 1..=MANY {
        let agent = format!("agent-{number}");
        let capabilities = ["write_code".parse().unwrap()].into();
        house.ask(&agent, JoinCrew { role: "coder".parse().unwrap(), capabilities, at_once: 1, reports_every_s: None }).await;
        house.ask(&agent, ReportMetrics { figures: Figures { calls: number.into(), ..Figures::default() } }).await;
    }
    let file = "mutation { fileTask(site: \"demo\", task: { title: \"why?\", needs: \"write_code\", queue: true }) { kind subject } }";
    let task = house.graphql(file, json!({})).await["fileTask"]["subject"].clone();
    house.ask("agent-7", ClaimTask { task: None, lease_s: 120 }).await;
    everything_seen(&house).await;
    let shown = "id tasks { id } hours(last: 5) { hour sums { calls } }";
    let (one, reads_of_one) = asked(&house, &format!("{{ agent(site: \"demo\", agent: \"agent-7\") {{ {shown} }} }}")).await;
    let (all, reads_of_all) = asked(&house, &format!("{{ agents(site: \"demo\") {{ {shown} }} }}")).await;
    let all = all["agents"].as_array().unwrap();
    assert_eq!((all.len(), &one["agent"]["tasks"]), (MANY as usize, &json!([{ "id": task }])));
    assert_eq!(all.iter().find(|agent| agent["id"] == "agent-7").unwrap(), &one["agent"]);
    assert!(all.iter().all(|agent| agent["hours"].as_array().unwrap().len() == 1), "{all:?}");
    assert_eq!(reads_of_all, reads_of_one);
}
