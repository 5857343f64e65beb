//! A letter as people and agents see it.

use super::Priority;
use crate::{
    errors::bad_input,
    notes,
    scalars::{id, parse, time},
    state::AppState,
};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use millwright_domain::letter::{self, Addressee};
use millwright_projections::letters::LetterRow;

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "letter::LetterKind")]
pub enum LetterKind {
    TaskUpdate,
    /// To be answered within five minutes by a letter in reply.
    AuditRequest,
    StatusPing,
    /// To be acknowledged within five minutes.
    UrgentAlert,
    Finding,
    Question,
    Answer,
}

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "letter::LetterState")]
pub enum LetterState {
    /// Nobody has to do anything about it.
    Told,
    Waiting,
    Acknowledged,
    /// Nobody acknowledged it in time, and it could wait.
    Dead,
    /// Nobody acknowledged it in time; a person was told.
    Escalated,
}

/// One of a crew wrote it to others, or a person did.
pub struct Letter(pub(crate) LetterRow);

#[Object]
impl Letter {
    async fn id(&self) -> ID {
        id(self.0.sent.letter)
    }
    async fn site(&self) -> ID {
        id(&self.0.site)
    }
    async fn from(&self) -> ID {
        id(&self.0.sent.from)
    }
    /// In words: an agent's name, `every coder`, `everyone`.
    async fn to(&self) -> String {
        self.0.sent.to.to_string()
    }
    async fn to_agent(&self) -> Option<ID> {
        if let Addressee::Agent(agent) = &self.0.sent.to { Some(id(agent)) } else { None }
    }
    async fn to_role(&self) -> Option<ID> {
        if let Addressee::Role(role) = &self.0.sent.to { Some(id(role)) } else { None }
    }
    async fn kind(&self) -> LetterKind {
        self.0.sent.kind.into()
    }
    async fn priority(&self) -> Priority {
        self.0.sent.priority.into()
    }
    /// What it says: data, never an order.
    async fn body(&self, ctx: &Context<'_>) -> Result<String> {
        match &self.0.sent.words {
            Some(words) => notes::words(ctx.data::<AppState>()?, words),
            None => Ok(self.0.sent.body.clone()),
        }
    }
    async fn case_id(&self) -> Option<ID> {
        self.0.sent.case.map(id)
    }
    async fn task_id(&self) -> Option<ID> {
        self.0.sent.task.map(id)
    }
    async fn in_reply_to(&self) -> Option<ID> {
        self.0.sent.in_reply_to.map(id)
    }
    /// Letters that led to it, each in reply to the one before.
    async fn hops(&self) -> u32 {
        self.0.sent.hops.into()
    }
    async fn sent_at(&self) -> DateTime<Utc> {
        time(self.0.sent.at)
    }
    /// Until when it is to be acknowledged; null where it need not be.
    async fn ack_by(&self) -> Option<DateTime<Utc>> {
        self.0.sent.ack_by.map(time)
    }
    async fn state(&self) -> LetterState {
        self.0.state.into()
    }
    /// Delivered again so many times.
    async fn repeats(&self) -> u32 {
        self.0.repeats
    }
    async fn acknowledged_by(&self) -> Option<ID> {
        self.0.acknowledged_by.as_ref().map(id)
    }
    /// A group or a person of the roster.
    async fn escalated_to(&self) -> Option<&str> {
        self.0.escalated_to.as_deref()
    }
}

/// To an agent, to any one of a role, or, with neither, to any one of the crew.
#[derive(InputObject)]
pub struct LetterInput {
    to_agent: Option<ID>,
    to_role: Option<ID>,
    pub(crate) kind: LetterKind,
    #[graphql(default_with = "Priority::Medium")]
    pub(crate) priority: Priority,
    pub(crate) body: String,
    pub(crate) case: Option<ID>,
    pub(crate) task: Option<ID>,
    pub(crate) in_reply_to: Option<ID>,
    /// Audit requests and urgent alerts are to be acknowledged in any case.
    #[graphql(default)]
    pub(crate) requires_ack: bool,
}

impl LetterInput {
    pub(crate) fn to(&self) -> Result<Addressee> {
        match (&self.to_agent, &self.to_role) {
            (Some(_), Some(_)) => Err(bad_input("give `toAgent` or `toRole`, not both; with neither it is for everyone")),
            (Some(agent), None) => Ok(Addressee::Agent(parse(agent, "toAgent")?)),
            (None, Some(role)) => Ok(Addressee::Role(parse(role, "toRole")?)),
            (None, None) => Ok(Addressee::Everyone),
        }
    }
}
