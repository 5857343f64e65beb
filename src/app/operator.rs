//! The demo's operator: looks at the page's own GraphQL and answers through the ordinary mutations, as a person at the page would.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};

/// How often the operator looks.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Plant seconds after which the operator repairs a machine that an action did not quiet.
const PATIENCE_S: i64 = 1_800;

pub struct Operator {
    base: String,
    http: reqwest::Client,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pending {
    id: String,
    binding: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OpenCase {
    id: String,
    asset_id: String,
    stage: String,
    changed_at: chrono::DateTime<chrono::Utc>,
    actions: Vec<ActionStage>,
}

#[derive(Debug, Deserialize)]
struct ActionStage {
    stage: String,
}

const LOOK: &str = "query Look { pendingApprovals { id binding } cases(status: OPEN, first: 50) { edges { node { id assetId stage changedAt actions { stage } } } } }";
const APPROVE: &str = "mutation Approve($action: ID!, $binding: String!) { approveAction(action: $action, binding: $binding) { kind reason } }";
const CLOSE: &str = "mutation Close($case: ID!, $note: String) { recordOutcome(case: $case, outcome: REPAIRED, note: $note) { kind reason } }";

impl Operator {
    pub fn at(address: SocketAddr) -> Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().context("the operator's HTTP client")?;
        Ok(Self { base: format!("http://{address}"), http })
    }

    /// Says yes, watches, repairs, records the outcome, until `enough` cases are closed. `plant_now` is the plant's clock.
    pub async fn work(&self, enough: usize, plant_now: impl Fn() -> chrono::DateTime<chrono::Utc>) -> Result<()> {
        let mut closed = 0;
        while closed < enough {
            tokio::time::sleep(LOOK_EVERY).await;
            let seen = self.ask(LOOK, json!({})).await?;
            for pending in rows::<Pending>(&seen, "/pendingApprovals")? {
                self.ask(APPROVE, json!({"action": pending.id, "binding": pending.binding})).await?;
                tracing::info!(action = pending.id, "the operator approved action {}", pending.id);
            }
            let edges: Vec<Edge> = rows(&seen, "/cases/edges")?;
            for case in edges.into_iter().map(|edge| edge.node).filter(|case| case.is_ready(plant_now())) {
                self.repair(&case).await?;
                closed += 1;
            }
        }
        Ok(())
    }

    async fn repair(&self, case: &OpenCase) -> Result<()> {
        let url = format!("{}/scenario/repair", self.base);
        let answer = self.http.post(url).json(&json!({"asset": case.asset_id})).send().await.context("asking for the repair")?;
        if !answer.status().is_success() {
            bail!("the repair of {} was refused: {}", case.asset_id, answer.text().await.unwrap_or_default());
        }
        self.ask(CLOSE, json!({"case": case.id, "note": "repaired by the demo's operator"})).await?;
        tracing::info!(case = case.id, "the operator repaired {} and closed case {}", case.asset_id, case.id);
        Ok(())
    }

    async fn ask(&self, query: &str, variables: Value) -> Result<Value> {
        let sent = self.http.post(format!("{}/graphql", self.base)).json(&json!({"query": query, "variables": variables})).send().await;
        let mut answer: Value = sent.context("asking GraphQL")?.json().await.context("GraphQL did not answer in JSON")?;
        if let Some(errors) = answer.get("errors") {
            bail!("GraphQL answered {errors}");
        }
        Ok(answer["data"].take())
    }
}

#[derive(Debug, Deserialize)]
struct Edge {
    node: OpenCase,
}

impl OpenCase {
    /// Mitigated, or something was done and patience has run out.
    fn is_ready(&self, now: chrono::DateTime<chrono::Utc>) -> bool {
        let done = self.actions.iter().any(|action| action.stage == "COMPLETED");
        self.stage == "mitigated" || (done && (now - self.changed_at).num_seconds() > PATIENCE_S)
    }
}

fn rows<T: for<'a> Deserialize<'a>>(answer: &Value, place: &str) -> Result<Vec<T>> {
    let rows = answer.pointer(place).cloned().with_context(|| format!("GraphQL left {place} out"))?;
    serde_json::from_value(rows).with_context(|| format!("GraphQL answered {place} in another shape"))
}
