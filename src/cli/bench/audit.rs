//! Verifying the ledger from the disk, against SHA-256 alone over the same bytes in memory: what the hash leaves room for.

use super::{Measured, load, replay::fill, scaled};
use anyhow::{Result, ensure};
use millwright_domain::{
    chain::{Hash, StoredRecord, link},
    ports::event_log::EventLog,
};
use millwright_infra::log::embedded::verify::verify_ledger;
use serde_json::json;
use std::{hint::black_box, path::Path, time::Instant};

const ROUNDS: usize = 3;

pub async fn measure(folder: &Path, scale: f64) -> Result<Measured> {
    let house = load::House::open(folder, 125).await?;
    fill(&house, scaled(100_000, scale)).await?;
    let records = all(&*house.log).await?;
    house.close().await;
    let bytes: usize = records.iter().map(|record| record.bytes.len()).sum();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut rounds = vec![];
    for _ in 0..ROUNDS {
        let [bare, on_all] = [1, threads].map(|threads| bytes as f64 / 1e6 / seconds_of_hashing(&records, threads));
        let began = Instant::now();
        let verified = verify_ledger(&folder.join("log"), &mut |_| ())?;
        let ours = verified.bytes as f64 / 1e6 / began.elapsed().as_secs_f64();
        ensure!(verified.findings.is_empty() && verified.bytes == bytes as u64, "the bench's own log is damaged");
        rounds.push((ours, bare, on_all));
    }
    rounds.sort_by(|one, other| (one.0 / one.1).total_cmp(&(other.0 / other.1)));
    let (ours, bare, on_all) = rounds[ROUNDS / 2];
    let ratios: Vec<f64> = rounds.iter().map(|(ours, bare, _)| ours / bare).collect();
    Ok(Measured {
        unit: "MB/s",
        ours,
        peer: "SHA-256 alone, one thread",
        peers: bare,
        ratio: None,
        goal: "1 GB/s, or what the hash allows",
        more: json!({
            "records": records.len(),
            "bytes_each": bytes / records.len().max(1),
            "ratios": ratios,
            "threads": threads,
            "hash_alone_on_all_threads": on_all,
            "rounds": rounds.iter().map(|(ours, ..)| ours).collect::<Vec<_>>(),
        }),
    })
}

fn seconds_of_hashing(records: &[StoredRecord], threads: usize) -> f64 {
    let hash = |part: &[StoredRecord]| {
        black_box(part.iter().fold(Hash::default(), |previous, record| link(previous, record.seq, &record.bytes)));
    };
    let began = Instant::now();
    std::thread::scope(|scope| {
        for part in records.chunks(records.len().div_ceil(threads).max(1)) {
            scope.spawn(move || hash(part));
        }
    });
    began.elapsed().as_secs_f64()
}

async fn all(log: &dyn EventLog) -> Result<Vec<StoredRecord>> {
    let end = log.head().await?.next(&load::partition());
    let mut records = vec![];
    while (records.len() as u64) < end {
        let page = log.read_ledger(&load::partition(), records.len() as u64, 4_096).await?;
        records.extend(page.into_items().map(|(_, record)| record));
    }
    Ok(records)
}
