//! The log in Kafka against a real broker.

mod contract;
mod outage;
mod places;
mod sizes;
mod strangers;
mod topics;

use super::KafkaLog;
use millwright_domain::{
    Timestamp,
    chain::StoredRecord,
    envelope::{Draft, StreamId},
    ids::EventId,
    ports::event_log::{EventLog, Owner},
    position::PartitionId,
    site::KillSwitchReleased,
};
use std::{future::Future, time::Duration};
use uuid::Uuid;

/// Longer than anything takes, so that what never comes ends the test.
const PATIENCE: Duration = Duration::from_secs(30);

fn now() -> Timestamp {
    Timestamp::from_secs(1_700_000_000)
}
fn demo() -> PartitionId {
    "ledger/demo".parse().unwrap()
}
fn drafts(numbers: std::ops::Range<u64>) -> Vec<Draft> {
    let draft = |number: u64| Draft {
        id: EventId(Uuid::from_u128(u128::from(number))),
        stream: StreamId::site(),
        version: number + 1,
        occurred_at: now(),
        actor: "olga".parse().unwrap(),
        command: None,
        causation: None,
        correlation: Uuid::from_u128(u128::from(number)),
        event: KillSwitchReleased { by: "olga".parse().unwrap() }.into(),
    };
    numbers.map(draft).collect()
}
async fn owner_of(log: &KafkaLog, partition: &PartitionId) -> Box<dyn Owner> {
    log.own(partition, "test", now()).await.unwrap()
}
async fn whole_ledger(log: &KafkaLog, partition: &PartitionId, step: usize) -> Vec<StoredRecord> {
    let mut all = Vec::new();
    loop {
        let read = log.read_ledger(partition, all.len() as u64, step).await.unwrap();
        if read.is_empty() {
            return all;
        }
        all.extend(read.into_items().map(|(_, record)| record));
    }
}
async fn until<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "{what} did not come to pass");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
