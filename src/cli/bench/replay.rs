//! The ledger into states: how fast a dispatcher is back after a start. The limit is reading and decompressing the same records.

use super::{Measured, load, scaled};
use anyhow::Result;
use millwright_commands::{Ask, RaiseAlert};
use millwright_domain::{
    case::{AlertRaised, Severity},
    codec::decode,
    site::Site,
};
use serde_json::json;
use std::{path::Path, time::Instant};

const GOAL: f64 = 1_000_000.0;

pub async fn measure(folder: &Path, scale: f64) -> Result<Measured> {
    let house = load::House::open(folder, 125).await?;
    fill(&house, scaled(100_000, scale)).await?;
    let end = house.log.head().await?.next(&load::partition());
    let began = Instant::now();
    let mut bytes = 0usize;
    let mut next = 0;
    while next < end {
        let page = house.log.read_ledger(&load::partition(), next, 4_096).await?;
        next = page.next();
        bytes += page.iter().map(|(_, stored)| stored.bytes.len()).sum::<usize>();
    }
    let reading = end as f64 / began.elapsed().as_secs_f64();
    let began = Instant::now();
    let mut site = Site::default();
    next = 0;
    while next < end {
        let page = house.log.read_ledger(&load::partition(), next, 4_096).await?;
        next = page.next();
        for (_, stored) in page.iter() {
            site.evolve_recorded(&decode(&stored.bytes)?);
        }
    }
    let folding = end as f64 / began.elapsed().as_secs_f64();
    house.close().await;
    Ok(Measured {
        unit: "facts/s",
        ours: folding,
        peer: "the goal",
        peers: GOAL,
        ratio: None,
        goal: "1,000,000 a second",
        more: json!({"facts": end, "bytes_each": bytes as u64 / end.max(1), "reading_alone_per_s": reading, "ratio_to_reading_alone": folding / reading, "cases": site.cases.len()}),
    })
}

/// Alerts and their answers, in groups as they come.
pub async fn fill(house: &load::House, commands: u64) -> Result<()> {
    let asks = (0..commands).map(|number| {
        let alert = AlertRaised::new(format!("pump-{}", number % 125).parse().expect("a name"), "drift", Severity::Low);
        Ask::new("svc-bench".parse().expect("a name"), RaiseAlert { alert })
    });
    let mut waiting = futures::stream::FuturesUnordered::new();
    for ask in asks {
        let commands = house.commands.clone();
        waiting.push(async move { commands.ask(&load::partition(), ask).await });
        if waiting.len() >= 1_024 {
            drain(&mut waiting).await?;
        }
    }
    drain(&mut waiting).await
}

type Answer = Result<millwright_commands::Answered, millwright_commands::NotAnswered>;

async fn drain<F: Future<Output = Answer>>(waiting: &mut futures::stream::FuturesUnordered<F>) -> Result<()> {
    use futures::StreamExt;
    while let Some(answer) = waiting.next().await {
        answer?;
    }
    Ok(())
}
