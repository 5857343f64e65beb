//! How fast folding is. Figures are printed, not judged: the machine is shared and the build may be unoptimised.

use super::Bench;
use crate::testing::{MemoryLog, Recorder, road};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    case::Outcome,
    ids::DeviceId,
    ports::event_log::EventLog,
    reading::{Reading, Scan},
};
use std::time::Instant;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: folds 50,000 facts and 1,600,000 readings"]
async fn folding_speed() {
    fold("sqlite", Bench::sqlite()).await;
    if let Some(bench) = Bench::postgres() {
        fold("postgres", bench).await;
    }
}

async fn fold(engine: &str, bench: Bench) {
    let log = MemoryLog::default();
    let mut recorder = Recorder::on(&log, &road::site());
    road::described(&mut recorder);
    for number in 0..4_200 {
        let proposal = road::awaiting(&mut recorder, road::case(number));
        road::finished(&mut recorder, road::case(number), &proposal, Outcome::Repaired);
    }
    let facts = log.head().await.unwrap().next(&recorder.partition);
    let projections = bench.open().await;
    let begun = Instant::now();
    projections.catch_up(&log).await.unwrap();
    println!("{engine}: following: {:.0} facts a second", facts as f64 / begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    projections.rebuild(&log).await.unwrap();
    println!("{engine}: rebuild, compared and swapped: {:.0} facts a second", facts as f64 / begun.elapsed().as_secs_f64());

    log.append_readings(scans(100, 2_000)).await.unwrap();
    let begun = Instant::now();
    projections.catch_up(&log).await.unwrap();
    println!("{engine}: readings: {:.0} readings a second", 1_600_000.0 / begun.elapsed().as_secs_f64());
    bench.clean().await;
}

/// Eight signals a device, ten scans a second.
fn scans(devices: usize, each: u64) -> Vec<Scan> {
    let start = Timestamp::from_secs(1_700_000_000);
    let names: Vec<(DeviceId, Vec<Reading>)> = (0..devices).map(|device| (format!("plc-{device}").parse().unwrap(), readings(device))).collect();
    let scan = |number: u64, (device, readings): &(DeviceId, Vec<Reading>)| {
        let at = start + TimeDelta::milliseconds(number as i64 * 100);
        Scan { device: device.clone(), readings: readings.clone(), ..road::scan(number, at, 0.0) }
    };
    (0..each).flat_map(|number| names.iter().map(move |name| scan(number, name))).collect()
}

fn readings(device: usize) -> Vec<Reading> {
    (0..8).map(|signal| Reading::measured(format!("pump-{device}/s{signal}").parse().unwrap(), 10.0 + signal as f64)).collect()
}
