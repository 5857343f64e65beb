//! The promises about readings, and about both lanes together: order by device, positions, waking, many tasks at once.

use super::{Engine, PATIENCE, all_scans, at, demo, drafts, numbers, owner_of, scan, whole_ledger};
use millwright_domain::{
    position::{PartitionId, Position},
    reading::{LastScan, Scan},
};
use std::collections::HashMap;

pub async fn readings_of_one_device_keep_their_order<E: Engine>() {
    let mut engine = E::fresh().await;
    let sent: Vec<Scan> = (0..60).flat_map(|number| ["plc-1", "plc-2", "plc-3"].map(|device| scan(device, number))).collect();
    for part in sent.chunks(25) {
        engine.log().append_readings(part.to_vec()).await.unwrap();
    }
    for _run in 0..2 {
        let mut by_device = HashMap::<String, Vec<u64>>::new();
        for scan in all_scans(&engine.log()).await {
            by_device.entry(scan.device.to_string()).or_default().push(scan.scan);
        }
        assert_eq!(by_device.len(), 3);
        assert!(by_device.values().all(|numbers| *numbers == (0..60).collect::<Vec<_>>()));
        engine.restart().await;
    }
}

pub async fn scans_sent_twice_are_told_apart_by_the_fold<E: Engine>() {
    let engine = E::fresh().await;
    for number in [0, 1, 1, 2, 2, 2, 3] {
        engine.log().append_readings(vec![scan("plc", number)]).await.unwrap();
    }
    let mut last = LastScan::default();
    let seen = all_scans(&engine.log()).await.into_iter().filter(|scan| last.admits(scan));
    assert_eq!(seen.map(|scan| scan.scan).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

pub async fn readings_and_decisions_do_not_share_seqs<E: Engine>() {
    let engine = E::fresh().await;
    let mut owner = owner_of(&engine.log(), &demo()).await;
    for number in 0..5 {
        engine.log().append_readings(vec![scan("plc", number)]).await.unwrap();
        owner.commit(drafts(number..number + 1), at(1)).await.unwrap();
    }
    assert_eq!(owner.tip().next_seq, 6);
    assert_eq!(numbers(&whole_ledger(&engine.log(), &demo()).await), [0, 1, 2, 3, 4]);
    assert_eq!(all_scans(&engine.log()).await.len(), 5);
}

pub async fn an_append_returns_the_position_behind_itself<E: Engine>() {
    let engine = E::fresh().await;
    let first = engine.log().append_readings(vec![scan("plc", 0)]).await.unwrap();
    let second = engine.log().append_readings(vec![scan("plc", 1), scan("plc", 2)]).await.unwrap();
    assert!(second.covers(&first) && !first.covers(&second));
    let (partition, next) = first.partitions().next().map(|(partition, next)| (partition.clone(), next)).unwrap();
    let read = engine.log().read_readings(&partition, next, 10).await.unwrap();
    assert_eq!(read.into_items().map(|(_, scan)| scan.scan).collect::<Vec<_>>(), [1, 2]);
}

pub async fn whoever_waits_past_a_position_is_woken_by_a_commit<E: Engine>() {
    let engine = E::fresh().await;
    let mut owner = owner_of(&engine.log(), &demo()).await;
    for lane in ["ledger", "readings"] {
        let seen = engine.log().head().await.unwrap();
        let waiting = tokio::spawn({
            let (log, seen) = (engine.log(), seen.clone());
            async move { log.past(&seen).await.unwrap() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        match lane {
            "ledger" => drop(owner.commit(drafts(0..1), at(1)).await.unwrap()),
            _ => drop(engine.log().append_readings(vec![scan("plc", 0)]).await.unwrap()),
        }
        let head = tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap();
        assert!(!seen.covers(&head), "{head} is past {seen}");
    }
}

pub async fn whoever_waits_past_an_old_position_does_not_wait<E: Engine>() {
    let mut engine = E::fresh().await;
    drop(owner_of(&engine.log(), &demo()).await);
    for _run in 0..2 {
        let head = tokio::time::timeout(PATIENCE, engine.log().past(&Position::default())).await.unwrap().unwrap();
        assert_eq!(head.next(&demo()), 1);
        engine.restart().await;
    }
}

pub async fn many_tasks_at_once_lose_and_repeat_nothing<E: Engine>() {
    let engine = E::fresh().await;
    let sites: Vec<PartitionId> = (0..8).map(|number| format!("ledger/site-{number}").parse().unwrap()).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for (number, site) in sites.iter().cloned().enumerate() {
        let log = engine.log();
        tasks.spawn(async move {
            let mut owner = owner_of(&log, &site).await;
            for step in 0..25 {
                owner.commit(drafts(step * 2..step * 2 + 2), at(1)).await.unwrap();
                log.append_readings(vec![scan(&format!("plc-{number}"), step)]).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    for site in &sites {
        assert_eq!(numbers(&whole_ledger(&engine.log(), site).await), (0..50).collect::<Vec<_>>());
    }
    let mut last = HashMap::<String, u64>::new();
    for scan in all_scans(&engine.log()).await {
        let expected = last.entry(scan.device.to_string()).or_default();
        assert_eq!(scan.scan, *expected);
        *expected += 1;
    }
    assert!(last.len() == 8 && last.values().all(|count| *count == 25));
}
