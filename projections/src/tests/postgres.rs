//! What only a server can do: be killed in the middle of a batch, and hold less than a text may.

use super::{Bench, on_both, recorded};
use crate::{
    Window,
    audit::{self, AuditFilter},
    open_cases,
    testing::{MemoryLog, Recorder, postgres::Server, road},
};
use chrono::TimeDelta;
use millwright_domain::{Timestamp, case::Outcome, envelope::StreamId, ports::event_log::EventLog, position::Position};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(60);

on_both!(a_text_that_postgres_cannot_hold_stops_nothing);

async fn a_text_that_postgres_cannot_hold_stops_nothing(bench: &Bench) {
    let (log, mut recorder) = recorded();
    let mut alert = road::alert(recorder.now());
    alert.detector = "dri\0ft".into();
    recorder.record(StreamId::case(road::case(7)), "svc-monitor", alert);
    let projections = bench.caught_up(&log).await;
    let case = open_cases::find(&projections.ledger(), road::case(7)).await.unwrap().unwrap();
    assert!(case.detector.unwrap().starts_with("dri"));
    let filter = AuditFilter { stream: Some(StreamId::case(road::case(7)).to_string()), ..AuditFilter::default() };
    assert_eq!(audit::page(&projections.ledger(), &filter, &Window::first(10)).await.unwrap().rows.len(), 1);
    let kept = projections.digests().await.unwrap();
    assert_eq!(projections.rebuild(&log).await.unwrap().digests, kept);
}

/// More facts than are taken in at once, and scans beside them.
async fn a_lot(log: &MemoryLog, recorder: &mut Recorder, cases: std::ops::Range<u32>) -> Position {
    for number in cases.clone() {
        let proposal = road::awaiting(recorder, road::case(number));
        road::finished(recorder, road::case(number), &proposal, Outcome::Repaired);
    }
    let start = Timestamp::from_secs(1_700_000_000);
    let scan = |number: u32| road::scan(number.into(), start + TimeDelta::seconds(number.into()), f64::from(number));
    log.append_readings(cases.map(scan).collect()).await.unwrap();
    log.head().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_in_the_middle_of_a_batch_loses_and_doubles_nothing() {
    let Some(server) = Server::start() else { return };
    let bench = Bench::on(&server.url);
    let log = MemoryLog::default();
    let mut recorder = Recorder::on(&log, &road::site());
    road::described(&mut recorder);
    let (projections, stop) = (bench.open().await, CancellationToken::new());
    let running = tokio::spawn({
        let (projections, log, stop) = (projections.clone(), Arc::new(log.clone()), stop.clone());
        async move { projections.run(log, stop).await }
    });
    for kill in 0..2 {
        let before = log.head().await.unwrap();
        let head = a_lot(&log, &mut recorder, kill * 900..(kill + 1) * 900).await;
        let begun = Position::at(recorder.partition.clone(), before.next(&recorder.partition) + 1);
        projections.reached(&begun, SOON).await.unwrap();
        server.kill();
        assert!(!projections.position().covers(&head), "it was killed with work before it");
        server.start_again();
        projections.reached(&head, SOON).await.unwrap();
        assert_eq!(projections.trouble(), None);
    }
    stop.cancel();
    running.await.unwrap().unwrap();
    let said = (projections.digests().await.unwrap(), projections.readings_digest().await.unwrap());
    assert_eq!(projections.rebuild(&log).await.unwrap().digests, said.0);
    assert_eq!(projections.rebuild_readings(&log).await.unwrap().digests, [("readings", said.1)]);
    drop(projections);
    server.wipe();
}
