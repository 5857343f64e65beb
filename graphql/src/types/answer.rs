//! What a command was answered, and where its consequences can be seen.

use crate::scalars::{Position, id};
use async_graphql::{Enum, ID, SimpleObject};
use millwright_commands as commands;
use millwright_domain::{envelope::Answer, ids::CommandId};
use serde::Serialize;

#[derive(Enum, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    Done,
    AlreadySo,
    Refused,
}

#[derive(SimpleObject)]
pub struct Answered {
    pub(crate) kind: AnswerKind,
    /// Stable word for programs, of a refusal: `approval_expired`, …
    pub(crate) code: Option<String>,
    /// For people, of a refusal: why, and what to do next.
    pub(crate) reason: Option<String>,
    /// What it was about, such as the case.
    pub(crate) subject: Option<String>,
    pub(crate) facts: u32,
    pub(crate) command_id: ID,
    /// Give it to a query as `atLeast` to see what came of it.
    pub(crate) position: Position,
}

impl Answered {
    pub(crate) fn of(command: CommandId, answered: commands::Answered) -> Self {
        let bare = Self {
            kind: AnswerKind::AlreadySo,
            code: None,
            reason: None,
            subject: None,
            facts: 0,
            command_id: id(command),
            position: Position(answered.position),
        };
        match answered.answer {
            Answer::Done { facts, subject } => Self { kind: AnswerKind::Done, facts, subject, ..bare },
            Answer::AlreadySo => bare,
            Answer::Refused { code, reason } => Self { kind: AnswerKind::Refused, code: Some(code), reason: Some(reason), ..bare },
        }
    }
}
