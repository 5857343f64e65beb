//! What a simulator really did is left alone: it is the evaluation's, and nobody who shows or detects may see it.

use crate::{
    testing::{Recorder, road},
    tests::{Bench, on_both, recorded},
};
use millwright_domain::{envelope::StreamId, ports::event_log::EventLog, position::PartitionId, site::GroundTruthMarked};
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

on_both!(what_the_simulator_did_is_never_read,);

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
