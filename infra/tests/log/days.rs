//! Readings by the day: a file each, seq across them, and retention that drops files.

use crate::plant::{at, open, scan, scans};
use chrono::TimeDelta;
use millwright_domain::{Now, ports::event_log::EventLog, position::PartitionId};
use millwright_infra::{EmbeddedLog, EmbeddedOptions, ManualClock, log::embedded::verify::verify_readings};
use std::{path::Path, sync::Arc};

fn opened(dir: &Path, clock: &ManualClock, retention_days: Option<u32>) -> EmbeddedLog {
    let options = EmbeddedOptions { retention_days, readings_partitions: 2, clock: Arc::new(clock.clone()), ..EmbeddedOptions::default() };
    EmbeddedLog::open(dir, options).unwrap()
}
fn clock() -> ManualClock {
    ManualClock::at(Now::both(at(0)))
}
fn files(dir: &Path) -> Vec<String> {
    let names = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut days: Vec<String> = names.filter(|name| name.starts_with("readings-")).collect();
    days.sort();
    days
}
async fn numbers(log: &EmbeddedLog) -> Vec<u64> {
    scans(log).await.unwrap().iter().map(|scan| scan.scan).collect()
}

#[tokio::test]
async fn a_new_day_begins_a_new_file_and_seq_goes_on() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), clock());
    for number in 0..6 {
        // Every other day the log is closed and opened in between.
        let log = opened(dir.path(), &clock, None);
        log.append_readings(vec![scan("plc", number * 2)]).await.unwrap();
        clock.advance(TimeDelta::days(1));
        log.append_readings(vec![scan("plc", number * 2 + 1)]).await.unwrap();
        assert_eq!(numbers(&log).await, (0..number * 2 + 2).collect::<Vec<_>>());
        log.close().await;
    }
    let days = ["14", "15", "16", "17", "18", "19", "20"].map(|day| format!("readings-2023-11-{day}.db"));
    assert_eq!(files(dir.path()).into_iter().filter(|name| name.ends_with(".db")).collect::<Vec<_>>(), days);
    assert_eq!(verify_readings(dir.path(), &mut |_| {}).unwrap().findings, []);
}

#[tokio::test]
async fn retention_drops_files_and_reading_moves_up_to_the_first_kept() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), clock());
    let log = opened(dir.path(), &clock, Some(3));
    for number in 0..10 {
        log.append_readings(vec![scan("plc", number)]).await.unwrap();
        clock.advance(TimeDelta::days(1));
    }
    assert_eq!(numbers(&log).await, [7, 8, 9]);
    let partition = log.head().await.unwrap().partitions().next().unwrap().0.clone();
    assert_eq!(log.read_readings(&partition, 0, 1).await.unwrap().iter().next().unwrap().0, 7);
    log.close().await;
    assert_eq!(files(dir.path()).iter().filter(|name| name.ends_with(".db")).count(), 3);
    assert_eq!(numbers(&opened(dir.path(), &clock, Some(3))).await, [7, 8, 9]);
    assert_eq!(verify_readings(dir.path(), &mut |_| {}).unwrap().findings, []);
}

#[tokio::test]
async fn a_partition_whose_files_are_all_dropped_keeps_its_place() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), clock());
    let log = opened(dir.path(), &clock, Some(1));
    let quiet = log.append_readings(vec![scan("plc-quiet", 0)]).await.unwrap();
    let (partition, next) = quiet.partitions().map(|(partition, next)| (partition.clone(), next)).next().unwrap();
    let busy = (0..).map(|number| format!("plc-busy-{number}")).find(|name| home(name) != home("plc-quiet")).unwrap();
    for number in 0..3 {
        clock.advance(TimeDelta::days(1));
        log.append_readings(vec![scan(&busy, number)]).await.unwrap();
    }
    log.close().await;
    let log = opened(dir.path(), &clock, Some(1));
    assert_eq!(log.append_readings(vec![scan("plc-quiet", 1)]).await.unwrap().next(&partition), next + 1);
    assert_eq!(log.read_readings(&partition, 0, 10).await.unwrap().into_items().map(|(seq, scan)| (seq, scan.scan)).collect::<Vec<_>>(), [(1, 1)]);
}

