//! What every fact carries beside its data: identity, place, times, who and why. The shape here is final.

use crate::{
    Event, Timestamp,
    ids::{ActorId, AssetId, CaseId, CommandId, DeviceId, EffectId, EventId, LetterId, SignalId, TaskId},
    position::PartitionId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// The facts of one thing, in order: `case/<id>`, `site`, `signal/<id>`, …
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StreamId(String);

impl StreamId {
    pub fn case(case: CaseId) -> Self {
        Self(format!("case/{case}"))
    }
    pub fn signal(signal: &SignalId) -> Self {
        Self(format!("signal/{signal}"))
    }
    /// A machine's alarms, and what is normal for it.
    pub fn asset(asset: &AssetId) -> Self {
        Self(format!("asset/{asset}"))
    }
    pub fn effect(effect: EffectId) -> Self {
        Self(format!("effect/{effect}"))
    }
    pub fn budget(scope: &str) -> Self {
        Self(format!("budget/{scope}"))
    }
    pub fn device(device: &DeviceId) -> Self {
        Self(format!("device/{device}"))
    }
    pub fn person(person: &ActorId) -> Self {
        Self(format!("person/{person}"))
    }
    /// One of the site's crew, a part of Millwright or a program outside.
    pub fn agent(agent: &ActorId) -> Self {
        Self(format!("agent/{agent}"))
    }
    /// A maker's manual.
    pub fn manual(name: &str) -> Self {
        Self(format!("manual/{name}"))
    }
    pub fn task(task: TaskId) -> Self {
        Self(format!("task/{task}"))
    }
    pub fn letter(letter: LetterId) -> Self {
        Self(format!("letter/{letter}"))
    }
    /// How the parts of the house are, and what its days came to.
    pub fn parts() -> Self {
        Self("parts".into())
    }
    /// The plant, its policy, its switches.
    pub fn site() -> Self {
        Self("site".into())
    }
    /// Ownership and command answers.
    pub fn partition() -> Self {
        Self("partition".into())
    }
    pub fn truth() -> Self {
        Self("truth".into())
    }
    pub fn as_str(&self) -> &str {
        &self.0
    }
    pub fn as_case(&self) -> Option<CaseId> {
        self.0.strip_prefix("case/")?.parse().ok()
    }
    pub fn as_budget(&self) -> Option<&str> {
        self.0.strip_prefix("budget/")
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A decided fact that the log has not taken yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    pub id: EventId,
    pub stream: StreamId,
    /// From 1, dense per stream.
    pub version: u64,
    /// Plant time: when it happened, as far as its source knows.
    pub occurred_at: Timestamp,
    pub actor: ActorId,
    pub command: Option<CommandId>,
    /// The fact that led to this one.
    pub causation: Option<EventId>,
    /// The same for all that one first cause led to.
    pub correlation: Uuid,
    pub event: Event,
}

/// A fact as the log holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    pub id: EventId,
    pub partition: PartitionId,
    /// Dense per partition, from 0, given by the partition's owner.
    pub seq: u64,
    /// The owner's epoch; a lower one after a higher one is a zombie's.
    pub epoch: u64,
    pub stream: StreamId,
    pub version: u64,
    pub occurred_at: Timestamp,
    /// Wall time, never before that of an earlier seq.
    pub recorded_at: Timestamp,
    pub actor: ActorId,
    pub command: Option<CommandId>,
    pub causation: Option<EventId>,
    pub correlation: Uuid,
    pub event: Event,
}

impl Recorded {
    /// What was handed to the log, without what the log gave it.
    pub fn draft(&self) -> Draft {
        Draft {
            id: self.id,
            stream: self.stream.clone(),
            version: self.version,
            occurred_at: self.occurred_at,
            actor: self.actor.clone(),
            command: self.command,
            causation: self.causation,
            correlation: self.correlation,
            event: self.event.clone(),
        }
    }
}

/// A fact: this command got this answer, and will get it again for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandAnswered {
    pub command: CommandId,
    /// `ApproveAction`, …
    pub asked: String,
    pub answer: Answer,
}

/// What a command was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Decided: so many facts. `subject` is what it was about, such as the case that an alert opened or joined.
    Done {
        facts: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
    },
    /// It was so already; nothing was recorded.
    AlreadySo,
    Refused {
        code: String,
        reason: String,
    },
}
