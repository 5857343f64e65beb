//! Readings made durable, taken through the detectors and into rollups, and seen by a query: 125 devices of 8 signals every 100 ms.

use super::{Measured, load, scaled};
use crate::settings::Settings;
use anyhow::Result;
use millwright_agents::monitor::{Monitor, MonitorSettings};
use millwright_domain::{
    ids::SignalId,
    ports::event_log::EventLog,
    position::{PartitionId, Position},
    reading::Scan,
};
use millwright_projections::Projections;
use serde_json::json;
use std::{path::Path, sync::Arc, time::Instant};
use tokio_util::sync::CancellationToken;

const DEVICES: usize = 125;
const GOAL: f64 = 1_000_000.0;
/// Scans in one append.
const BATCH: usize = 1_000;

pub async fn measure(folder: &Path, scale: f64, settings: &Settings) -> Result<Measured> {
    let house = load::House::open(folder, DEVICES).await?;
    let projections = Projections::open(&folder.join("projections")).await?;
    let stop = CancellationToken::new();
    let following = {
        let (projections, log, stop) = (projections.clone(), house.log.clone(), stop.clone());
        tokio::spawn(async move { projections.run(log, stop).await })
    };
    let rounds = scaled(2_400, scale);
    let all = rounds * DEVICES as u64;
    let monitor = settings_of_a_quick_learner(settings);
    let watching = tokio::spawn(watch(house.log.clone(), monitor, all));
    let signals = load::signals(DEVICES);
    let rendering = Instant::now();
    let batches: Vec<Vec<Scan>> = batches(&signals, rounds);
    let rendered = rendering.elapsed();

    let began = Instant::now();
    let mut position = Position::default();
    for batch in batches {
        position.merge(&house.log.append_readings(batch).await?);
    }
    let durable = began.elapsed().as_secs_f64();
    let findings = watching.await??;
    let detected = began.elapsed().as_secs_f64();
    projections.reached(&position, std::time::Duration::from_secs(600)).await?;
    let queryable = began.elapsed().as_secs_f64();

    stop.cancel();
    following.await??;
    house.close().await;
    let values = (all * load::VALUES as u64) as f64;
    Ok(Measured {
        unit: "readings/s",
        ours: values / queryable.max(detected),
        peer: "the goal",
        peers: GOAL,
        ratio: None,
        goal: "1,000,000 a second",
        more: json!({
            "readings": values,
            "durable_per_s": values / durable,
            "through_detectors_per_s": values / detected,
            "queryable_per_s": values / queryable,
            "findings": findings,
            "making_them_took_s": rendered.as_secs_f64(),
        }),
    })
}

fn batches(signals: &[Vec<SignalId>], rounds: u64) -> Vec<Vec<Scan>> {
    let mut batches = vec![];
    let mut batch = Vec::with_capacity(BATCH);
    for scan in (0..rounds).flat_map(|round| load::scans(signals, round)) {
        batch.push(scan);
        if batch.len() == BATCH {
            batches.push(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)));
        }
    }
    batches.push(batch);
    batches
}

/// Learns in a minute, so that most of the run is judged.
fn settings_of_a_quick_learner(settings: &Settings) -> MonitorSettings {
    MonitorSettings { learning_s: 60, ..settings.monitor }
}

/// The detectors, fed from the log as the monitor feeds them.
async fn watch(log: Arc<dyn EventLog>, settings: MonitorSettings, all: u64) -> Result<usize> {
    let mut monitor = Monitor::new(&load::plant(DEVICES), settings);
    let (mut seen, mut findings, mut out) = (0u64, 0, vec![]);
    let mut head = log.head().await?;
    // A bench log has one partition of readings.
    let lane = PartitionId::readings(0);
    let mut next = 0;
    while seen < all {
        let page = log.read_readings(&lane, next, 4_096).await?;
        if page.is_empty() {
            head = log.past(&head).await?;
            continue;
        }
        next = page.next();
        seen += page.len() as u64;
        for (_, scan) in page.iter() {
            monitor.observe(scan, &mut out);
        }
        findings += out.len();
        out.clear();
    }
    Ok(findings)
}
