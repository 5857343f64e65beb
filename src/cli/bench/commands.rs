//! Commands decided, durable and answered: 64 clients with 16 in flight each, on the embedded log, on Kafka, and by cqrs-es on Postgres.

use super::{
    Measured, Servers, load, peer, percentile, scaled,
    servers::{self, Topics},
};
use crate::settings::Settings;
use anyhow::{Context, Result};
use futures::{StreamExt, stream};
use millwright_commands::{Ask, Commands, LearnBaseline};
use millwright_domain::{Timestamp, baseline::BaselineLearned};
use serde_json::json;
use std::{fs, path::Path, time::Instant};

const CLIENTS: u64 = 64;
const IN_FLIGHT: usize = 16;
/// Of each client. On Kafka fewer, because its goal is lower.
const EMBEDDED: u64 = 4_000;
const KAFKA: u64 = 2_000;
/// Of the peer, by all clients. The longer its streams, the slower it is; these make streams of 20.
const PEERS: u64 = 20_480;

struct Goal {
    engine: &'static str,
    per_s: f64,
    says: &'static str,
}
const ON_EMBEDDED: Goal = Goal { engine: "embedded", per_s: 20_000.0, says: "20,000 a second, p99 under 50 ms; 10 times cqrs-es on Postgres" };
const ON_KAFKA: Goal = Goal { engine: "kafka", per_s: 5_000.0, says: "5,000 a second, p99 under 100 ms" };

/// One figure for each engine, all beside the peer if there is a Postgres for it.
pub async fn measure(folder: &Path, scale: f64, with: &Servers, settings: &Settings) -> Result<Vec<Measured>> {
    let peer = match &with.postgres {
        Some(named) => Some(peers(named, with, folder, scale).await?),
        None => None,
    };
    let mut figures = vec![];
    let house = load::House::open(folder, 125).await?;
    let latencies = asked(&house.commands, scaled(EMBEDDED, scale)).await;
    house.close().await;
    figures.push(figure(&ON_EMBEDDED, latencies?, peer.as_ref()));
    if let Some(named) = &with.kafka {
        let bootstrap = servers::kafka(named, folder).await?;
        let folder = folder.join("on-kafka");
        fs::create_dir(&folder).context("a folder for the answers")?;
        let topics = Topics::make(settings, &bootstrap, &folder).await?;
        let house = load::House::open_on_kafka(&topics.options, &folder, 125).await?;
        // The broker compiles itself while it works, as it has long done in a plant.
        let warm_up = asked(&house.commands, scaled(KAFKA / 8, scale)).await;
        let latencies = asked(&house.commands, scaled(KAFKA, scale)).await;
        house.close().await;
        topics.remove().await?;
        warm_up?;
        figures.push(figure(&ON_KAFKA, latencies?, peer.as_ref()));
    }
    Ok(figures)
}

async fn peers(named: &str, with: &Servers, folder: &Path, scale: f64) -> Result<peer::Peer> {
    let postgres = servers::postgres(named, folder).await?;
    let work = peer::Work { clients: CLIENTS, in_flight: IN_FLIGHT, commands: scaled(PEERS, scale) };
    peer::measure(with.peer.as_deref(), &postgres, &work).await
}

struct Answers {
    per_s: f64,
    /// Sorted.
    latencies_ms: Vec<f64>,
}

/// So many commands of each client, all of them answered.
async fn asked(commands: &Commands, each: u64) -> Result<Answers> {
    let began = Instant::now();
    let clients = (0..CLIENTS).map(|client| {
        let commands = commands.clone();
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
    let mut latencies_ms: Vec<f64> = vec![];
    for client in clients.collect::<Vec<_>>() {
        latencies_ms.extend(client.await??);
    }
    let per_s = latencies_ms.len() as f64 / began.elapsed().as_secs_f64();
    latencies_ms.sort_by(f64::total_cmp);
    Ok(Answers { per_s, latencies_ms })
}

fn figure(goal: &Goal, answers: Answers, peer: Option<&peer::Peer>) -> Measured {
    let Answers { per_s, latencies_ms } = answers;
    Measured {
        unit: "commands/s",
        ours: per_s,
        peer: peer.map_or("the goal; --postgres gives a peer", |_| "cqrs-es on Postgres, the better of its two stores"),
        peers: peer.map_or(goal.per_s, |peer| peer.best.per_s),
        ratio: None,
        goal: goal.says,
        more: json!({
            "engine": goal.engine, "commands": latencies_ms.len(), "clients": CLIENTS, "in_flight": IN_FLIGHT,
            "p50_ms": percentile(&latencies_ms, 0.5), "p99_ms": percentile(&latencies_ms, 0.99), "ratio_to_goal": per_s / goal.per_s, "peer": peer,
        }),
    }
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
