//! The promises about decisions: order, chain, epochs, whole commits, and reading what is durable.

use super::{Engine, PATIENCE, all_scans, at, demo, drafts, facts, numbers, owner_of, scan, whole_ledger};
use crate::log::audit::ChainAudit;
use millwright_domain::{
    Event, Timestamp,
    chain::{ChainTip, Hash, StoredRecord, link},
    codec,
    envelope::StreamId,
    ports::event_log::LogError,
    position::{PartitionId, Position},
};
use std::collections::BTreeMap;

pub async fn seq_is_dense_and_in_the_order_of_commits<E: Engine>() {
    let engine = E::fresh().await;
    let mut owner = owner_of(&engine.log(), &demo()).await;
    let mut committed = Vec::new();
    for (from, to) in [(0, 1), (1, 40), (40, 42)] {
        committed.extend(owner.commit(drafts(from..to), at(1)).await.unwrap());
    }
    let read = whole_ledger(&engine.log(), &demo()).await;
    assert_eq!(read.iter().map(|record| record.seq).collect::<Vec<_>>(), (0..43).collect::<Vec<_>>());
    assert_eq!(read[1..], committed, "the bytes and hashes that commit returned are those that are read");
    assert_eq!(numbers(&read), (0..42).collect::<Vec<_>>());
}

pub async fn records_chain_from_nothing_to_the_tip<E: Engine>() {
    let mut engine = E::fresh().await;
    let mut owner = owner_of(&engine.log(), &demo()).await;
    owner.commit(drafts(0..5), at(1)).await.unwrap();
    drop(owner);
    engine.restart().await;
    let mut owner = owner_of(&engine.log(), &demo()).await;
    owner.commit(drafts(5..9), at(2)).await.unwrap();
    let mut hash = Hash::default();
    for record in whole_ledger(&engine.log(), &demo()).await {
        hash = link(hash, record.seq, &record.bytes);
        assert_eq!(record.hash, hash, "seq {}", record.seq);
    }
    assert_eq!(owner.tip(), ChainTip { next_seq: 11, hash, recorded_at: at(2), epoch: 2 });
}

pub async fn recorded_times_never_go_back<E: Engine>() {
    let mut engine = E::fresh().await;
    let mut owner = owner_of(&engine.log(), &demo()).await;
    for second in [10, 5, 20] {
        owner.commit(drafts(0..1), at(second)).await.unwrap();
    }
    drop(owner);
    engine.restart().await;
    let mut owner = owner_of(&engine.log(), &demo()).await;
    owner.commit(drafts(0..1), at(7)).await.unwrap();
    let times: Vec<Timestamp> = facts(&whole_ledger(&engine.log(), &demo()).await).iter().map(|fact| fact.recorded_at).collect();
    assert_eq!(times, [at(0), at(10), at(10), at(20), at(20), at(20)]);
}

pub async fn what_was_committed_is_read_at_once_and_after_a_restart<E: Engine>() {
    let mut engine = E::fresh().await;
    let mut owner = owner_of(&engine.log(), &demo()).await;
    owner.commit(drafts(0..3), at(1)).await.unwrap();
    let position = engine.log().append_readings(vec![scan("plc", 0), scan("plc", 1)]).await.unwrap();
    assert!(engine.log().head().await.unwrap().covers(&position));
    let before = whole_ledger(&engine.log(), &demo()).await;
    drop(owner);
    engine.restart().await;
    assert_eq!(whole_ledger(&engine.log(), &demo()).await, before);
    assert_eq!(numbers(&before), [0, 1, 2]);
    assert_eq!(all_scans(&engine.log()).await, [scan("plc", 0), scan("plc", 1)]);
    assert!(engine.log().head().await.unwrap().covers(&position));
}

pub async fn an_empty_commit_changes_nothing<E: Engine>() {
    let engine = E::fresh().await;
    let mut owner = owner_of(&engine.log(), &demo()).await;
    let tip = owner.tip();
    assert_eq!(owner.commit(Vec::new(), at(1)).await.unwrap(), []);
    assert_eq!(owner.tip(), tip);
    assert_eq!(engine.log().append_readings(Vec::new()).await.unwrap(), Position::default());
    assert_eq!(whole_ledger(&engine.log(), &demo()).await.len(), 1);
}

pub async fn each_owner_has_a_higher_epoch_than_the_one_before<E: Engine>() {
    let mut engine = E::fresh().await;
    for epoch in 1..=4 {
        let owner = owner_of(&engine.log(), &demo()).await;
        assert_eq!(owner.tip().epoch, epoch);
        drop(owner);
        if epoch % 2 == 0 {
            engine.restart().await;
        }
    }
    let owned: Vec<(u64, Event)> = facts(&whole_ledger(&engine.log(), &demo()).await).into_iter().map(|fact| (fact.epoch, fact.event)).collect();
    assert!(owned.iter().zip(1..).all(|((epoch, event), expected)| match event {
        Event::PartitionOwned(owned) => *epoch == expected && owned.epoch == expected && owned.owner == "contract",
        _ => false,
    }));
    assert_eq!(owned.len(), 4);
}

pub async fn a_former_owner_can_commit_nothing<E: Engine>() {
    let engine = E::fresh().await;
    let mut former = owner_of(&engine.log(), &demo()).await;
    former.commit(drafts(0..2), at(1)).await.unwrap();
    let mut owner = owner_of(&engine.log(), &demo()).await;
    for _attempt in 0..2 {
        let refused = former.commit(drafts(50..60), at(2)).await;
        assert!(matches!(refused, Err(LogError::Lost { ref partition, .. }) if *partition == demo()), "{refused:?}");
    }
    owner.commit(drafts(2..3), at(3)).await.unwrap();
    assert_eq!(numbers(&whole_ledger(&engine.log(), &demo()).await), [0, 1, 2]);
}

