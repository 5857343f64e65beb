//! What every engine behind the `EventLog` port promises, as tests. An engine passes by `contract!(its Engine)`.
//!
//! Nothing here knows an engine's own offsets: order and dense seq are all that counts.

pub mod both;
pub mod ledger;

use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    chain::StoredRecord,
    codec,
    envelope::{Draft, Recorded, StreamId},
    ids::EventId,
    ports::event_log::{EventLog, Owner},
    position::PartitionId,
    reading::{Reading, Scan},
    site::KillSwitchReleased,
};
use std::{sync::Arc, time::Duration};
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

/// One test for each promise. An engine that needs something outside says by `if` whether it is there.
macro_rules! contract {
    ($engine:ty) => {
        $crate::log::contract::contract!($engine, if true);
    };
    ($engine:ty, if $there:expr) => {
        $crate::log::contract::contract!(
            $engine, $there, ledger:
            seq_is_dense_and_in_the_order_of_commits
            records_chain_from_nothing_to_the_tip
            recorded_times_never_go_back
            what_was_committed_is_read_at_once_and_after_a_restart
            an_empty_commit_changes_nothing
            each_owner_has_a_higher_epoch_than_the_one_before
            a_former_owner_can_commit_nothing
            owners_fighting_over_a_partition_leave_one_chain
            an_owner_continues_the_partitions_own_stream
            partitions_do_not_share_seqs
            a_read_gives_no_more_than_was_asked_for
            nothing_past_the_durable_end_is_read
            a_big_commit_is_whole_or_absent_for_every_reader
        );
        $crate::log::contract::contract!(
            $engine, $there, both:
            readings_of_one_device_keep_their_order
            scans_sent_twice_are_told_apart_by_the_fold
            readings_and_decisions_do_not_share_seqs
            an_append_returns_the_position_behind_itself
            whoever_waits_past_a_position_is_woken_by_a_commit
            whoever_waits_past_an_old_position_does_not_wait
            many_tasks_at_once_lose_and_repeat_nothing
        );
    };
    ($engine:ty, $there:expr, $about:ident: $($promise:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $promise() {
            if !$there {
                return;
            }
            $crate::log::contract::$about::$promise::<$engine>().await;
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
