//! Brokers that go away, and brokers that want to know who we are.

use super::{PATIENCE, demo, drafts, now, owner_of, until, whole_ledger};
use crate::log::kafka::testing::{Place, kafka_sh};
use millwright_domain::{
    ports::event_log::{EventLog, LogError},
    reading::Scan,
};
use std::{sync::Arc, time::Duration};

fn scan(number: u64) -> Scan {
    Scan {
        site: "demo".parse().unwrap(),
        device: "plc".parse().unwrap(),
        epoch: 1,
        scan: number,
        scanned_at: now(),
        received_at: now(),
        readings: vec![],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_dies_loses_nothing_that_was_acknowledged_and_work_goes_on() {
    let Some(mut place) = Place::on_its_own_broker().await else { return };
    let dir = place.broker.dir.clone().unwrap();
    place.options.patience = Duration::from_secs(2);
    let log = Arc::new(place.open().await);
    let mut owner = owner_of(&log, &demo()).await;
    owner.commit(drafts(0..3), now()).await.unwrap();
    let before = whole_ledger(&log, &demo(), 10).await;
    kafka_sh(&["kill", &dir, "1"]).await;
    // In doubt: Kafka did not answer. The owner is spent, and what was read is still there.
    let refused = owner.commit(drafts(3..4), now()).await.unwrap_err();
    assert!(matches!(refused, LogError::Unavailable { .. } | LogError::Lost { .. }), "{refused}");
    assert!(matches!(owner.commit(drafts(3..4), now()).await, Err(LogError::Lost { .. })));
    // However often it is asked for again, it is handed over once.
    for _again in 0..2 {
        assert!(matches!(log.append_readings(vec![scan(0)]).await, Err(LogError::Unavailable { .. })));
    }
    assert!(matches!(log.append_readings(vec![scan(7)]).await, Err(LogError::Unavailable { .. })));
    assert_eq!(whole_ledger(&log, &demo(), 10).await, before);
    kafka_sh(&["start", &dir, "1"]).await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut next = loop {
        match log.own(&demo(), "test", now()).await {
            Ok(owner) => break owner,
            Err(cause) => assert!(tokio::time::Instant::now() < deadline, "{cause}"),
        }
    };
    next.commit(drafts(4..5), now()).await.unwrap();
    let after = whole_ledger(&log, &demo(), 10).await;
    assert_eq!((&after[..4], after.last().map(|record| record.seq + 1)), (&before[..], Some(next.tip().next_seq)));
    // The scan that was not acknowledged goes out by itself, before the one that comes now, and whoever asks for it again is answered from that.
    until("readings go out again", || async { log.append_readings(vec![scan(1)]).await.is_ok() }).await;
    let behind_first = log.append_readings(vec![scan(0)]).await.unwrap();
    let head = log.head().await.unwrap();
    let (partition, _) = head.partitions().find(|(partition, _)| partition.to_string().starts_with("readings/")).unwrap();
    assert_eq!((behind_first.next(partition), head.next(partition)), (1, 2));
    let scans: Vec<u64> = log.read_readings(partition, 0, 9).await.unwrap().into_items().map(|(_, scan)| scan.scan).collect();
    assert_eq!(scans, [0, 1]);
    // Answered once: asking for it yet again is a new append.
    assert_eq!(log.append_readings(vec![scan(0)]).await.unwrap().next(partition), 3);
}

#[tokio::test]
async fn a_process_that_has_a_dead_brokers_id_by_now_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let node = dir.path().join("node1");
    std::fs::create_dir(&node).unwrap();
    let mut stranger = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    std::fs::write(node.join("pid"), stranger.id().to_string()).unwrap();
    let dir = dir.path().display().to_string();
    for order in ["pause", "kill", "stop"] {
        kafka_sh(&[order, &dir, "1"]).await;
    }
    kafka_sh(&["wipe", &dir]).await;
    let ended = stranger.try_wait().unwrap();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
    assert_eq!(ended, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_asks_for_a_password_over_tls_is_given_it() {
    let Some(mut place) = Place::fresh().await else { return };
    let Some(dir) = place.broker.dir.clone() else { return };
    place.options.bootstrap = std::fs::read_to_string(format!("{dir}/secure")).unwrap().trim().to_owned();
    place.options.patience = Duration::from_secs(5);
    let mut properties = vec![
        ("security.protocol", "SASL_SSL".to_owned()),
        ("sasl.mechanism", "SCRAM-SHA-512".to_owned()),
        ("sasl.username", "millwright".to_owned()),
        ("sasl.password", "millwright".to_owned()),
        ("ssl.ca.location", format!("{dir}/ca.pem")),
    ];
    place.options.extra = properties.iter().cloned().map(|(property, value)| (property.to_owned(), value)).collect();
    let log = place.open().await;
    owner_of(&log, &demo()).await.commit(drafts(0..3), now()).await.unwrap();
    log.append_readings(vec![scan(0)]).await.unwrap();
    assert_eq!(whole_ledger(&log, &demo(), 10).await.len(), 4);
    log.close().await;
    properties[3].1 = "wrong".into();
    place.options.extra = properties.into_iter().map(|(property, value)| (property.to_owned(), value)).collect();
    assert!(crate::log::kafka::topics::check(&place.options).await.is_err());
}
