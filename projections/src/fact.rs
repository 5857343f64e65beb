//! A fact as projections take it: who, where and when always; what, if this program can read it.

use millwright_domain::{
    Event, Timestamp,
    chain::{Hash, StoredRecord},
    codec,
    envelope::{Recorded, StreamId},
    ids::{ActorId, CaseId, CommandId, EventId, SiteId},
    position::PartitionId,
};
use serde::Deserialize;
use std::error::Error as _;
use uuid::Uuid;

/// Why a fact stops its stream for a projection. The projection goes on with all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poison(pub String);

/// One record of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub partition: PartitionId,
    /// The site whose partition it is on, if it is one's.
    pub site: Option<SiteId>,
    pub seq: u64,
    pub hash: Hash,
    pub id: EventId,
    pub stream: StreamId,
    /// The case whose stream it is on, if it is one's.
    pub case: Option<CaseId>,
    pub version: u64,
    pub kind: String,
    pub schema: u16,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub actor: ActorId,
    pub command: Option<CommandId>,
    pub causation: Option<EventId>,
    pub correlation: Uuid,
    event: Result<Event, Poison>,
}

/// What can be said of a record whose data this program cannot read.
#[derive(Deserialize)]
struct Cover {
    id: EventId,
    stream: StreamId,
    version: u64,
    #[serde(rename = "type")]
    kind: String,
    schema: u16,
    occurred_at: Timestamp,
    recorded_at: Timestamp,
    actor: ActorId,
    #[serde(default)]
    command: Option<CommandId>,
    #[serde(default)]
    causation: Option<EventId>,
    correlation: Uuid,
}

impl Fact {
    /// Reads stored records of one partition. What cannot be read becomes a fact that poisons its stream.
    pub fn read_all<'a>(partition: &PartitionId, records: impl Iterator<Item = &'a StoredRecord>) -> Vec<Self> {
        let site = partition.as_site();
        let read = |record: &StoredRecord| match codec::decode(&record.bytes) {
            Ok(recorded) => Self::of(partition, site.clone(), record, recorded),
            Err(cause) => Self::unreadable(partition, site.clone(), record, &cause),
        };
        records.map(read).collect()
    }

    /// What happened, for a fold; a fact that cannot be read stops the stream.
    pub fn event(&self) -> Result<&Event, Poison> {
        self.event.as_ref().map_err(Poison::clone)
    }
    pub fn is_readable(&self) -> bool {
        self.event.is_ok()
    }
    pub fn is_known(&self) -> bool {
        !matches!(self.event, Ok(Event::Unknown { .. }))
    }

    fn of(partition: &PartitionId, site: Option<SiteId>, record: &StoredRecord, recorded: Recorded) -> Self {
        Self {
            partition: partition.clone(),
            site,
            seq: record.seq,
            hash: record.hash,
            id: recorded.id,
            case: recorded.stream.as_case(),
            stream: recorded.stream,
            version: recorded.version,
            kind: recorded.event.kind().to_string(),
            schema: recorded.event.schema(),
            occurred_at: recorded.occurred_at,
            recorded_at: recorded.recorded_at,
            actor: recorded.actor,
            command: recorded.command,
            causation: recorded.causation,
            correlation: recorded.correlation,
            event: Ok(recorded.event),
        }
    }

    fn unreadable(partition: &PartitionId, site: Option<SiteId>, record: &StoredRecord, cause: &codec::DecodeError) -> Self {
        let why = match cause.source() {
            Some(deeper) => format!("{cause}: {}", deepest(deeper)),
            None => cause.to_string(),
        };
        let cover = serde_json::from_slice(&record.bytes).unwrap_or_else(|_| Cover::blank(record.seq));
        Self {
            partition: partition.clone(),
            site,
            seq: record.seq,
            hash: record.hash,
            id: cover.id,
            case: cover.stream.as_case(),
            stream: cover.stream,
            version: cover.version,
            kind: cover.kind,
            schema: cover.schema,
            occurred_at: cover.occurred_at,
            recorded_at: cover.recorded_at,
            actor: cover.actor,
            command: cover.command,
            causation: cover.causation,
            correlation: cover.correlation,
            event: Err(Poison(why)),
        }
    }
}

fn deepest(cause: &dyn std::error::Error) -> String {
    match cause.source() {
        Some(deeper) => format!("{cause}: {}", deepest(deeper)),
        None => cause.to_string(),
    }
}

impl Cover {
    /// Not even the envelope can be read: nobody can say whose fact it was, so it parks nothing but itself.
    fn blank(seq: u64) -> Self {
        let stream = serde_json::from_value(format!("unreadable/{seq}").into()).expect("a stream id is any text");
        Self {
            id: EventId(Uuid::nil()),
            stream,
            version: 0,
            kind: "unreadable".into(),
            schema: 0,
            occurred_at: Timestamp::default(),
            recorded_at: Timestamp::default(),
            actor: "svc-unknown".parse().expect("the name keeps the rules of names"),
            command: None,
            causation: None,
            correlation: Uuid::nil(),
        }
    }
}
