//! The state at a random point of a log: how long it takes once a longer way has left pasts behind, against folding all the way.

use super::{Measured, load, percentile, replay::fill, scaled};
use crate::cli::progress;
use anyhow::{Context, Result};
use millwright_domain::{Now, Timestamp, codec::decode, ports::clock::Clock};
use millwright_infra::clock::SystemClock;
use millwright_projections::{Pasts, Projections};
use serde_json::json;
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

/// Random points that are asked for.
const POINTS: u64 = 9;
const PATIENCE: Duration = Duration::from_secs(3_600);
/// As the program itself does it; a small log is divided as a large one would be.
const STRIDE: u64 = 250_000;

pub async fn measure(folder: &Path, scale: f64) -> Result<Measured> {
    let house = load::House::open(folder, 125).await?;
    fill(&house, scaled(500_000, scale)).await?;
    let facts = house.log.head().await?.next(&load::partition());
    let present = Projections::open(&folder.join("projections")).await?;
    let dir = folder.join("past");
    let pasts = Pasts::with_stride(dir.clone(), present, house.log.clone(), 1.0, STRIDE.min(facts / 8).max(1));
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (pasts, stop) = (pasts.clone(), stop.clone());
        async move { pasts.run(stop).await }
    });
    let whole = took(&pasts, recorded(&house, facts - 1).await?).await?;
    let (mut seconds, mut full) = (Vec::new(), Vec::new());
    for point in 1..=POINTS {
        // A fixed walk that lands nowhere near the stops.
        let seq = facts * (point * 7 % 10) / 10 + facts / 97;
        seconds.push(took(&pasts, recorded(&house, seq).await?).await?);
        full.push(whole * seq as f64 / facts as f64);
    }
    stop.cancel();
    running.await?;
    let on_disk: u64 = std::fs::read_dir(&dir)?.filter_map(|entry| entry.ok()?.metadata().ok()).map(|file| file.len()).sum();
    house.close().await;
    seconds.sort_by(f64::total_cmp);
    full.sort_by(f64::total_cmp);
    let (ours, peers) = (percentile(&seconds, 0.5), percentile(&full, 0.5));
    Ok(Measured {
        unit: "s to the state at a random point",
        ours,
        peer: "folding all the way there",
        peers,
        ratio: Some(peers / ours),
        goal: "a few times quicker than folding all the way",
        more: json!({
            "facts": facts, "whole_s": whole, "whole_facts_per_s": facts as f64 / whole, "slowest_s": seconds.last(), "bytes_on_disk": on_disk,
            "peak_mb": progress::peak_mb(),
        }),
    })
}

async fn took(pasts: &Pasts, as_of: Timestamp) -> Result<f64> {
    let began = Instant::now();
    pasts.at(as_of, Now::both(SystemClock.now().wall), PATIENCE).await?;
    Ok(began.elapsed().as_secs_f64())
}

async fn recorded(house: &load::House, seq: u64) -> Result<Timestamp> {
    let page = house.log.read_ledger(&load::partition(), seq, 1).await?;
    let (_, stored) = page.iter().next().with_context(|| format!("the log ends before {seq}"))?;
    Ok(decode(&stored.bytes)?.recorded_at)
}
