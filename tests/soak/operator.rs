//! Who answers while nobody is there: says yes, has the machine repaired, closes cases, through the ordinary mutations. Outlives the program.

use super::lapse::{Lapse, NoAnswer};
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// The program, or what it leans on, may be away for so long.
const AWAY_AT_MOST: Duration = Duration::from_secs(120);
/// So many answers are asked for again after every start.
const ASKED_AGAIN: usize = 8;

const LOOK: &str = "{ pendingApprovals { id binding } cases(status: OPEN, first: 50) { edges { node { id assetId stage diagnosis { cause } } } } }";
const APPROVE: &str = "mutation($id: ID!, $binding: String!, $command: ID) { told: approveAction(action: $id, binding: $binding, commandId: $command) { kind code reason subject facts } }";
const CLOSE: &str = "mutation($id: ID!, $command: ID) { told: recordOutcome(case: $id, outcome: REPAIRED, note: \"repaired\", commandId: $command) { kind code reason subject facts } }";

/// A command and what it was answered.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    pub command: Uuid,
    query: &'static str,
    variables: Value,
    pub answer: Value,
}

pub struct Operator {
    pub acknowledged: Vec<Acknowledged>,
    /// Asked, and perhaps not heard; asked again under the same id.
    unanswered: HashMap<String, Uuid>,
    /// Causes that cases of this stretch have named.
    pub named: BTreeSet<String>,
    pub closed: u32,
    answered_at: Instant,
}

struct OpenCase {
    id: String,
    asset: String,
    is_mitigated: bool,
}

impl Operator {
    pub fn new() -> Self {
        Self { acknowledged: vec![], unanswered: HashMap::new(), named: BTreeSet::new(), closed: 0, answered_at: Instant::now() }
    }

    /// Looks once and does what there is to do. What nobody hears is done the next time.
    pub async fn look(&mut self, program: &Lapse) {
        if let Err(NoAnswer(why)) = self.try_to_work(program, false).await {
            assert!(self.answered_at.elapsed() < AWAY_AT_MOST, "nothing was answered for {} s: {why}", AWAY_AT_MOST.as_secs());
        }
    }

    /// At the end of a stretch: the machine is repaired and every case is closed.
    pub async fn clear_up(&mut self, program: &Lapse) {
        let limit = Instant::now() + AWAY_AT_MOST;
        loop {
            match self.try_to_work(program, true).await {
                Ok(0) => break,
                Ok(_) => {}
                Err(NoAnswer(why)) => assert!(Instant::now() < limit, "the day's work could not be closed: {why}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.named.clear();
    }

    /// After a start: what was answered last is answered again as before.
    pub async fn ask_again(&mut self, program: &Lapse) {
        let last = self.acknowledged.len().saturating_sub(ASKED_AGAIN);
        for Acknowledged { command, query, variables, answer } in &self.acknowledged[last..] {
            let limit = Instant::now() + AWAY_AT_MOST;
            let again = loop {
                match program.ask(query, variables.clone()).await {
                    Ok(again) => break again["told"].clone(),
                    Err(NoAnswer(why)) => assert!(Instant::now() < limit, "{command} was not answered again: {why}"),
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            };
            assert_eq!(answer, &again, "command {command} was answered differently before");
        }
        self.answered_at = Instant::now();
    }

    /// How many cases were open.
    async fn try_to_work(&mut self, program: &Lapse, close_all: bool) -> Result<usize, NoAnswer> {
        let seen = program.ask(LOOK, json!({})).await?;
        self.answered_at = Instant::now();
        for pending in listed(&seen["pendingApprovals"]) {
            let (id, binding) = (word(&pending["id"]), word(&pending["binding"]));
            self.tell(program, APPROVE, format!("approve {id}"), json!({"id": id, "binding": binding})).await?;
        }
        let mut cases = vec![];
        for edge in listed(&seen["cases"]["edges"]) {
            let node = &edge["node"];
            self.named.extend(node["diagnosis"]["cause"].as_str().map(str::to_string));
            cases.push(OpenCase { id: word(&node["id"]), asset: word(&node["assetId"]), is_mitigated: node["stage"] == "mitigated" });
        }
        if close_all {
            program.repair("pump-1").await?;
        }
        for OpenCase { id, asset, .. } in cases.iter().filter(|case| close_all || case.is_mitigated) {
            program.repair(asset).await?;
            let answer = self.tell(program, CLOSE, format!("close {id}"), json!({"id": id})).await?;
            self.closed += u32::from(answer["kind"] == "DONE");
        }
        Ok(cases.len())
    }

    async fn tell(&mut self, program: &Lapse, query: &'static str, key: String, mut variables: Value) -> Result<Value, NoAnswer> {
        let command = *self.unanswered.entry(key.clone()).or_insert_with(Uuid::new_v4);
        variables["command"] = json!(command);
        let answer = program.ask(query, variables.clone()).await?["told"].clone();
        self.unanswered.remove(&key);
        self.acknowledged.push(Acknowledged { command, query, variables, answer: answer.clone() });
        Ok(answer)
    }
}

fn listed(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_string()
}
