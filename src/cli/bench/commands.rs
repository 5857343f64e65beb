//! Commands decided, durable and answered: 64 clients with 16 in flight each.

use super::{Measured, load, percentile, scaled};
use anyhow::Result;
use futures::{StreamExt, stream};
use millwright_commands::{Ask, LearnBaseline};
use millwright_domain::{Timestamp, baseline::BaselineLearned};
use serde_json::json;
use std::{path::Path, time::Instant};

const CLIENTS: u64 = 64;
const IN_FLIGHT: usize = 16;
const GOAL: f64 = 20_000.0;

pub async fn measure(folder: &Path, scale: f64) -> Result<Measured> {
    let house = load::House::open(folder, 125).await?;
    let each = scaled(4_000, scale);
    let began = Instant::now();
    let clients = (0..CLIENTS).map(|client| {
        let commands = house.commands.clone();
        tokio::spawn(async move {
            let asks = stream::iter((0..each).map(|number| {
                let commands = commands.clone();
                async move {
                    let asked = Instant::now();
                    let ask = Ask::new("svc-bench".parse()?, LearnBaseline { baseline: baseline(client * each + number)? });
                    commands.ask(&load::partition(), ask).await?;
                    anyhow::Ok(asked.elapsed().as_secs_f64() * 1e3)
                }
            }));
            asks.buffer_unordered(IN_FLIGHT).collect::<Vec<_>>().await.into_iter().collect::<Result<Vec<f64>>>()
        })
    });
    let mut latencies: Vec<f64> = vec![];
    for client in clients.collect::<Vec<_>>() {
        latencies.extend(client.await??);
    }
    let rate = latencies.len() as f64 / began.elapsed().as_secs_f64();
    house.close().await;
    latencies.sort_by(f64::total_cmp);
    Ok(Measured {
        unit: "commands/s",
        ours: rate,
        peer: "the goal; a peer comes with Postgres",
        peers: GOAL,
        goal: "20,000 a second, p99 under 50 ms",
        more: json!({"commands": latencies.len(), "clients": CLIENTS, "in_flight": IN_FLIGHT, "p50_ms": percentile(&latencies, 0.5), "p99_ms": percentile(&latencies, 0.99)}),
    })
}

fn baseline(number: u64) -> Result<BaselineLearned> {
    let at = Timestamp::from_secs(1_790_000_000 + number as i64);
    Ok(BaselineLearned {
        signal: format!("p{}/s{}", number % 125, number % 8).parse()?,
        version: 0,
        count: 600,
        mean: 50.0 + (number % 100) as f64,
        std: 0.5,
        p95: 51.0,
        p99: 51.5,
        learned_from: at,
        learned_to: at,
    })
}
