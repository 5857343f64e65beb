//! The fact that every owner begins its epoch with.

use millwright_domain::{
    Timestamp,
    envelope::{Draft, StreamId},
    ids::{ActorId, EventId, derived},
    position::PartitionId,
    site::PartitionOwned,
};
use uuid::Builder;

pub(super) fn ownership(partition: &PartitionId, owner: &str, epoch: u64, version: u64, now: Timestamp) -> Draft {
    let id = event_id(partition, epoch, now);
    Draft {
        id,
        stream: StreamId::partition(),
        version,
        occurred_at: now,
        actor: log_actor(),
        command: None,
        causation: None,
        correlation: id.0,
        event: PartitionOwned { epoch, owner: owner.to_owned() }.into(),
    }
}

/// A UUIDv7 without chance, so that a simulated plant repeats itself.
fn event_id(partition: &PartitionId, epoch: u64, now: Timestamp) -> EventId {
    let seed = derived(&partition.to_string(), "own", 0).as_u128() ^ u128::from(epoch);
    let mut random = [0; 10];
    random.copy_from_slice(&seed.to_be_bytes()[6..]);
    EventId(Builder::from_unix_timestamp_millis((now.micros() / 1000).max(0) as u64, &random).into_uuid())
}

fn log_actor() -> ActorId {
    "svc-log".parse().expect("the name is a slug")
}
