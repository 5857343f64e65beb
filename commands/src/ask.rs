//! A command with what every command carries: its id, who asks, and because of what.

use crate::Command;
use millwright_domain::{
    Timestamp,
    envelope::Answer,
    ids::{ActorId, CommandId, EventId},
    position::Position,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One request to decide something. The same `id` always gets the first answer again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ask {
    pub id: CommandId,
    pub by: ActorId,
    /// The fact that made the asker ask, if one did.
    pub causation: Option<EventId>,
    /// Joins all that one first cause led to; the case's id for everything about a case.
    pub correlation: Option<Uuid>,
    /// Plant time of what the command is about, if that is not now.
    pub occurred_at: Option<Timestamp>,
    pub command: Command,
}

impl Ask {
    /// A request by a person or program that draws its own id.
    pub fn new(by: ActorId, command: impl Into<Command>) -> Self {
        Self { id: CommandId(Uuid::now_v7()), by, causation: None, correlation: None, occurred_at: None, command: command.into() }
    }
    pub fn with_id(self, id: CommandId) -> Self {
        Self { id, ..self }
    }
    pub fn because_of(self, causation: EventId) -> Self {
        Self { causation: Some(causation), ..self }
    }
    pub fn occurred_at(self, at: Timestamp) -> Self {
        Self { occurred_at: Some(at), ..self }
    }
}

/// The answer, and a position at which it can be seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    pub answer: Answer,
    pub position: Position,
}
