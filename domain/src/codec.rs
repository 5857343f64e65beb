//! Facts to stored JSON bytes and back. The bytes are what is hashed, so they are written once and never touched again.

use crate::{
    Event, Timestamp,
    chain::ChainTip,
    envelope::{Draft, Recorded, StreamId},
    event::BadEventData,
    ids::{ActorId, CommandId, EventId},
    position::{Lane, PartitionId},
    reading::Scan,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use thiserror::Error;
use uuid::Uuid;

#[derive(Debug, Error)]
pub enum DecodeError {
    #[error("a record is not an event in JSON")]
    Envelope(#[source] serde_json::Error),
    #[error("an event's data does not fit its type")]
    Data(#[source] BadEventData),
    #[error("a record is not a scan in JSON")]
    Scan(#[source] serde_json::Error),
}

/// The stored field order. `type` and `data` are last so that a person reading the log sees who and when first.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct StoredEvent<'a> {
    id: EventId,
    lane: Lane,
    /// Its name within the lane: a site, `_platform`, or the truth of a simulated site.
    #[serde(borrow)]
    partition: Cow<'a, str>,
    seq: u64,
    epoch: u64,
    stream: StreamId,
    version: u64,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    actor: ActorId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    command: Option<CommandId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    causation: Option<EventId>,
    correlation: Uuid,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    schema: u16,
    #[schemars(with = "serde_json::Value")]
    data: Cow<'a, RawValue>,
}

/// The first fields of a stored fact, without its data: what a walk over many needs of each.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Envelope {
    pub lane: Lane,
    pub partition: String,
    pub seq: u64,
    pub epoch: u64,
    pub recorded_at: Timestamp,
    #[serde(rename = "type")]
    pub kind: String,
}

impl Envelope {
    /// Reads up to the data, which is last: it can be long, and whoever wants it decodes the fact.
    pub fn of(bytes: &[u8]) -> Result<Self, DecodeError> {
        const DATA: &[u8] = b",\"data\":";
        /// Behind where the data of any fact of ours begins.
        const LONGEST: usize = 2_048;
        let head = &bytes[..bytes.len().min(LONGEST)];
        // Quotes within a text are escaped, so what looks like a field is one. One within the data is behind ours.
        let read = match head.windows(DATA.len()).position(|window| window == DATA) {
            Some(end) => serde_json::from_slice(&[&head[..end], b"}"].concat()),
            None => serde_json::from_slice(bytes),
        };
        read.map_err(DecodeError::Envelope)
    }
}

/// The bytes of a fact at its place in a partition.
pub fn encode(draft: &Draft, partition: &PartitionId, tip: &ChainTip) -> Vec<u8> {
    let reason = "our own types have string keys and finite numbers, so they serialise";
    let stored = StoredEvent {
        id: draft.id,
        lane: partition.lane(),
        partition: Cow::Borrowed(partition.name()),
        seq: tip.next_seq,
        epoch: tip.epoch,
        stream: draft.stream.clone(),
        version: draft.version,
        occurred_at: draft.occurred_at,
        recorded_at: tip.recorded_at,
        actor: draft.actor.clone(),
        command: draft.command,
        causation: draft.causation,
        correlation: draft.correlation,
        kind: Cow::Borrowed(draft.event.kind()),
        schema: draft.event.schema(),
        data: Cow::Owned(draft.event.data_to_json().expect(reason)),
    };
    serde_json::to_vec(&stored).expect(reason)
}

/// Reads one stored fact, of any schema version. Unknown types come back as [`Event::Unknown`].
pub fn decode(bytes: &[u8]) -> Result<Recorded, DecodeError> {
    let stored: StoredEvent<'_> = serde_json::from_slice(bytes).map_err(DecodeError::Envelope)?;
    let event = Event::from_stored(&stored.kind, stored.schema, &stored.data).map_err(DecodeError::Data)?;
    let partition = stored.partition.parse().map_err(|bad| DecodeError::Envelope(serde::de::Error::custom(bad)))?;
    Ok(Recorded {
        id: stored.id,
        partition,
        seq: stored.seq,
        epoch: stored.epoch,
        stream: stored.stream,
        version: stored.version,
        occurred_at: stored.occurred_at,
        recorded_at: stored.recorded_at,
        actor: stored.actor,
        command: stored.command,
        causation: stored.causation,
        correlation: stored.correlation,
        event,
    })
}

/// A scan's type name and schema version in headers and file formats.
pub const SCAN_TYPE: (&str, u16) = ("ReadingsRecorded", 1);

/// Appends the bytes of a scan to `out`.
pub fn encode_scan(scan: &Scan, out: &mut Vec<u8>) {
    serde_json::to_writer(out, scan).expect("a scan has string keys and finite numbers, and a Vec takes every write");
}

pub fn decode_scan(bytes: &[u8]) -> Result<Scan, DecodeError> {
    serde_json::from_slice(bytes).map_err(DecodeError::Scan)
}
