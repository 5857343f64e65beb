//! A disk that is full, or fails to sync: the writer stops with a clear error, and goes on after a restart.

use crate::{
    load::{Load, acknowledged, judge},
    plant::{at, drafts, ledger, open, scan, scans, site},
    recorder::{lines_said, record},
};
use millwright_domain::ports::event_log::{EventLog, LogError};
use millwright_infra::{EmbeddedLog, EmbeddedOptions};
use rand::{Rng, SeedableRng, rngs::StdRng};

const SEED: u64 = 7;

fn small_disk() -> EmbeddedOptions {
    EmbeddedOptions { max_file_bytes: Some(400 << 10), ..EmbeddedOptions::default() }
}

#[tokio::test]
async fn a_ledger_out_of_room_refuses_everything_until_it_is_opened_with_more() {
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(dir.path(), small_disk()).unwrap();
    let mut owner = log.own(&site("demo"), "test", at(0)).await.unwrap();
    let mut next = 0;
    let refused = loop {
        match owner.commit(drafts(next..next + 500), at(1)).await {
            Ok(_records) => next += 500,
            Err(refused) => break refused,
        }
    };
    assert!(matches!(refused, LogError::Storage { .. }) && refused.to_string().contains("check free space"), "{refused}");
    assert!(matches!(owner.commit(drafts(next..next + 1), at(1)).await, Err(LogError::Lost { .. })));
    assert!(matches!(log.own(&site("demo"), "test", at(1)).await, Err(LogError::Storage { .. })));
    assert!(matches!(log.own(&site("other"), "test", at(1)).await, Err(LogError::Storage { .. })));
    log.append_readings(vec![scan("plc", 0)]).await.expect("the readings have a file and a writer of their own");
    assert_eq!(ledger(&log, &site("demo")).await.unwrap().len() as u64, next + 1);
    log.close().await;
    let log = open(dir.path()).unwrap();
    assert_eq!(ledger(&log, &site("demo")).await.unwrap().len() as u64, next + 1);
    log.own(&site("demo"), "test", at(2)).await.unwrap().commit(drafts(next..next + 500), at(2)).await.unwrap();
}

#[tokio::test]
async fn readings_out_of_room_never_stop_a_decision() {
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(dir.path(), small_disk()).unwrap();
    let mut next = 0;
    while log.append_readings((next..next + 1000).map(|number| scan("plc", number)).collect()).await.is_ok() {
        next += 1000;
    }
    assert!(matches!(log.append_readings(vec![scan("plc", next)]).await, Err(LogError::Storage { .. })));
    log.own(&site("demo"), "test", at(0)).await.unwrap().commit(drafts(0..1), at(1)).await.unwrap();
    log.close().await;
    let log = open(dir.path()).unwrap();
    assert_eq!(scans(&log).await.unwrap().len() as u64, next);
    log.append_readings(vec![scan("plc", next)]).await.unwrap();
    assert_eq!(scans(&log).await.unwrap().last().unwrap().scan, next);
}

/// Runs children under the fault until each lane has refused; what was acknowledged is there, and a healthy child goes on from it.
async fn survives(fault: &str, amounts: impl Iterator<Item = u64>) {
    let mut refusals = 0;
    for amount in amounts {
        let dir = tempfile::tempdir().unwrap();
        let load = Load { dir: &dir.path().join("log"), seed: SEED, steps: Some(20), synchronous: true };
        let recorded = record(load.command(), load.dir, &[(fault, amount.to_string())]);
        assert!(recorded.status.success(), "{fault}={amount}: the child should refuse, not fail");
        let lines = lines_said(&recorded.entries);
        let refused: Vec<&String> = lines.iter().filter(|line| line.starts_with("refused")).collect();
        assert!(refused.iter().all(|line| line.contains("check free space and permissions, then start again")), "{refused:?}");
        refusals += usize::from(!refused.is_empty());
        let before = acknowledged(lines);
        judge(load.dir, &before).await.unwrap_or_else(|why| panic!("{fault}={amount} (seed {SEED}): {why}"));
        let healthy = record(load.command(), load.dir, &[]);
        let after = acknowledged(lines_said(&healthy.entries));
        assert!(after.len() == 5 && before.iter().all(|(name, count)| after[name] > *count), "{fault}={amount}: {before:?} then {after:?}");
        judge(load.dir, &after).await.unwrap_or_else(|why| panic!("{fault}={amount}, after the restart (seed {SEED}): {why}"));
    }
    assert!(refusals >= 3, "only {refusals} children met the fault");
}

#[tokio::test]
async fn a_failing_sync_stops_the_writer_and_a_restart_goes_on() {
    let mut chance = StdRng::seed_from_u64(SEED);
    survives("RECORDER_FAIL_SYNC", (0..6).map(|_| chance.random_range(1..70))).await;
}

#[tokio::test]
async fn a_full_disk_stops_the_writer_and_a_restart_with_room_goes_on() {
    let mut chance = StdRng::seed_from_u64(SEED);
    survives("RECORDER_FULL", (0..6).map(|_| chance.random_range(1..1_500_000))).await;
}
