//! Following the log: poison parked, unknown facts counted, restarts, versions, rebuilds, waiting.

use super::{Bench, on_both, recorded};
use crate::{
    Window,
    audit::{self, AuditFilter},
    open_cases,
    testing::{MemoryLog, Recorder, road},
};
use millwright_domain::{Event, case::ActionCompleted, envelope::StreamId, ports::event_log::EventLog, position::Position};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

on_both!(
    lag_and_parked_streams_are_measured,
    a_fact_that_cannot_be_read_stops_its_stream_and_nothing_else,
    a_fact_that_makes_no_sense_stops_its_stream_too,
    facts_of_unknown_types_are_counted_and_skipped,
    ones_own_write_is_seen_once_its_position_is_reached,
    a_failed_write_is_made_good_once_writing_works_again,
);

const SOON: Duration = Duration::from_secs(20);

async fn a_fact_that_cannot_be_read_stops_its_stream_and_nothing_else(bench: &Bench) {
    let (log, recorder) = recorded();
    let record = log.read_ledger(&recorder.partition, 0, 100).await.unwrap().into_items().last().unwrap().1;
    // The last fact of case 2 once more, as a fact of case 3 whose data is of no known shape.
    let broken = String::from_utf8(record.bytes)
        .unwrap()
        .replace(&road::case(2).to_string(), &road::case(3).to_string())
        .replace("\"binding\"", "\"bonding\"");
    log.record_bytes(&recorder.partition, broken.clone().into_bytes());
    log.record_bytes(&recorder.partition, broken.into_bytes());
    log.record_bytes(&recorder.partition, b"no json at all".to_vec());
    let mut recorder = recorder;
    road::awaiting(&mut recorder, road::case(4));
    let projections = bench.caught_up(&log).await;
    let parked = projections.parked();
    let cases: Vec<_> = parked.iter().filter(|parked| parked.projection == "open_cases").collect();
    let [case] = &cases[..] else { panic!("{parked:?}") };
    assert_eq!((case.stream.as_str(), case.kind.as_str(), case.skipped), (StreamId::case(road::case(3)).as_str(), "ActionProposed", 1));
    assert!(case.reason.contains("missing field"), "{}", case.reason);
    assert!(open_cases::find(&projections.ledger(), road::case(4)).await.unwrap().is_some(), "other streams go on");
    assert_eq!(audit::counts(&projections.ledger()).await.unwrap().unreadable, 3);
    drop(projections);
    let again = bench.open().await;
    assert_eq!(again.parked().len(), parked.len(), "still parked after a restart");
}

async fn a_fact_that_makes_no_sense_stops_its_stream_too(bench: &Bench) {
    let (log, mut recorder) = recorded();
    let never_proposed = ActionCompleted { action: road::action_of(road::case(9)), read_back: None, sent: None };
    recorder.record(StreamId::case(road::case(2)), "svc-executor", never_proposed.clone());
    recorder.record(StreamId::case(road::case(8)), "svc-executor", never_proposed);
    let projections = bench.caught_up(&log).await;
    let mut parked: Vec<(String, String)> = projections.parked().into_iter().map(|parked| (parked.projection, parked.stream)).collect();
    parked.sort();
    let (second, eighth) = (StreamId::case(road::case(2)).to_string(), StreamId::case(road::case(8)).to_string());
    let mut expected = vec![("actions".to_string(), second), ("actions".into(), eighth.clone()), ("open_cases".into(), eighth)];
    expected.sort();
    assert_eq!(parked, expected);
}

async fn facts_of_unknown_types_are_counted_and_skipped(bench: &Bench) {
    let (log, mut recorder) = recorded();
    let unknown = Event::Unknown { kind: "MoonPhaseRecorded".into(), schema: 3, data: serde_json::json!({ "phase": "full" }) };
    recorder.record(StreamId::case(road::case(2)), "svc-moon", unknown);
    let projections = bench.caught_up(&log).await;
    assert_eq!((audit::counts(&projections.ledger()).await.unwrap().unknown, projections.parked().len()), (1, 0));
    let filter = AuditFilter { kind: Some("MoonPhaseRecorded".into()), ..AuditFilter::default() };
    let shown = audit::page(&projections.ledger(), &filter, &Window::first(1)).await.unwrap();
    assert_eq!(shown.rows[0].1.summary, "MoonPhaseRecorded of schema 3, which this program does not know");
}

