//! The peer of `millwright bench commands`: the same command decided by cqrs-es and made durable by Postgres, by so many clients with so many in flight.
//!
//! `cqrs-es-peer URL [--clients N] [--in-flight N] [--commands N]` prints one JSON object. Both of its stores are measured, the quicker one counts.
//! Every ask in flight works on signals of its own, so that nothing is ever decided twice because two changed one stream.

mod signal;

use anyhow::{Context, Result, bail};
use futures::future::try_join_all;
use postgres_es::{PostgresCqrs, postgres_aggregate_cqrs, postgres_cqrs};
use serde_json::{Value, json};
use signal::{LearnBaseline, Signal};
use sqlx::{Pool, Postgres, postgres::PgPoolOptions};
use std::{sync::Arc, time::Instant};

/// So that none of the clients waits for all of another's.
const CONNECTIONS: u32 = 64;
/// As cqrs-es asks for them; made anew, so that every run begins without facts.
const TABLES: &str = "
DROP TABLE IF EXISTS events, snapshots;
CREATE TABLE events (
    aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint CHECK (sequence >= 0) NOT NULL,
    event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence));
CREATE TABLE snapshots (
    aggregate_type text NOT NULL, aggregate_id text NOT NULL, last_sequence bigint CHECK (last_sequence >= 0) NOT NULL,
    current_snapshot bigint CHECK (current_snapshot >= 0) NOT NULL, payload json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, last_sequence));";

struct Work {
    clients: usize,
    in_flight: usize,
    commands: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().context("say which Postgres: cqrs-es-peer postgres://… [--clients N] [--in-flight N] [--commands N]")?;
    let mut work = Work { clients: 64, in_flight: 16, commands: 20_000 };
    while let Some(option) = arguments.next() {
        let count =
            arguments.next().with_context(|| format!("{option} needs a number"))?.parse().with_context(|| format!("{option} needs a number"))?;
        match option.as_str() {
            "--clients" => work.clients = count,
            "--in-flight" => work.in_flight = count,
            "--commands" => work.commands = count,
            _ => bail!("unknown option {option}"),
        }
    }
    println!("{}", compared(&url, &work).await?);
    Ok(())
}

async fn compared(url: &str, work: &Work) -> Result<Value> {
    let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect(url).await.context("no Postgres answers there")?;
    sqlx::raw_sql(TABLES).execute(&pool).await.context("making the tables")?;
    let events = measured("events", postgres_cqrs(pool.clone(), vec![], ()), work).await?;
    let aggregates = measured("aggregates", postgres_aggregate_cqrs(pool.clone(), vec![], ()), work).await?;
    let durable = durability(&pool).await?;
    let rate = |store: &Value| store["per_s"].as_f64().unwrap_or(0.0);
    let (best, other) = if rate(&events) >= rate(&aggregates) { (events, aggregates) } else { (aggregates, events) };
    Ok(json!({"best": best, "other": other, "clients": work.clients, "in_flight": work.in_flight, "connections": CONNECTIONS, "durable": durable}))
}

/// Ours is durable before it answers, and so must this be.
async fn durability(pool: &Pool<Postgres>) -> Result<Value> {
    let setting = async |name: &str| -> Result<String> { Ok(sqlx::query_scalar(&format!("SHOW {name}")).fetch_one(pool).await?) };
    Ok(
        json!({"fsync": setting("fsync").await?, "synchronous_commit": setting("synchronous_commit").await?, "server": setting("server_version").await?}),
    )
}

async fn measured(store: &str, cqrs: PostgresCqrs<Signal>, work: &Work) -> Result<Value> {
    let cqrs = Arc::new(cqrs);
    let slots = work.clients * work.in_flight;
    let each = work.commands.div_ceil(slots);
    let began = Instant::now();
    let clients = (0..work.clients).map(|client| {
        let (cqrs, store, in_flight) = (cqrs.clone(), store.to_owned(), work.in_flight);
        tokio::spawn(async move {
            let slots = (0..in_flight).map(|slot| asks(&cqrs, format!("{store}/p{client}/s{slot}"), each));
            anyhow::Ok(try_join_all(slots).await?.concat())
        })
    });
    let mut latencies: Vec<f64> = vec![];
    for client in clients.collect::<Vec<_>>() {
        latencies.extend(client.await??);
    }
    let rate = latencies.len() as f64 / began.elapsed().as_secs_f64();
    latencies.sort_by(f64::total_cmp);
    let at = |share: f64| latencies.get((latencies.len() as f64 * share) as usize).or(latencies.last()).copied();
    Ok(json!({"store": store, "commands": latencies.len(), "per_s": rate, "p50_ms": at(0.5), "p99_ms": at(0.99)}))
}

/// One ask after the other, each answered when Postgres has committed it.
async fn asks(cqrs: &PostgresCqrs<Signal>, signal: String, times: usize) -> Result<Vec<f64>> {
    let mut latencies = Vec::with_capacity(times);
    for number in 0..times {
        let asked = Instant::now();
        cqrs.execute(&signal, LearnBaseline::nth(number)).await.with_context(|| format!("a command for {signal} was not answered"))?;
        latencies.push(asked.elapsed().as_secs_f64() * 1e3);
    }
    Ok(latencies)
}
