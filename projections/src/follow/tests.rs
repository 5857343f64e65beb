//! What following leaves alone: what a simulator really did, which is the evaluation's, and what is another program's to fold.

use crate::{
    testing::{Recorder, road},
    tests::{Bench, on_both, recorded},
};
use millwright_domain::{
    Timestamp,
    envelope::StreamId,
    ports::event_log::EventLog,
    position::{PartitionId, Position},
    site::GroundTruthMarked,
};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

on_both!(what_the_simulator_did_is_never_read, what_was_not_written_when_the_turn_went_is_left_to_the_next);

async fn what_the_simulator_did_is_never_read(bench: &Bench) {
    let (log, _) = recorded();
    let truth = PartitionId::truth(&road::site());
    let marked = GroundTruthMarked { asset: "pump-1".parse().unwrap(), fault: "bearing_wear".parse().unwrap(), severity: 0.5 };
    Recorder::at(&log, truth.clone()).record(StreamId::truth(), "svc-simulator", marked);
    let projections = bench.caught_up(&log).await;
    let (log_seen, shutdown) = (Arc::new(log.clone()), CancellationToken::new());
    let running = tokio::spawn({
        let (projections, shutdown) = (projections.clone(), shutdown.clone());
        async move { projections.run(log_seen, shutdown).await }
    });
    projections.reached(&log.head().await.unwrap(), Duration::from_secs(20)).await.unwrap();
    shutdown.cancel();
    running.await.unwrap().unwrap();
    assert!(!log.asked_for().contains(&truth));
    assert!(projections.lag().iter().all(|lag| !lag.partition.is_truth()));
}

async fn what_was_not_written_when_the_turn_went_is_left_to_the_next(bench: &Bench) {
    let (log, _) = recorded();
    let projections = bench.caught_up(&log).await;
    log.append_readings(vec![road::scan(0, Timestamp::from_secs(1_700_000_040), 1.0)]).await.unwrap();
    let lane = PartitionId::readings(0);
    assert!(projections.inner.readings_fold.lock().await.step(&log, &lane, 1).await.unwrap());
    assert!(projections.inner.readings_fold.lock().await.due().is_some());
    projections.look_at_readings().await.unwrap();
    assert!(projections.inner.readings_fold.lock().await.due().is_none(), "nothing is left to be written");
    projections.catch_up(&log).await.unwrap();
    assert!(projections.position().covers(&Position::at(lane, 1)), "and whoever has the turn folds it, from where the tables stand");
}
