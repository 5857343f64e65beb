//! A fact as a Kafka record: the stored bytes as they were hashed, and headers after the CloudEvents binding (binary mode).
//!
//! What readers judge by is inside the hashed bytes; of the headers they take only the hashes and the commit's extent.

use millwright_domain::{
    Timestamp,
    chain::{ChainTip, Hash, StoredRecord},
    envelope::{Draft, StreamId},
    position::{Lane, PartitionId},
    trace::TraceContext,
};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use uuid::Uuid;

/// The extension of CloudEvents for distributed tracing.
pub(super) const TRACEPARENT: &str = "ce_traceparent";
const BARRIER: &str = "io.millwright.Barrier";

/// A record on its way to the topic.
pub(super) struct Outgoing {
    pub payload: Vec<u8>,
    pub headers: OwnedHeaders,
}

/// What a reader can tell of a record before it is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub partition: PartitionId,
    pub epoch: u64,
    /// The record that says so begins its epoch.
    pub begins_epoch: bool,
    pub recorded_at: Timestamp,
    /// Its version, if it is of the partition's own stream.
    pub own_version: Option<u64>,
    pub previous: Hash,
    /// First and last seq of the commit that it is part of.
    pub commit: (u64, u64),
    pub record: StoredRecord,
}

#[derive(Debug)]
pub(super) enum Arrival {
    Fact(Box<Candidate>),
    /// Written by a new owner to see that everything before it has been read. No part of the chain.
    Barrier(Uuid),
    /// Nothing of ours.
    Foreign,
}

/// The part of the stored JSON that readers judge by.
#[derive(Deserialize)]
struct Peek<'a> {
    lane: Lane,
    #[serde(borrow)]
    partition: Cow<'a, str>,
    seq: u64,
    epoch: u64,
    #[serde(borrow)]
    stream: Cow<'a, str>,
    version: u64,
    recorded_at: Timestamp,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// The facts of one commit, `before` being the tip that they continue.
pub(super) fn outgoing(partition: &PartitionId, before: &ChainTip, drafts: &[Draft], records: &[StoredRecord]) -> Vec<Outgoing> {
    let commit = format!("{}-{}", before.next_seq, before.next_seq + records.len().saturating_sub(1) as u64);
    let mut previous = before.hash;
    let mut out = Vec::with_capacity(records.len());
    for (draft, record) in drafts.iter().zip(records) {
        let headers = cloud_event(&draft.id.to_string(), partition, &format!("io.millwright.{}.v{}", draft.event.kind(), draft.event.schema()))
            .insert(text("ce_time", &draft.occurred_at.to_string()))
            .insert(text("ce_subject", draft.stream.as_str()))
            .insert(text("ce_streamversion", &draft.version.to_string()))
            .insert(text("ce_seq", &record.seq.to_string()))
            .insert(text("ce_epoch", &before.epoch.to_string()))
            .insert(text("ce_hash", &record.hash.to_string()))
            .insert(text("ce_prevhash", &previous.to_string()))
            .insert(text("ce_commit", &commit));
        let headers = traced(headers, draft.stream.as_case().map(|case| TraceContext::of_fact(case, draft.id)));
        previous = record.hash;
        out.push(Outgoing { payload: record.bytes.clone(), headers });
    }
    out
}

pub(super) fn barrier(partition: &PartitionId, token: Uuid) -> Outgoing {
    Outgoing { payload: format!("{{\"barrier\":\"{token}\"}}").into_bytes(), headers: cloud_event(&token.to_string(), partition, BARRIER) }
}

pub(super) fn cloud_event(id: &str, partition: &PartitionId, kind: &str) -> OwnedHeaders {
    OwnedHeaders::new_with_capacity(14)
        .insert(text("ce_specversion", "1.0"))
        .insert(text("ce_id", id))
        .insert(text("ce_source", &format!("/millwright/{}", partition.name())))
        .insert(text("ce_type", kind))
        .insert(text("content-type", "application/json"))
}

pub(super) fn traced(headers: OwnedHeaders, trace: Option<TraceContext>) -> OwnedHeaders {
    match trace {
        Some(trace) => headers.insert(text(TRACEPARENT, &trace.to_string())),
        None => headers,
    }
}

pub(super) fn text<'a>(key: &'a str, value: &'a str) -> Header<'a, &'a str> {
    Header { key, value: Some(value) }
}

