//! From an alert on the ledger to its message in a program's hands, at 100 alerts a second; and what 10,000 alerts of one machine come to.

use super::{Measured, load, percentile, scaled};
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use futures::{StreamExt, stream};
use millwright_agents::{
    clerk::Clerk,
    messages::MessageDesk,
    outbox::Outbox,
    precedent::{Precedent, Precedents},
};
use millwright_commands::{AdoptRoster, Ask, RaiseAlert};
use millwright_domain::{
    case::{AlertRaised, Severity},
    envelope::Answer,
    ids::{AssetId, CaseId, CauseId},
    ports::address_book::NobodyEnrolled,
    roster::Roster,
};
use millwright_infra::{
    clock::SystemClock,
    messengers::{MessageSettings, Messengers, Outside},
    outward::{Outward, OutwardSettings},
    switchboard::Switchboard,
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio_util::sync::CancellationToken;

const ALERTS: u64 = 1_000;
const EVERY: Duration = Duration::from_millis(10);
const FLOOD: u64 = 10_000;
const GOAL_MS: f64 = 1_000.0;
const PATIENCE: Duration = Duration::from_secs(60);

type Arrival = (CaseId, Instant);

pub async fn measure(folder: &Path, scale: f64) -> Result<Measured> {
    let (alerts, flood) = (scaled(ALERTS, scale), scaled(FLOOD, scale));
    let machines = usize::try_from(alerts)? + 1;
    let house = load::House::open(folder, machines).await?;
    let roster: Roster = serde_json::from_value(json!({ "programs": ["bench"] }))?;
    house.commands.ask(&load::partition(), Ask::new("svc-settings".parse()?, AdoptRoster { roster })).await?;
    let (url, mut arrivals) = receiver().await?;
    let stop = CancellationToken::new();
    let workers = workers(&house, folder, url, &stop)?;

    let mut began: HashMap<CaseId, Instant> = HashMap::new();
    let mut asking = stream::FuturesUnordered::new();
    let mut ticks = tokio::time::interval(EVERY);
    for number in 0..alerts {
        ticks.tick().await;
        asking.push(tokio::spawn(raise(house.commands.clone(), number, 0)));
    }
    while let Some(raised) = asking.next().await {
        let (case, at) = raised??;
        began.insert(case, at);
    }
    let mut took_ms = Vec::new();
    while took_ms.len() < began.len() {
        let (case, at) = next(&mut arrivals).await?;
        let Some(begun) = began.get(&case) else { continue };
        took_ms.push(at.saturating_duration_since(*begun).as_secs_f64() * 1e3);
    }
    took_ms.sort_by(f64::total_cmp);

    let one_machine = (0..flood).map(|number| raise(house.commands.clone(), alerts, number));
    let cases: Vec<Result<Arrival>> = stream::iter(one_machine).buffer_unordered(64).collect().await;
    let mut cases = cases.into_iter().map(|raised| raised.map(|(case, _)| case)).collect::<Result<Vec<_>>>()?;
    cases.sort_unstable();
    cases.dedup();
    let mut messages = 1;
    next(&mut arrivals).await?;
    // Whatever else there is comes right behind the first.
    while tokio::time::timeout(Duration::from_secs(1), arrivals.recv()).await.is_ok() {
        messages += 1;
    }
    stop.cancel();
    for worker in workers {
        worker.await?;
    }
    house.close().await;
    let p99 = percentile(&took_ms, 0.99);
    Ok(Measured {
        unit: "ms, p99",
        ours: p99,
        peer: "the goal",
        peers: GOAL_MS,
        ratio: Some(GOAL_MS / p99),
        goal: "under 1 s at 100 alerts a second; 10,000 alerts of one machine make one case and one message",
        more: json!({
            "alerts": alerts,
            "p50_ms": percentile(&took_ms, 0.5),
            "worst_ms": took_ms.last(),
            "alerts_of_one_machine": flood,
            "cases_of_it": cases.len(),
            "messages_of_it": messages,
        }),
    })
}

/// Asked for, and when; from before the asking, so that being decided and durable counts as well.
async fn raise(commands: millwright_commands::Commands, machine: u64, number: u64) -> Result<Arrival> {
    let asset: AssetId = format!("pump-{machine}").parse()?;
    let alert = AlertRaised::new(asset, format!("bench_{}", number % 3), Severity::High);
    let at = Instant::now();
    let answered = commands.ask(&load::partition(), Ask::new("svc-monitor".parse()?, RaiseAlert { alert })).await?;
    match answered.answer {
        Answer::Done { subject: Some(case), .. } => Ok((case.parse()?, at)),
        other => bail!("an alert was answered {other:?}"),
    }
}

async fn next(arrivals: &mut UnboundedReceiver<Arrival>) -> Result<Arrival> {
    let arrived = tokio::time::timeout(PATIENCE, arrivals.recv()).await.context("a message did not arrive within a minute")?;
    arrived.context("the receiver is gone")
}

/// The desk and the outbox, as in the program.
fn workers(house: &load::House, folder: &Path, url: String, stop: &CancellationToken) -> Result<Vec<tokio::task::JoinHandle<()>>> {
    let secret = folder.join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    let messages: MessageSettings = serde_json::from_value(json!({ "webhook": { "bench": { "url": url, "secret": secret } } }))?;
    let outward = Outward::new(OutwardSettings { allow: vec!["127.0.0.1".into()], ..OutwardSettings::default() })?;
    let clock = Arc::new(SystemClock);
    let messengers = Messengers::new(&messages, &Outside { outward, book: Arc::new(NobodyEnrolled), clock: clock.clone() })?;
    let mut board = Switchboard::default();
    for (channel, messenger) in messengers.all {
        board = board.with(channel, messenger);
    }
    let (log, commands, partition) = (house.log.clone(), house.commands.clone(), load::partition());
    let desk = MessageDesk::new(Arc::new(NoPast));
    let clerk =
        Clerk { log: log.clone(), commands: commands.clone(), clock: clock.clone(), partition: partition.clone(), name: "svc-messages", desk };
    let outbox = Outbox { log, commands, clock, partition, messenger: Arc::new(board), tally: Arc::default() };
    let (told, delivered) = (clerk.run(stop.clone()), outbox.run(stop.clone()));
    let ended = |what: &'static str, result: Result<(), millwright_agents::fact_tail::TailError>| {
        if let Err(error) = result {
            tracing::error!(%error, "{what} ended");
        }
    };
    Ok(vec![tokio::spawn(async move { ended("the desk", told.await) }), tokio::spawn(async move { ended("the outbox", delivered.await) })])
}

/// A program that takes webhooks and says which case each was about.
async fn receiver() -> Result<(String, UnboundedReceiver<Arrival>)> {
    let (tell, arrivals) = mpsc::unbounded_channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.context("a loopback port")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let routes = Router::new().route("/", post(taken)).with_state(tell);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the receiver ended");
        }
    });
    Ok((url, arrivals))
}

async fn taken(State(tell): State<UnboundedSender<Arrival>>, body: axum::body::Bytes) -> (StatusCode, Json<Value>) {
    let at = Instant::now();
    let event: Value = serde_json::from_slice(&body).unwrap_or_default();
    let case = event["subject"].as_str().and_then(|case| case.parse().ok());
    match case.map(|case| tell.send((case, at))) {
        Some(Ok(())) => (StatusCode::OK, Json(json!({}))),
        _ => (StatusCode::BAD_REQUEST, Json(json!({}))),
    }
}

struct NoPast;

#[async_trait]
impl Precedents for NoPast {
    async fn of(&self, _: CaseId, _: &AssetId, _: Option<&CauseId>) -> Option<Precedent> {
        None
    }
}
