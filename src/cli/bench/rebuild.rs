//! The projections of a ledger from zero, into SQLite.

use super::{Measured, load, replay::fill, scaled};
use anyhow::Result;
use millwright_projections::Projections;
use serde_json::json;
use std::{path::Path, time::Instant};

const GOAL: f64 = 100_000.0;

pub async fn measure(folder: &Path, scale: f64) -> Result<Measured> {
    let house = load::House::open(folder, 125).await?;
    fill(&house, scaled(50_000, scale)).await?;
    let facts: u64 = house.log.head().await?.partitions().map(|(_, next)| next).sum();
    let projections = Projections::open(&folder.join("projections")).await?;
    let began = Instant::now();
    projections.catch_up(&*house.log).await?;
    let rate = facts as f64 / began.elapsed().as_secs_f64();
    house.close().await;
    let size: u64 = std::fs::read_dir(folder.join("projections"))?.filter_map(|entry| entry.ok()?.metadata().ok()).map(|file| file.len()).sum();
    Ok(Measured {
        unit: "facts/s",
        ours: rate,
        peer: "the goal",
        peers: GOAL,
        ratio: None,
        goal: "100,000 a second into SQLite",
        more: json!({"facts": facts, "bytes_written": size}),
    })
}
