//! The page's first question over HTTP, while 100,000 readings a second come in.

use super::{
    Measured,
    at_work::{AtWork, Load},
    percentile, scaled,
};
use anyhow::{Context, Result, ensure};
use millwright_domain::policy::Policy;
use serde_json::{Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};

const QUESTIONS: u64 = 1_000;
const GOAL_MS: f64 = 50.0;
/// Five pumps of eight signals.
const PUMPS: usize = 5;
/// Between two questions; a person with a page open asks far more seldom.
const PAUSE: Duration = Duration::from_millis(10);

/// What the first screen asks: every machine with its signals, what is open, what waits, and the program's health.
const DASHBOARD: &str =
    "{ plants { site name killSwitch { by } areas { name lines { name assets { id name class health { state openCases worstSeverity }
    signals { id kind unit trip { low high } latest { at value quality } baseline { mean std } threshold { factor } } } } } }
  cases(status: OPEN, first: 50) { nodes { id assetId stage severity openedAt diagnosis { cause confidence } } }
  pendingApprovals { id what binding expiresAt risk } alarms { asset detector state } health { ok trouble lag { partition behind } } }";

pub async fn measure(folder: &Path, scale: f64) -> Result<Measured> {
    let program = AtWork::start(folder, PUMPS, Policy::default(), |_, _| ()).await?;
    let mut load = Load::begin(program.log.clone());
    let page = Page { url: format!("http://{}/graphql", program.address), http: reqwest::Client::new() };
    page.first_reading().await?;
    load.count_from_now();
    let mut took_ms = vec![];
    let mut bytes = 0;
    for _question in 0..scaled(QUESTIONS, scale) {
        let (took, length) = page.ask().await?;
        took_ms.push(took);
        bytes = length;
        tokio::time::sleep(PAUSE).await;
    }
    let rate = load.end().await?;
    program.stop().await;
    took_ms.sort_by(f64::total_cmp);
    let p99 = percentile(&took_ms, 0.99);
    Ok(Measured {
        unit: "ms, p99",
        ours: p99,
        peer: "the goal",
        peers: GOAL_MS,
        ratio: Some(GOAL_MS / p99),
        goal: "under 50 ms, under 100,000 readings a second",
        more: json!({
            "questions": took_ms.len(),
            "p50_ms": percentile(&took_ms, 0.5),
            "worst_ms": took_ms.last(),
            "answer_bytes": bytes,
            "readings_a_second_meanwhile": rate,
        }),
    })
}

struct Page {
    url: String,
    http: reqwest::Client,
}

impl Page {
    /// Milliseconds from the question to the last byte of its answer, and its length.
    async fn ask(&self) -> Result<(f64, usize)> {
        let begun = Instant::now();
        let sent = self.http.post(&self.url).json(&json!({ "query": DASHBOARD })).send().await.context("asking the page's question")?;
        let text = sent.text().await.context("the answer did not arrive whole")?;
        let took = begun.elapsed().as_secs_f64() * 1e3;
        ensure!(!text.contains("\"errors\""), "the question was refused: {text}");
        Ok((took, text.len()))
    }

    async fn first_reading(&self) -> Result<()> {
        let limit = Instant::now() + Duration::from_secs(60);
        loop {
            let asked = self.http.post(&self.url).json(&json!({ "query": "{ plants { assets { signals { latest { at } } } } }" }));
            let answer: Value = asked.send().await.context("asking for a reading")?.json().await.context("the answer is no JSON")?;
            if answer.to_string().contains("\"at\"") {
                return Ok(());
            }
            ensure!(Instant::now() < limit, "nothing is collected from the simulated plant");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
