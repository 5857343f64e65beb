//! What the gateway adds to a call: the same requests to the same server straight from the adapter and through the gateway, at 1,000 a second.

use super::{Measured, load, percentile, scaled};
use crate::app::models::gateway;
use anyhow::{Context, Result, ensure};
use axum::{Json, Router, routing::post};
use chrono::TimeDelta;
use futures::{
    StreamExt, TryStreamExt,
    stream::{self, FuturesUnordered},
};
use millwright_agents::{
    gateway::{
        Around, Gateway,
        observer::Nobody,
        pocket::Pocket,
        purse::{Purse, Wish},
        question::Question,
    },
    ledger_purse::LedgerPurse,
};
use millwright_commands::{Ask, SetBudget};
use millwright_domain::{
    budget::{BudgetSet, SITE},
    ids::{ReservationId, derived},
    model_call::{NanoDollars, Prompt, Spent, Usage},
    ports::{clock::Clock, language_model::LanguageModel},
    position::PartitionId,
    untrusted::{Nonce, Origin, Untrusted},
};
use millwright_infra::{
    clock::SystemClock,
    models::{ModelSettings, Rules},
    outward::{Outward, OutwardSettings},
};
use serde_json::{Value, json};
use std::{
    future::Future,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

/// In each of so many rounds, either way.
const CALLS: u64 = 2_000;
const ROUNDS: usize = 5;
const EVERY: Duration = Duration::from_millis(1);
const GOAL_MS: f64 = 2.0;
const LONGEST: Duration = Duration::from_secs(10);
const RESERVATIONS: u64 = 200_000;
/// Of so many agents at once.
const ON_A_LEDGER: u64 = 20_000;
const AGENTS: usize = 64;
/// The clock cannot tell less.
const LEAST_MS: f64 = 0.001;

pub async fn measure(folder: &Path, scale: f64) -> Result<Measured> {
    let (url, server) = server().await?;
    let deployment = json!({ "speaks": "openai", "model": "bench", "api": url, "local": true });
    let settings: ModelSettings = serde_json::from_value(json!({ "deployments": { "bench": deployment } }))?;
    let outward = Outward::new(OutwardSettings { allow: vec!["127.0.0.1".into()], ..OutwardSettings::default() })?;
    let (_, adapter) = settings.models(&outward)?.deployments.pop().context("a deployment")?;
    let purse = Arc::new(Pocket::of(u64::MAX));
    let around = Around { plain: Arc::new(Rules), purse: purse.clone(), observer: Arc::new(Nobody), clock: Arc::new(SystemClock) };
    let gateway = gateway(&settings, &outward, around)?;
    let calls = scaled(CALLS, scale);
    let (mut direct, mut through, mut added) = (vec![], vec![], vec![]);
    for round in 0..ROUNDS as u64 {
        // Who goes first changes, because the machine gets warm or tired.
        let (mut plain, mut ours) = if round % 2 == 0 {
            let plain = paced(calls, |number| straight(&adapter, number)).await?;
            (plain, paced(calls, |number| asked(&gateway, round * calls + number)).await?)
        } else {
            let ours = paced(calls, |number| asked(&gateway, round * calls + number)).await?;
            (paced(calls, |number| straight(&adapter, number)).await?, ours)
        };
        plain.sort_by(f64::total_cmp);
        ours.sort_by(f64::total_cmp);
        added.push((percentile(&ours, 0.5) - percentile(&plain, 0.5), percentile(&ours, 0.99) - percentile(&plain, 0.99)));
        direct.extend(plain);
        through.extend(ours);
    }
    server.abort();
    ensure!(purse.held() == 0 && purse.settled() == ROUNDS as u64 * calls * 150, "the account is not as the calls were");
    let median = |each: fn(&(f64, f64)) -> f64| {
        let mut rounds: Vec<f64> = added.iter().map(each).collect();
        rounds.sort_by(f64::total_cmp);
        percentile(&rounds, 0.5)
    };
    let p99 = median(|round| round.1);
    direct.sort_by(f64::total_cmp);
    through.sort_by(f64::total_cmp);
    let reservations = reservations(scaled(RESERVATIONS, scale)).await?;
    let on_a_ledger = on_a_ledger(folder, scaled(ON_A_LEDGER, scale)).await?;
    Ok(Measured {
        unit: "ms added, p99",
        ours: p99,
        peer: "the goal",
        peers: GOAL_MS,
        ratio: Some(GOAL_MS / p99.max(LEAST_MS)),
        goal: "under 2 ms at 1,000 calls a second; the median of rounds, each the difference to the adapter alone",
        more: json!({
            "calls_each_way": ROUNDS as u64 * calls,
            "added_p50_ms": median(|round| round.0),
            "added_p99_ms_by_round": added.iter().map(|round| round.1).collect::<Vec<_>>(),
            "direct_p50_ms": percentile(&direct, 0.5),
            "direct_p99_ms": percentile(&direct, 0.99),
            "through_p50_ms": percentile(&through, 0.5),
            "through_p99_ms": percentile(&through, 0.99),
            "reservations_per_s_in_memory": reservations,
            "reservations_per_s_on_a_ledger": on_a_ledger,
        }),
    })
}

/// One begins each millisecond, however long the others take; how long each took, in ms, from when it should have begun.
async fn paced<F: Future<Output = Result<()>>>(calls: u64, call: impl Fn(u64) -> F) -> Result<Vec<f64>> {
    let mut under_way = FuturesUnordered::new();
    let mut took = Vec::with_capacity(usize::try_from(calls)?);
    let begun = Instant::now();
    let mut tick = tokio::time::interval(EVERY);
    let mut next = 0;
    while next < calls || !under_way.is_empty() {
        tokio::select! {
            _ = tick.tick(), if next < calls => {
                let (due, called) = (begun + EVERY * u32::try_from(next)?, call(next));
                under_way.push(async move { called.await.map(|()| due.elapsed().as_secs_f64() * 1e3) });
                next += 1;
            }
            Some(ended) = under_way.next() => took.push(ended?),
        }
    }
    Ok(took)
}

async fn straight(adapter: &Arc<dyn LanguageModel>, number: u64) -> Result<()> {
    adapter.complete(&prompt(number), LONGEST).await?;
    Ok(())
}

async fn asked(gateway: &Gateway, number: u64) -> Result<()> {
    let call = derived("bench", "gateway", u32::try_from(number)?);
    let given = gateway.ask(&Question::new(call, "svc-bench".parse()?, "standard".parse()?, prompt(number))).await?;
    ensure!(given.plainly.is_none(), "the server was not asked");
    Ok(())
}

/// As an agent asks about an alarm: some figures, and words from elsewhere.
fn prompt(number: u64) -> Prompt {
    let words = "High vibration on drive end bearing, see maintenance manual chapter 7. ".repeat(20);
    Prompt::new("You sum up alarms for an engineer in two sentences.", Nonce::of(u128::from(number)))
        .say("Sum up this alarm.")
        .value("number", number)
        .value("vibration mm/s", 7.3)
        .show(Untrusted::new(Origin::Alarm, &words))
        .at_most(256)
}

async fn server() -> Result<(String, tokio::task::JoinHandle<()>)> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.context("a loopback port")?;
    let url = format!("http://{}/v1", listener.local_addr()?);
    let routes = Router::new().route("/v1/chat/completions", post(|| async { Json(completion()) }));
    let serving = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the model's server ended");
        }
    });
    Ok((url, serving))
}

