//! Letters from one of a site's crew to others: typed, with a priority, acknowledged or answered in time, else a person is told. What is in one is data, never an order.

use crate::{
    Timestamp,
    ids::{ActorId, CaseId, CrewRole, LetterId, TaskId},
    priority::Priority,
    sealed::Sealed,
};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Answers to answers, at most.
pub const MOST_HOPS: u8 = 8;
/// Waiting so long counts like the next priority.
pub const AGES_EVERY: TimeDelta = TimeDelta::minutes(10);
/// It is delivered again so many times before it is given up, each time after twice as long.
pub const REPEATS: u32 = 3;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Addressee {
    Agent(ActorId),
    /// Any one of those that are this on the crew.
    Role(CrewRole),
    /// Any one of the crew.
    Everyone,
}

impl fmt::Display for Addressee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(agent) => agent.fmt(f),
            Self::Role(role) => write!(f, "every {role}"),
            Self::Everyone => f.write_str("everyone"),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    TaskUpdate,
    /// To be answered within five minutes, by a letter in reply.
    AuditRequest,
    StatusPing,
    /// To be acknowledged within five minutes.
    UrgentAlert,
    Finding,
    Question,
    Answer,
}

/// Somebody writes to others of the crew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LetterSent {
    pub letter: LetterId,
    pub from: ActorId,
    pub to: Addressee,
    pub kind: LetterKind,
    pub priority: Priority,
    /// What a program wrote: cleaned, not trusted. Empty where a person wrote.
    pub body: String,
    /// What a person wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Sealed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<LetterId>,
    /// Letters that led to this one, each in reply to the one before.
    pub hops: u8,
    /// Wall time.
    pub at: Timestamp,
    /// Until when it is to be acknowledged (wall time); none where it need not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_by: Option<Timestamp>,
}

/// Whom it was for has it; or a person has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LetterAcknowledged {
    pub letter: LetterId,
    pub by: ActorId,
}

/// Nobody has acknowledged it yet; it is delivered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LetterRepeated {
    pub letter: LetterId,
    /// 1 for the first.
    pub number: u32,
}

/// Nobody acknowledged it in time, and it could wait: given up, for a person to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LetterDeadLettered {
    pub letter: LetterId,
}

/// Nobody acknowledged it in time, and it cannot wait: a person is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LetterEscalated {
    pub letter: LetterId,
    /// A group or a person of the roster.
    pub to: String,
}

impl LetterKind {
    /// Whether it is to be acknowledged, whatever its sender says.
    pub const fn must_be_acknowledged(self) -> bool {
        matches!(self, Self::AuditRequest | Self::UrgentAlert)
    }
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TaskUpdate => "task update",
            Self::AuditRequest => "audit request",
            Self::StatusPing => "status ping",
            Self::UrgentAlert => "urgent alert",
            Self::Finding => "finding",
            Self::Question => "question",
            Self::Answer => "answer",
        }
    }
}

/// How long one waits for an acknowledgement.
pub const fn patience(kind: LetterKind, priority: Priority) -> TimeDelta {
    match (kind.must_be_acknowledged(), priority) {
        (true, _) | (_, Priority::Critical) => TimeDelta::minutes(5),
        (_, Priority::High) => TimeDelta::minutes(15),
        _ => TimeDelta::minutes(60),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    /// Nobody has to do anything about it.
    Told,
    Waiting,
    Acknowledged,
    Dead,
    /// A person was told, and has not acknowledged it yet.
    Escalated,
}

/// A letter as decisions see it. What is in it is not here, but for a line that a person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub from: ActorId,
    pub to: Addressee,
    pub kind: LetterKind,
    pub priority: Priority,
    pub line: String,
    /// Of what a program wrote: the same for the same words.
    pub sameness: Option<[u8; 32]>,
    pub case: Option<CaseId>,
    pub in_reply_to: Option<LetterId>,
    pub hops: u8,
    pub at: Timestamp,
    pub ack_by: Option<Timestamp>,
    pub repeats: u32,
    pub state: LetterState,
}

impl Letter {
    pub fn sent(fact: &LetterSent) -> Self {
        Self {
            from: fact.from.clone(),
            to: fact.to.clone(),
            kind: fact.kind,
            priority: fact.priority,
            line: crate::plain::cleaned(&fact.body, 200),
            sameness: sameness(&fact.body),
            case: fact.case,
            in_reply_to: fact.in_reply_to,
            hops: fact.hops,
            at: fact.at,
            ack_by: fact.ack_by,
            repeats: 0,
            state: if fact.ack_by.is_some() { LetterState::Waiting } else { LetterState::Told },
        }
    }
    /// Nobody may go on without somebody having seen it.
    pub fn cannot_wait(&self) -> bool {
        self.kind.must_be_acknowledged() || self.priority >= Priority::High
    }
    /// When it is delivered again, or given up if it was often enough (wall time).
    pub fn next_due(&self) -> Option<Timestamp> {
        let until = self.ack_by.filter(|_| self.state == LetterState::Waiting)?;
        let left = i32::try_from(REPEATS.saturating_sub(self.repeats)).unwrap_or(0);
        Some(self.at + until.since(self.at) / (1 << left.min(16)))
    }
}

/// Capitals, spaces and marks make no new words. `None`: there are none.
pub fn sameness(words: &str) -> Option<[u8; 32]> {
    let plain: String = words.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    (!plain.is_empty()).then(|| Sha256::digest(plain).into())
}

/// The most pressing first: by priority, which grows with waiting, then the oldest.
pub fn in_order<T>(letters: &mut [T], now: Timestamp, of: impl Fn(&T) -> (Priority, Timestamp)) {
    letters.sort_by_key(|letter| {
        let (priority, at) = of(letter);
        (std::cmp::Reverse(priority.aged(at, now, AGES_EVERY)), at)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_and_capitals_say_nothing_new() {
        assert_eq!(sameness("Is it there?"), sameness("  is it THERE "));
        assert_ne!(sameness("Is it there?"), sameness("It is there."));
        assert_eq!(sameness(" …"), None);
    }

    proptest! {
        #[test]
        fn no_letter_waits_for_ever_behind_newer_ones(priority in 0..4usize, newer in prop::collection::vec((0..4usize, 0..600i64), 1..20)) {
            let now = Timestamp::from_secs(10_000);
            let old = (Priority::ALL[priority], now - TimeDelta::minutes(41));
            let mut letters: Vec<_> = newer.into_iter().map(|(one, age)| (Priority::ALL[one], now - TimeDelta::seconds(age))).chain([old]).collect();
            in_order(&mut letters, now, |letter| *letter);
            prop_assert_eq!(letters[0], old, "after 40 minutes even the least pressing comes before whatever is younger than ten");
        }
    }
}
