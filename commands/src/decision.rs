//! What a rule gives back: facts to record, "already so", or a refusal that a person can act on.

use millwright_domain::{
    Event, Now,
    action::Observed,
    case::Rule,
    envelope::StreamId,
    ids::{ActorId, CommandId},
};
use std::fmt::Display;

/// All that a rule may look at beside the state and the command.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    pub command: CommandId,
    pub by: &'a ActorId,
    pub now: Now,
    /// Fresh readings of the asset in question, for the commands that judge by readings.
    pub observed: &'a [Observed],
}

impl<'a> Circumstances<'a> {
    /// Who asks, if it is a person; else a no with this reason.
    pub fn person(&self, or: &str) -> Result<&'a ActorId, Refused> {
        if self.by.is_service() { Err(senseless("not_a_person", or)) } else { Ok(self.by) }
    }
}

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    Facts {
        facts: Vec<(StreamId, Event)>,
        /// What it was about, such as the case an alert joined.
        subject: Option<String>,
    },
    /// Neither success nor error: nothing had to change.
    AlreadySo,
}

impl Decision {
    pub fn one(stream: StreamId, fact: impl Into<Event>) -> Self {
        Self::Facts { facts: vec![(stream, fact.into())], subject: None }
    }
    /// The same fact on each of these streams.
    pub fn each(streams: impl IntoIterator<Item = StreamId>, fact: impl Into<Event>) -> Self {
        let fact = fact.into();
        Self::Facts { facts: streams.into_iter().map(|stream| (stream, fact.clone())).collect(), subject: None }
    }
    pub fn about(self, subject: impl Display) -> Self {
        match self {
            Self::Facts { facts, .. } => Self::Facts { facts, subject: Some(subject.to_string()) },
            Self::AlreadySo => Self::AlreadySo,
        }
    }
}

/// A no. Those of safety, budget and approval rules are recorded where they belong.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// Which kind of rule said no; `None` for requests that made no sense to begin with.
    pub rule: Option<Rule>,
    /// Stable word for programs.
    pub code: &'static str,
    pub reason: String,
    /// Where a `CommandRefused` is recorded, if `rule` is set.
    pub stream: StreamId,
    /// What else follows from the refusal, such as an approval that is now void.
    pub facts: Vec<(StreamId, Event)>,
}

/// A command's own refusals, each a variant that a person can act on.
pub trait Refusal: Display {
    fn code(&self) -> &'static str;
    fn rule(&self) -> Option<Rule>;

    fn at(&self, stream: StreamId) -> Refused {
        Refused { rule: self.rule(), code: self.code(), reason: self.to_string(), stream, facts: vec![] }
    }
}

/// A refusal by no rule: the request did not fit the facts.
pub fn senseless(code: &'static str, reason: impl Display) -> Refused {
    Refused { rule: None, code, reason: reason.to_string(), stream: StreamId::partition(), facts: vec![] }
}