/// The partition of two that a device's scans go to.
fn home(device: &str) -> PartitionId {
    PartitionId::readings(crc32c::crc32c(format!("demo/{device}").as_bytes()) % 2)
}

#[tokio::test]
async fn a_clock_that_jumps_drops_no_more_than_a_day_and_loses_nothing() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), clock());
    let log = opened(dir.path(), &clock, Some(3));
    for number in 0..4 {
        log.append_readings(vec![scan("plc", number)]).await.unwrap();
        clock.advance(TimeDelta::days(1));
    }
    clock.advance(TimeDelta::days(20_000));
    log.append_readings(vec![scan("plc", 4)]).await.unwrap();
    clock.set(Now::both(at(0)));
    log.append_readings(vec![scan("plc", 5)]).await.unwrap();
    assert_eq!(numbers(&log).await, [2, 3, 4, 5]);
}

#[tokio::test]
async fn a_reader_beside_the_writer_follows_it_into_the_next_day() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), clock());
    let log = opened(dir.path(), &clock, Some(2));
    log.append_readings(vec![scan("plc", 0)]).await.unwrap();
    let reader = EmbeddedLog::open_read_only(dir.path()).unwrap();
    for number in 1..5 {
        let seen = reader.head().await.unwrap();
        clock.advance(TimeDelta::days(1));
        log.append_readings(vec![scan("plc", number)]).await.unwrap();
        reader.past(&seen).await.unwrap();
        assert_eq!(numbers(&reader).await, [number - 1, number]);
    }
}

#[tokio::test]
async fn a_reader_whose_file_is_dropped_under_its_hands_goes_on_with_the_next() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), clock());
    let log = opened(dir.path(), &clock, None);
    for number in 0..3 {
        log.append_readings(vec![scan("plc", number)]).await.unwrap();
        clock.advance(TimeDelta::days(1));
    }
    log.close().await;
    // It knows three files and has opened only the newest.
    let reader = EmbeddedLog::open_read_only(dir.path()).unwrap();
    for name in files(dir.path()).into_iter().filter(|name| name.starts_with("readings-2023-11-14")) {
        std::fs::remove_file(dir.path().join(name)).unwrap();
    }
    assert_eq!(numbers(&reader).await, [1, 2]);
}

#[tokio::test]
async fn an_older_file_that_was_shortened_is_refused_when_it_is_read() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), clock());
    let log = opened(dir.path(), &clock, None);
    for number in 0..6 {
        log.append_readings(vec![scan("plc", number)]).await.unwrap();
        clock.advance(TimeDelta::hours(8));
    }
    log.close().await;
    let second = rusqlite::Connection::open(dir.path().join("readings-2023-11-15.db")).unwrap();
    assert_eq!(second.execute("DELETE FROM batches WHERE base_seq > 1", []).unwrap(), 2);
    let refused = scans(&opened(dir.path(), &clock, None)).await.unwrap_err();
    assert!(refused.to_string().contains("readings-2023-11-15.db, readings/") && refused.to_string().contains("seq 2"), "{refused}");
    let findings = verify_readings(dir.path(), &mut |_| {}).unwrap().findings;
    assert!(findings.len() == 1 && findings[0].seq == 2, "{findings:?}");
}

#[tokio::test]
async fn a_file_that_was_never_finished_is_no_hindrance() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).unwrap().append_readings(vec![scan("plc", 0)]).await.unwrap();
    for rest in ["ledger.new", "ledger.new-wal", "readings-2099-01-01.new", "readings-2099-01-01.db-wal"] {
        std::fs::write(dir.path().join(rest), b"half a file").unwrap();
    }
    let log = open(dir.path()).unwrap();
    log.append_readings(vec![scan("plc", 1)]).await.unwrap();
    assert_eq!(numbers(&log).await, [0, 1]);
}
