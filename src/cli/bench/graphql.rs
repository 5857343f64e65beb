//! The page's first question over HTTP, while 100,000 readings a second come in.

use super::{Measured, load, percentile, scaled};
use crate::{
    app::{
        App, TimeLapse,
        foundation::Foundation,
        scenario,
        simulated::{Simulated, Simulation},
    },
    configured,
    settings::Settings,
};
use anyhow::{Context, Result, ensure};
use millwright_domain::{policy::Policy, ports::clock::Clock, roster::Roster};
use millwright_infra::clock::SystemClock;
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

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
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let at: SocketAddr = "127.0.0.1:0".parse()?;
    let simulation = Simulation { at, pumps: PUMPS, seed: 1, scenario: scenario::named_or_file("normal")?, speed: 1.0 };
    let simulated = Simulated::start(simulation, clock.clone()).await?;
    let configured = simulated.configured(&simulated.addresses, Policy::default(), Roster::default(), configured::shipped_rules()?)?;
    let mut settings = Settings { data: folder.join("data"), ..Settings::default() };
    settings.http.listen = at;
    let foundation = Foundation::open(&settings, clock).await?;
    let log = foundation.log.clone();
    let app = App::start(&settings, configured, foundation, TimeLapse::default()).await?;

    let stop = CancellationToken::new();
    let loaded = Arc::new(AtomicU64::new(0));
    let feeding = tokio::spawn(load::feed(log, loaded.clone(), stop.clone()));
    let page = Page { url: format!("http://{}/graphql", app.address), http: reqwest::Client::new() };
    page.first_reading().await?;
    let (begun, before) = (Instant::now(), loaded.load(Ordering::Relaxed));
    let mut took_ms = vec![];
    let mut bytes = 0;
    for _question in 0..scaled(QUESTIONS, scale) {
        let (took, length) = page.ask().await?;
        took_ms.push(took);
        bytes = length;
        tokio::time::sleep(PAUSE).await;
    }
    let rate = (loaded.load(Ordering::Relaxed) - before) as f64 / begun.elapsed().as_secs_f64();
    stop.cancel();
    feeding.await??;
    app.stop().await;
    simulated.stop().await;
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
