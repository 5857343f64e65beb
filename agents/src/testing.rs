//! Facts as tests tell them: the site is `demo`, and what nobody looks at is the same everywhere.

use chrono::TimeDelta;
use millwright_domain::{
    Event, Timestamp,
    action::{Order, Proposal, WriteOrder},
    approval::Risk,
    case::DiagnosisRecorded,
    envelope::{Recorded, StreamId},
    ids::{ActionId, AssetId, EventId},
    policy::Ruling,
    position::PartitionId,
};
use uuid::Uuid;

/// The ids follow from the seq.
pub(crate) fn recorded(seq: u64, at: Timestamp, stream: StreamId, event: impl Into<Event>) -> Recorded {
    Recorded {
        id: EventId(Uuid::from_u128(seq.into())),
        partition: PartitionId::site(&"demo".parse().unwrap()),
        seq,
        epoch: 1,
        stream,
        version: seq + 1,
        occurred_at: at,
        recorded_at: at,
        actor: "svc-test".parse().unwrap(),
        command: None,
        causation: None,
        correlation: Uuid::nil(),
        event: event.into(),
    }
}

pub(crate) fn diagnosis(asset: AssetId, cause: &str, confidence: f64) -> DiagnosisRecorded {
    DiagnosisRecorded {
        asset,
        cause: cause.parse().unwrap(),
        confidence,
        by: "rules".into(),
        explanation: String::new(),
        evidence_for: vec![],
        evidence_against: vec![],
        suggests: vec![],
        branched_from: None,
    }
}

/// To slow a machine down, for which somebody has five minutes to say yes.
pub(crate) fn slow_down(action: ActionId, signal: &str, at: Timestamp) -> Proposal {
    Proposal {
        action,
        name: "slow_down".parse().unwrap(),
        order: Order::Write(WriteOrder { device: "plc".parse().unwrap(), signal: signal.parse().unwrap(), value: 900.0, tolerance: 5.0 }),
        ruling: Ruling::RequireApproval,
        because: EventId(Uuid::nil()),
        preconditions: vec![],
        policy_digest: String::new(),
        expires_at: at + TimeDelta::minutes(5),
        proposed_by: "svc-diagnosis".parse().unwrap(),
        risk: Risk::Medium,
        cause: None,
        proposed_at: None,
        instead_of: None,
    }
}
