//! The shipped scenarios over twenty seeds: every true fault is named by a case, and a healthy hour raises nothing.

use crate::house::{House, demo_plant, shipped_policy, start_of_time};
use chrono::TimeDelta;
use millwright_agents::{
    diagnosis::RuleBook,
    monitor::MonitorSettings,
    watch::{Watch, WatchSettings},
};
use millwright_commands::{AdoptPolicy, DescribePlant};
use millwright_domain::{
    Event,
    ids::{AssetId, CauseId, SignalId},
    ports::event_log::EventLog,
    position::Position,
    reading::{Reading, Scan},
};
use millwright_ingest::simulator::{
    demo::shipped_scenarios,
    record::{Truth, simulate},
};
use std::{collections::BTreeSet, path::Path};

const SEEDS: std::ops::RangeInclusive<u64> = 1..=20;

/// What the simulated plant would have said, and what was really so.
fn recording(scenario: &str, seed: u64, ticks: u64) -> (Vec<Scan>, Vec<Truth>) {
    let scenario = shipped_scenarios().into_iter().find(|known| known.name == scenario).expect("a shipped scenario");
    let mut csv = vec![];
    let truths = simulate(seed, ticks, scenario, &mut csv).expect("a Vec takes every write");
    let text = String::from_utf8(csv).expect("CSV is text");
    let mut lines = text.lines();
    let signals: Vec<SignalId> = lines.next().expect("a header").split(',').skip(1).map(|name| name.parse().expect("a signal")).collect();
    let scans = lines.zip(0..).map(|(line, number)| scan(&signals, line, number)).collect();
    (scans, truths)
}

fn scan(signals: &[SignalId], line: &str, number: u64) -> Scan {
    let at = start_of_time() + TimeDelta::seconds(number as i64 + 1);
    let values = line.split(',').skip(1).map(|value| value.parse().expect("a number"));
    Scan {
        site: "demo".parse().unwrap(),
        device: "plc-1".parse().unwrap(),
        epoch: 1,
        scan: number,
        scanned_at: at,
        received_at: at,
        readings: signals.iter().cloned().zip(values).map(|(signal, value)| Reading::measured(signal, value)).collect(),
    }
}

/// The whole road from readings to cases, on a log of its own.
async fn watched(scans: Vec<Scan>) -> Vec<Event> {
    let folder = tempfile::tempdir().unwrap();
    let house = House::open(folder.path()).await;
    house.ask("svc-settings", DescribePlant { plant: demo_plant() }).await;
    house.ask("svc-settings", AdoptPolicy { policy: shipped_policy() }).await;
    let mut position = Position::default();
    for batch in scans.chunks(1_000) {
        position.merge(&house.log.append_readings(batch.to_vec()).await.expect("appended"));
    }
    let rules = RuleBook::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("config/rules")).expect("the shipped rules");
    let watch = Watch {
        log: house.log.clone(),
        commands: house.commands.clone(),
        clock: house.clock.clone(),
        site: "demo".parse().unwrap(),
        rules: RuleBook::new(rules),
        settings: WatchSettings { monitor: MonitorSettings { learning_s: 600, ..MonitorSettings::default() }, ..WatchSettings::default() },
        snapshot: folder.path().join("monitor.json"),
    };
    watch.catch_up(&position).await.expect("watched");
    let facts = house.facts().await.into_iter().map(|fact| fact.event).collect();
    house.close().await;
    facts
}

fn named(facts: &[Event]) -> BTreeSet<(AssetId, CauseId)> {
    let diagnoses = facts.iter().filter_map(|event| match event {
        Event::DiagnosisRecorded(diagnosis) => Some((diagnosis.asset.clone(), diagnosis.cause.clone())),
        _ => None,
    });
    diagnoses.collect()
}

async fn every_true_fault_is_named(scenario: &str) {
    let mut missed = vec![];
    for seed in SEEDS {
        let (scans, truths) = recording(scenario, seed, 3_600);
        let named = named(&watched(scans).await);
        let faults: BTreeSet<(AssetId, CauseId)> =
            truths.into_iter().filter(|(_, truth)| truth.severity > 0.0).map(|(_, truth)| (truth.asset, truth.fault)).collect();
        assert!(!faults.is_empty(), "the scenario has faults");
        missed.extend(faults.difference(&named).map(|fault| format!("seed {seed}: {fault:?} was not named, but {named:?}")));
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_chronic_wear_is_named_by_a_case() {
    every_true_fault_is_named("chronic_wear").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sudden_clog_and_the_drifting_sensor_are_each_named_by_a_case() {
    every_true_fault_is_named("clog_and_sensor_drift").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_hour_raises_no_alert() {
    let mut raised = vec![];
    for seed in SEEDS {
        let (scans, _) = recording("normal", seed, 3_600);
        let alerts = watched(scans).await.into_iter().filter_map(|event| match event {
            Event::AlertRaised(alert) => Some(format!("seed {seed}: {alert:?}")),
            _ => None,
        });
        raised.extend(alerts);
    }
    assert!(raised.is_empty(), "{}", raised.join("\n"));
}