async fn ones_own_write_is_seen_once_its_position_is_reached(bench: &Bench) {
    let log = MemoryLog::default();
    let projections = bench.caught_up(&log).await;
    let shutdown = CancellationToken::new();
    let running = tokio::spawn({
        let (projections, log, shutdown) = (projections.clone(), Arc::new(log.clone()), shutdown.clone());
        async move { projections.run(log, shutdown).await }
    });
    let mut changes = projections.subscribe();
    let mut recorder = Recorder::on(&log, &road::site());
    road::described(&mut recorder);
    road::awaiting(&mut recorder, road::case(1));
    let head = log.head().await.unwrap();
    projections.reached(&head, SOON).await.unwrap();
    assert!(open_cases::find(&projections.ledger(), road::case(1)).await.unwrap().is_some());
    let mut told = Position::default();
    while !told.covers(&head) {
        told.merge(&tokio::time::timeout(SOON, changes.recv()).await.unwrap().unwrap().position);
    }
    let beyond = Position::at(recorder.partition.clone(), 1_000);
    assert_eq!(projections.reached(&beyond, Duration::ZERO).await.unwrap_err().reached, head);
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

async fn a_failed_write_is_made_good_once_writing_works_again(bench: &Bench) {
    let (log, mut recorder) = recorded();
    let projections = bench.caught_up(&log).await;
    road::awaiting(&mut recorder, road::case(3));
    bench.tamper("ALTER TABLE case_timeline RENAME TO taken_away").await;
    let failed = projections.catch_up(&log).await.unwrap_err();
    assert!(failed.to_string().contains("ledger"), "{failed}");
    assert!(open_cases::find(&projections.ledger(), road::case(3)).await.unwrap().is_none(), "nothing of the batch is there");
    bench.tamper("ALTER TABLE taken_away RENAME TO case_timeline").await;
    projections.catch_up(&log).await.unwrap();
    let before = projections.digests().await.unwrap();
    assert_eq!(projections.rebuild(&log).await.unwrap().digests, before);
}

/// Gauges as an exporter would see them.
#[derive(Default)]
struct Gauges(Arc<Mutex<BTreeMap<String, f64>>>);

struct Gauge(String, Arc<Mutex<BTreeMap<String, f64>>>);

impl metrics::GaugeFn for Gauge {
    fn increment(&self, by: f64) {
        *self.1.lock().unwrap().entry(self.0.clone()).or_default() += by;
    }
    fn decrement(&self, by: f64) {
        self.increment(-by);
    }
    fn set(&self, to: f64) {
        self.1.lock().unwrap().insert(self.0.clone(), to);
    }
}

impl metrics::Recorder for Gauges {
    fn describe_counter(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_gauge(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn describe_histogram(&self, _: metrics::KeyName, _: Option<metrics::Unit>, _: metrics::SharedString) {}
    fn register_counter(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        metrics::Counter::noop()
    }
    fn register_gauge(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        let labels: Vec<String> = key.labels().map(|label| format!("{{{}={}}}", label.key(), label.value())).collect();
        metrics::Gauge::from_arc(Arc::new(Gauge(format!("{}{}", key.name(), labels.concat()), self.0.clone())))
    }
    fn register_histogram(&self, _: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Histogram {
        metrics::Histogram::noop()
    }
}

async fn lag_and_parked_streams_are_measured(bench: &Bench) {
    let (log, mut recorder) = recorded();
    let projections = bench.caught_up(&log).await;
    recorder.record(
        StreamId::case(road::case(8)),
        "svc-executor",
        ActionCompleted { action: road::action_of(road::case(9)), read_back: None, sent: None },
    );
    let gauges = Gauges::default();
    let lag = format!("millwright_projection_lag_records{{partition={}}}", recorder.partition);
    let seen = |gauges: &Gauges| gauges.0.lock().unwrap().clone();
    *crate::projections::write(&projections.inner.head) = log.head().await.unwrap();
    metrics::with_local_recorder(&gauges, || projections.show_lag());
    assert_eq!(seen(&gauges).get(&lag), Some(&1.0));
    projections.catch_up(&log).await.unwrap();
    metrics::with_local_recorder(&gauges, || projections.show_lag());
    assert_eq!(seen(&gauges).get(&lag), Some(&0.0));
    assert_eq!(seen(&gauges).get("millwright_projection_parked_streams"), Some(&(projections.parked().len() as f64)));
    assert!(!projections.parked().is_empty());
}