pub async fn owners_fighting_over_a_partition_leave_one_chain<E: Engine>() {
    let engine = E::fresh().await;
    let mut owners = tokio::task::JoinSet::new();
    for number in 0..6u64 {
        let log = engine.log();
        owners.spawn(async move {
            let mut committed = Vec::new();
            for turn in 0..10 {
                let mut owner = owner_of(&log, &demo()).await;
                let first = (number * 10 + turn) * 100;
                for id in first..first + 20 {
                    match owner.commit(drafts(id..id + 1), at(1)).await {
                        Ok(records) => committed.extend(records),
                        Err(lost) => {
                            assert!(matches!(lost, LogError::Lost { .. }), "{lost}");
                            break;
                        }
                    }
                }
            }
            committed
        });
    }
    let committed: BTreeMap<u64, StoredRecord> = owners.join_all().await.into_iter().flatten().map(|record| (record.seq, record)).collect();
    let mut audit = ChainAudit::of(&demo());
    let mut owned = 0;
    for record in whole_ledger(&engine.log(), &demo()).await {
        audit.admit(&record).unwrap();
        match codec::decode(&record.bytes).unwrap().event {
            Event::PartitionOwned(_) => owned += 1,
            _ => assert_eq!(committed.get(&record.seq), Some(&record), "what is read was acknowledged, and to one owner"),
        }
    }
    assert_eq!((owned, audit.next_seq()), (60, 60 + committed.len() as u64));
}

pub async fn an_owner_continues_the_partitions_own_stream<E: Engine>() {
    let mut engine = E::fresh().await;
    let mut owner = owner_of(&engine.log(), &demo()).await;
    let mut answered = drafts(0..30);
    for (draft, version) in answered.iter_mut().zip(2..).take(7) {
        (draft.stream, draft.version) = (StreamId::partition(), version);
    }
    owner.commit(answered, at(1)).await.unwrap();
    drop(owner);
    engine.restart().await;
    owner_of(&engine.log(), &demo()).await;
    owner_of(&engine.log(), &demo()).await;
    let versions = facts(&whole_ledger(&engine.log(), &demo()).await).into_iter().filter(|fact| fact.stream == StreamId::partition());
    assert_eq!(versions.map(|fact| fact.version).collect::<Vec<_>>(), (1..=10).collect::<Vec<_>>());
}

pub async fn partitions_do_not_share_seqs<E: Engine>() {
    let engine = E::fresh().await;
    let truth = PartitionId::truth(&"demo".parse().unwrap());
    let places = [demo(), PartitionId::platform(), truth];
    for (partition, count) in places.iter().zip([3, 5, 7]) {
        owner_of(&engine.log(), partition).await.commit(drafts(0..count), at(1)).await.unwrap();
    }
    for (partition, count) in places.iter().zip([3, 5, 7]) {
        let records = whole_ledger(&engine.log(), partition).await;
        assert_eq!(records.last().map(|record| record.seq), Some(count));
        assert_eq!(engine.log().head().await.unwrap().next(partition), count + 1);
    }
}

pub async fn a_read_gives_no_more_than_was_asked_for<E: Engine>() {
    let engine = E::fresh().await;
    let mut owner = owner_of(&engine.log(), &demo()).await;
    owner.commit(drafts(0..50), at(1)).await.unwrap();
    for (from, limit, expected) in [(0, 0, 0..0), (0, 1, 0..1), (7, 5, 7..12), (49, 100, 49..51), (51, 10, 51..51), (900, 10, 900..900)] {
        let read = engine.log().read_ledger(&demo(), from, limit).await.unwrap();
        assert_eq!(read.next(), expected.end);
        assert_eq!(read.iter().map(|(seq, _)| seq).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
}

pub async fn nothing_past_the_durable_end_is_read<E: Engine>() {
    let engine = E::fresh().await;
    let log = engine.log();
    let writing = tokio::spawn({
        let log = log.clone();
        async move {
            let mut owner = owner_of(&log, &demo()).await;
            for start in (0..300).step_by(3) {
                owner.commit(drafts(start..start + 3), at(1)).await.unwrap();
            }
        }
    });
    let mut next = 0;
    while next < 301 {
        let read = log.read_ledger(&demo(), next, 1000).await.unwrap();
        let head = log.head().await.unwrap().next(&demo());
        assert!(read.next() <= head, "read to {} of {head}", read.next());
        next = read.next();
    }
    writing.await.unwrap();
}

pub async fn a_big_commit_is_whole_or_absent_for_every_reader<E: Engine>() {
    let engine = E::fresh().await;
    let log = engine.log();
    let mut owner = owner_of(&log, &demo()).await;
    let writing = tokio::spawn(async move { owner.commit(drafts(0..6000), at(1)).await.map(|_| owner) });
    let head = tokio::time::timeout(PATIENCE, log.past(&Position::at(demo(), 1))).await.unwrap().unwrap();
    assert_eq!(head.next(&demo()), 6001);
    writing.await.unwrap().unwrap();
    assert_eq!(numbers(&whole_ledger(&log, &demo()).await), (0..6000).collect::<Vec<_>>());
}