/// Reads a record, trusting nothing: anybody may have written to the topic.
pub(super) fn arrival<M: Message>(message: &M) -> Arrival {
    let (Some(headers), Some(bytes)) = (message.headers(), message.payload()) else { return Arrival::Foreign };
    let header = |key: &str| headers.iter().find(|header| header.key == key).and_then(|header| std::str::from_utf8(header.value?).ok());
    if header("ce_type") == Some(BARRIER) {
        return header("ce_id").and_then(|id| id.parse().ok()).map_or(Arrival::Foreign, Arrival::Barrier);
    }
    let extent = header("ce_commit").and_then(|commit| commit.split_once('-'));
    let commit = extent.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    let hashes = header("ce_prevhash").and_then(hash).zip(header("ce_hash").and_then(hash));
    match (commit, hashes) {
        (Some(commit), Some((previous, hash))) => {
            candidate(bytes, commit, previous, hash).map_or(Arrival::Foreign, |fact| Arrival::Fact(Box::new(fact)))
        }
        _ => Arrival::Foreign,
    }
}

fn candidate(bytes: &[u8], commit: (u64, u64), previous: Hash, hash: Hash) -> Option<Candidate> {
    let peek: Peek<'_> = serde_json::from_slice(bytes).ok()?;
    if peek.lane != Lane::Ledger || !(commit.0..=commit.1).contains(&peek.seq) {
        return None;
    }
    Some(Candidate {
        partition: peek.partition.parse().ok()?,
        epoch: peek.epoch,
        begins_epoch: peek.kind == "PartitionOwned" && owned_epoch(peek.data) == Some(peek.epoch),
        recorded_at: peek.recorded_at,
        own_version: (peek.stream == StreamId::partition().as_str()).then_some(peek.version),
        previous,
        commit,
        record: StoredRecord { seq: peek.seq, hash, bytes: bytes.to_vec() },
    })
}

fn owned_epoch(data: &RawValue) -> Option<u64> {
    #[derive(Deserialize)]
    struct Owned {
        epoch: u64,
    }
    serde_json::from_str(data.get()).ok().map(|owned: Owned| owned.epoch)
}

fn hash(hex: &str) -> Option<Hash> {
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(Hash(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::ownership::ownership;
    use rdkafka::message::{OwnedMessage, Timestamp as KafkaTime};

    fn as_read(sent: Outgoing) -> OwnedMessage {
        OwnedMessage::new(Some(sent.payload), Some(b"_platform".to_vec()), "t".into(), KafkaTime::NotAvailable, 0, 7, Some(sent.headers))
    }
    fn sent() -> (StoredRecord, OwnedMessage) {
        let mut tip = ChainTip { epoch: 3, next_seq: 8, hash: Hash([7; 32]), recorded_at: Timestamp::from_secs(1) };
        let (before, partition) = (tip, PartitionId::platform());
        let draft = ownership(&partition, "here", 3, 5, Timestamp::from_secs(2));
        let record = tip.append(&draft, &partition, Timestamp::from_secs(2));
        let sent = outgoing(&partition, &before, &[draft], std::slice::from_ref(&record)).pop().unwrap();
        (record, as_read(sent))
    }

    #[test]
    fn a_fact_is_read_as_it_was_sent() {
        let (record, message) = sent();
        let Arrival::Fact(fact) = arrival(&message) else { panic!("not a fact") };
        let expected = Candidate {
            partition: PartitionId::platform(),
            epoch: 3,
            begins_epoch: true,
            recorded_at: Timestamp::from_secs(2),
            own_version: Some(5),
            previous: Hash([7; 32]),
            commit: (8, 8),
            record,
        };
        assert_eq!(*fact, expected);
    }

    #[test]
    fn headers_are_those_of_a_cloud_event() {
        let (_, message) = sent();
        let headers = message.headers().unwrap();
        let names: Vec<&str> = headers.iter().map(|header| header.key).collect();
        for required in ["ce_specversion", "ce_id", "ce_source", "ce_type"] {
            assert!(names.contains(&required), "{required}");
        }
        // Attribute names are lower case letters and digits, by the specification.
        let attributes = names.iter().filter_map(|name| name.strip_prefix("ce_"));
        assert!(
            attributes.clone().count() == 12 && attributes.flat_map(str::chars).all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        );
    }

    #[test]
    fn what_is_not_ours_is_told_apart() {
        let (_, message) = sent();
        assert!(matches!(arrival(&as_read(barrier(&PartitionId::platform(), Uuid::nil()))), Arrival::Barrier(token) if token.is_nil()));
        assert!(matches!(arrival(&message.clone().replace_headers(None)), Arrival::Foreign));
        assert!(matches!(arrival(&message.clone().set_payload(Some(b"{}".to_vec()))), Arrival::Foreign));
        assert!(matches!(arrival(&message.set_payload(None)), Arrival::Foreign));
    }
}