fn completion() -> Value {
    let message = json!({ "role": "assistant", "content": "Vibration at the drive end is high. Look at the bearing." });
    let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
    json!({ "id": "1", "object": "chat.completion", "model": "bench", "choices": [choice], "usage": { "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150 } })
}

/// Held, dispatched and settled, a second.
async fn reservations(count: u64) -> Result<f64> {
    let purse = Pocket::of(u64::MAX);
    let begun = Instant::now();
    for number in 0..count {
        hold(&purse, number).await?;
    }
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

/// The same on a site's ledger, where each step is durable before the next, in three scopes.
async fn on_a_ledger(folder: &Path, count: u64) -> Result<f64> {
    let house = load::House::open(folder, 1).await?;
    let limits = BudgetSet::of(1 << 50, 1 << 50);
    house.commands.ask(&load::partition(), Ask::new("svc-settings".parse()?, SetBudget { scope: SITE.into(), limits })).await?;
    house.commands.serve(PartitionId::platform()).await?;
    let purse = LedgerPurse::of(load::partition(), house.log.clone(), house.commands.clone(), Arc::new(SystemClock));
    let begun = Instant::now();
    stream::iter(0..count).map(|number| hold(&purse, number)).buffer_unordered(AGENTS).try_collect::<()>().await?;
    let took = begun.elapsed().as_secs_f64();
    house.close().await;
    Ok(count as f64 / took)
}

async fn hold(purse: &dyn Purse, number: u64) -> Result<()> {
    let reservation = ReservationId(Uuid::from_u64_pair(number, number));
    let wish = Wish {
        reservation,
        agent: "svc-bench".parse()?,
        site: None,
        case: None,
        task: None,
        deployment: "bench".parse()?,
        provider: "openai".into(),
        tokens: 1_000,
        cost: NanoDollars(0),
        price: "local".into(),
        is_critical: false,
        expires_at: SystemClock.now().wall + TimeDelta::minutes(1),
    };
    purse.reserve(&wish).await?;
    purse.dispatched(reservation).await?;
    purse.settle(reservation, &Spent::told(Usage { input: 100, output: 50, ..Usage::default() }), NanoDollars(0)).await?;
    Ok(())
}
