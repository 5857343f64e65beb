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
pub struct Envelope<'a> {
    pub lane: Lane,
    #[serde(borrow)]
    pub partition: Cow<'a, str>,
    pub seq: u64,
    pub epoch: u64,
    pub recorded_at: Timestamp,
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
}

/// Who wrote a stored fact, and about what. Apart from [`Envelope`], because a look at every record of a ledger needs neither.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Authored<'a> {
    #[serde(borrow)]
    pub stream: Cow<'a, str>,
    #[serde(borrow)]
    pub actor: Cow<'a, str>,
}

impl<'a> Authored<'a> {
    pub fn of(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        serde_json::from_slice(bytes).map_err(DecodeError::Envelope)
    }
}

impl<'a> Envelope<'a> {
    /// The data is not looked at: it can be long, and whoever wants it decodes the fact.
    pub fn of(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        match Self::as_written(bytes) {
            Some(read) => Ok(read),
            None => serde_json::from_slice(bytes).map_err(DecodeError::Envelope),
        }
    }

    /// Reads the fields where [`encode`] puts them, many times as fast as JSON in general. `None` for whatever is written otherwise.
    fn as_written(bytes: &'a [u8]) -> Option<Self> {
        const UUID: usize = 36;
        let rest = bytes.strip_prefix(b"{\"id\":\"")?.get(UUID..)?;
        let (partition, rest) = text(rest.strip_prefix(b"\",\"lane\":\"ledger\",\"partition\":\"")?)?;
        let (seq, rest) = digits(rest.strip_prefix(b",\"seq\":")?)?;
        let (epoch, rest) = digits(rest.strip_prefix(b",\"epoch\":")?)?;
        let (_stream, rest) = text(rest.strip_prefix(b",\"stream\":\"")?)?;
        let (_version, rest) = digits(rest.strip_prefix(b",\"version\":")?)?;
        let (_occurred_at, rest) = digits(rest.strip_prefix(b",\"occurred_at\":")?)?;
        let (recorded_at, rest) = digits(rest.strip_prefix(b",\"recorded_at\":")?)?;
        let (_actor, mut rest) = text(rest.strip_prefix(b",\"actor\":\"")?)?;
        for may_be_there in [&b",\"command\":\""[..], b",\"causation\":\""] {
            if let Some(behind) = rest.strip_prefix(may_be_there) {
                rest = behind.get(UUID..)?.strip_prefix(b"\"")?;
            }
        }
        let rest = rest.strip_prefix(b",\"correlation\":\"")?.get(UUID..)?.strip_prefix(b"\"")?;
        let (kind, rest) = text(rest.strip_prefix(b",\"type\":\"")?)?;
        rest.starts_with(b",\"schema\":").then_some(())?;
        let recorded_at = Timestamp::from_micros(i64::try_from(recorded_at).ok()?);
        let [partition, kind] = [partition, kind].map(|text| std::str::from_utf8(text).ok().map(Cow::Borrowed));
        Some(Self { lane: Lane::Ledger, partition: partition?, seq, epoch, recorded_at, kind: kind? })
    }
}

/// A text without escapes, up to its closing quote; and what is behind it.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'"' || *byte == b'\\')?;
    (bytes[end] == b'"').then(|| (&bytes[..end], &bytes[end + 1..]))
}

fn digits(bytes: &[u8]) -> Option<(u64, &[u8])> {
    /// No number of so many digits is beyond 64 bits.
    const MOST: usize = 19;
    let (mut number, mut end) = (0, 0);
    while let Some(digit) = bytes.get(end).filter(|byte| byte.is_ascii_digit() && end < MOST) {
        number = 10 * number + u64::from(digit - b'0');
        end += 1;
    }
    let is_whole = end > 0 && bytes.get(end).is_some_and(|byte| !byte.is_ascii_digit());
    is_whole.then(|| (number, &bytes[end..]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::KillSwitchReleased;

    fn written(command: Option<CommandId>, recorded_at: i64) -> Vec<u8> {
        let draft = Draft {
            id: EventId(Uuid::from_u128(7)),
            stream: StreamId::site(),
            version: 3,
            occurred_at: Timestamp::from_micros(5),
            actor: "olga".parse().unwrap(),
            command,
            causation: None,
            correlation: Uuid::nil(),
            event: KillSwitchReleased { by: "olga".parse().unwrap() }.into(),
        };
        let tip = ChainTip { next_seq: 12, epoch: 2, recorded_at: Timestamp::from_micros(recorded_at), ..ChainTip::default() };
        encode(&draft, &PartitionId::platform(), &tip)
    }

    #[test]
    fn an_envelope_reads_the_same_where_it_is_looked_for_and_as_json() {
        for command in [None, Some(CommandId(Uuid::max()))] {
            let bytes = written(command, 1_700_000_000_000_000);
            let quick = Envelope::as_written(&bytes).unwrap();
            assert_eq!(quick, serde_json::from_slice(&bytes).unwrap());
            assert_eq!((quick.seq, &*quick.kind, &*quick.partition), (12, "KillSwitchReleased", "_platform"));
            let authored = Authored::of(&bytes).unwrap();
            assert_eq!((&*authored.actor, &*authored.stream), ("olga", "site"));
        }
    }

    #[test]
    fn what_is_written_otherwise_is_read_as_json() {
        let before_1970 = written(None, -1);
        assert_eq!(Envelope::as_written(&before_1970), None);
        assert_eq!(Envelope::of(&before_1970).unwrap().recorded_at, Timestamp::from_micros(-1));
        let pretty = include_bytes!("../history/ReadingsSealed.v1.json");
        assert_eq!(Envelope::of(pretty).unwrap().kind, "ReadingsSealed");
        assert!(Envelope::of(b"{}").is_err() && Envelope::of(&before_1970[..40]).is_err());
    }
}
