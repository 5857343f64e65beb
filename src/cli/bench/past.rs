//! The state at a random point of a log: how long it takes once a longer way has left pasts behind, against folding all the way.

use super::{Measured, history, load, percentile, scaled};
use crate::cli::progress;
use anyhow::{Context, Result};
use millwright_domain::{
    Now, Timestamp,
    codec::decode,
    ports::{clock::Clock, event_log::EventLog},
};
use millwright_infra::{EmbeddedLog, clock::SystemClock};
use millwright_projections::{NoPast, Pasts, Projections};
use serde_json::json;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

const FACTS: u64 = 1_000_000;
/// Random points that are asked for.
const POINTS: u64 = 9;
/// A fold that nobody asks for any more is given up, so it is asked for again and again.
const PATIENCE: Duration = Duration::from_secs(10);
/// As the program itself does it; a small log is divided as a large one would be.
const STRIDE: u64 = 250_000;

/// A log that is kept is made once, and folded anew each time.
pub async fn measure(folder: &Path, kept: Option<&Path>, scale: f64) -> Result<Measured> {
    let place = kept.unwrap_or(folder);
    let made_s = made(place, scaled(FACTS, scale)).await?;
    let log: Arc<dyn EventLog> = Arc::new(EmbeddedLog::open_read_only(place.join("log"))?);
    let facts = log.head().await?.next(&load::partition());
    let present = Projections::open(&folder.join("projections")).await?;
    let dir = folder.join("past");
    let pasts = Pasts::with_stride(dir.clone(), present, log.clone(), 1.0, STRIDE.min(facts / 8).max(1));
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (pasts, stop) = (pasts.clone(), stop.clone());
        async move { pasts.run(stop).await }
    });
    let whole = took(&pasts, recorded(&*log, facts - 1).await?).await?;
    let (mut seconds, mut full) = (Vec::new(), Vec::new());
    for point in 1..=POINTS {
        // A fixed walk that lands nowhere near the stops.
        let seq = facts * (point * 7 % 10) / 10 + facts / 97;
        seconds.push(took(&pasts, recorded(&*log, seq).await?).await?);
        full.push(whole * seq as f64 / facts as f64);
    }
    stop.cancel();
    running.await?;
    let on_disk: u64 = std::fs::read_dir(&dir)?.filter_map(|entry| entry.ok()?.metadata().ok()).map(|file| file.len()).sum();
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
            "facts": facts, "making_them_took_s": made_s, "whole_s": whole, "whole_facts_per_s": facts as f64 / whole, "slowest_s": seconds.last(), "bytes_on_disk": on_disk,
            "peak_mb": progress::peak_mb(),
        }),
    })
}

/// Seconds, unless there is one.
async fn made(place: &Path, facts: u64) -> Result<Option<f64>> {
    if place.join("log").exists() {
        return Ok(None);
    }
    let began = Instant::now();
    history::make(place, facts).await?;
    Ok(Some(began.elapsed().as_secs_f64()))
}

async fn took(pasts: &Pasts, as_of: Timestamp) -> Result<f64> {
    let began = Instant::now();
    loop {
        match pasts.at(as_of, Now::both(SystemClock.now().wall), PATIENCE).await {
            Ok(_) => return Ok(began.elapsed().as_secs_f64()),
            Err(NoPast::StillReplaying(_)) => {}
            Err(refused) => return Err(refused.into()),
        }
    }
}

async fn recorded(log: &dyn EventLog, seq: u64) -> Result<Timestamp> {
    let page = log.read_ledger(&load::partition(), seq, 1).await?;
    let (_, stored) = page.iter().next().with_context(|| format!("the log ends before {seq}"))?;
    Ok(decode(&stored.bytes)?.recorded_at)
}
