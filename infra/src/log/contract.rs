//! What every engine behind the `EventLog` port promises, as tests. An engine passes by `contract!(its Engine)`.
//!
//! Nothing here knows an engine's own offsets: order and dense seq are all that counts.

use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    chain::{ChainTip, Hash, StoredRecord, link},
    codec,
    envelope::{Draft, Recorded, StreamId},
    ids::EventId,
    ports::event_log::{EventLog, LogError, Owner},
    position::{PartitionId, Position},
    reading::{LastScan, Reading, Scan},
    site::KillSwitchReleased,
};
use std::{collections::HashMap, sync::Arc, time::Duration};
use uuid::Uuid;

/// How the suite gets at an engine.
#[async_trait]
pub trait Engine: Send + Sized {
    /// A new, empty log.
    async fn fresh() -> Self;
    fn log(&self) -> Arc<dyn EventLog>;
    /// Ends the log's process, as far as the engine can tell, and begins another one on the same storage.
    async fn restart(&mut self);
}

/// One test for each promise.
macro_rules! contract {
    ($engine:ty) => {
        $crate::log::contract::contract!(
            $engine;
            seq_is_dense_and_in_the_order_of_commits,
            records_chain_from_nothing_to_the_tip,
            recorded_times_never_go_back,
            what_was_committed_is_read_at_once_and_after_a_restart,
            an_empty_commit_changes_nothing,
            each_owner_has_a_higher_epoch_than_the_one_before,
            a_former_owner_can_commit_nothing,
            an_owner_continues_the_partitions_own_stream,
            partitions_do_not_share_seqs,
            a_read_gives_no_more_than_was_asked_for,
            nothing_past_the_durable_end_is_read,
            a_big_commit_is_whole_or_absent_for_every_reader,
            readings_of_one_device_keep_their_order,
            scans_sent_twice_are_told_apart_by_the_fold,
            readings_and_decisions_do_not_share_seqs,
            an_append_returns_the_position_behind_itself,
            whoever_waits_past_a_position_is_woken_by_a_commit,
            whoever_waits_past_an_old_position_does_not_wait,
            many_tasks_at_once_lose_and_repeat_nothing,
        );
    };
    ($engine:ty; $($promise:ident,)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $promise() {
            $crate::log::contract::$promise::<$engine>().await;
        })*
    };
}
pub(crate) use contract;

/// Longer than any engine takes, so that a promise that is never kept ends the test.
const PATIENCE: Duration = Duration::from_secs(20);

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + second)
}
fn demo() -> PartitionId {
    "ledger/demo".parse().unwrap()
}
fn draft(number: u64) -> Draft {
    let id = Uuid::from_u128(u128::from(number));
    let event: Event = KillSwitchReleased { by: "olga".parse().unwrap() }.into();
    let stream = StreamId::site();
    Draft {
        id: EventId(id),
        stream,
        version: number + 1,
        occurred_at: at(0),
        actor: "olga".parse().unwrap(),
        command: None,
        causation: None,
        correlation: id,
        event,
    }
}
fn drafts(numbers: std::ops::Range<u64>) -> Vec<Draft> {
    numbers.map(draft).collect()
}
fn scan(device: &str, number: u64) -> Scan {
    let readings =
        (0..4).map(|signal| Reading::measured(format!("{device}/s{signal}").parse().unwrap(), number as f64 + f64::from(signal))).collect();
    Scan { site: "demo".parse().unwrap(), device: device.parse().unwrap(), epoch: 1, scan: number, scanned_at: at(0), received_at: at(1), readings }
}

async fn owner_of(log: &Arc<dyn EventLog>, partition: &PartitionId) -> Box<dyn Owner> {
    log.own(partition, "contract", at(0)).await.unwrap()
}
async fn whole_ledger(log: &Arc<dyn EventLog>, partition: &PartitionId) -> Vec<StoredRecord> {
    let mut all = Vec::new();
    loop {
        let read = log.read_ledger(partition, all.len() as u64, 100).await.unwrap();
        if read.is_empty() {
            return all;
        }
        all.extend(read.into_items().map(|(_, record)| record));
    }
}
async fn all_scans(log: &Arc<dyn EventLog>) -> Vec<Scan> {
    let mut all = Vec::new();
    for (partition, end) in log.head().await.unwrap().partitions().filter(|(partition, _)| partition.lane() == PartitionId::readings(0).lane()) {
        let mut next = 0;
        while next < end {
            let read = log.read_readings(partition, next, 100).await.unwrap();
            assert!(read.next() > next, "reading stopped at {next} of {end}");
            next = read.next();
            all.extend(read.into_items().map(|(_, scan)| scan));
        }
    }
    all
}
fn facts(records: &[StoredRecord]) -> Vec<Recorded> {
    records.iter().map(|record| codec::decode(&record.bytes).unwrap()).collect()
}
fn numbers(records: &[StoredRecord]) -> Vec<u128> {
    let site = facts(records).into_iter().filter(|fact| fact.stream == StreamId::site());
    site.map(|fact| fact.id.0.as_u128()).collect()
}

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
