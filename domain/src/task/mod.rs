//! A task: a piece of work for a site's crew, from the wish to the accepted result. Every fact of it; how it moves is in `moves.rs`, the state in `state.rs`.
//!
//! Whoever holds a task holds it by a lease under a fence: the number of the claim. What comes under an older fence changes nothing.

mod check;
mod moves;
mod state;

use crate::{
    Timestamp,
    chain::Hash,
    ids::{ActorId, Capability, CaseId, TaskId},
    priority::Priority,
    sealed::Sealed,
};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use check::{Check, test};
pub use moves::{IllegalMove, MOVES, STEPS, Stage, Step, as_markdown};
pub use state::{Delivery, Lease, Task, task_of};

/// Retryable failures, and failed tests of an autonomous task, after which it waits for a person.
pub const MOST_TRIES: u32 = 3;
/// Active for longer than this by one claim: something is wrong.
pub const STALE_AFTER: TimeDelta = TimeDelta::days(7);
/// So long before its deadline a task is urgent.
pub const URGENT_BEFORE: TimeDelta = TimeDelta::hours(24);
/// Blocked for longer than this: a person is told.
pub const ESCALATED_AFTER: TimeDelta = TimeDelta::hours(48);
/// Waiting so long counts like the next priority.
pub const AGES_EVERY: TimeDelta = TimeDelta::hours(8);

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskSpec {
    /// One line, cleaned, not trusted. No person's name: it cannot be forgotten.
    pub title: String,
    /// What a person adds in her own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Sealed>,
    pub needs: Capability,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    pub priority: Priority,
    /// Wall time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    pub estimated_tokens: u64,
    /// It may be taken without a person having asked for it, and a passed test accepts its result.
    pub autonomous: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// It is not taken before these are done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<TaskId>,
    pub origin: Origin,
    /// What its result is tested by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

/// Who wanted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Person,
    /// A part of Millwright.
    Rule,
    /// A program outside.
    Agent,
    /// A card on a board outside.
    Board,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockReason {
    Budget,
    Approval,
    Input,
    Dependency,
}

impl BlockReason {
    /// What it waits for.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::Approval => "approval",
            Self::Input => "input",
            Self::Dependency => "other tasks",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// What it was given cannot be worked on.
    Input,
    /// The model did not answer, or not in the form that was asked for.
    Model,
    /// Something that it works with failed.
    Tool,
    /// It ran into a limit of steps, time or tokens.
    Limit,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// It was not renewed in time.
    Expired,
    AgentStopped,
}

/// What the clock says of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Active for a week.
    Stale,
    /// Due within a day.
    Urgent,
    /// Blocked for two days.
    Escalated,
}

/// Somebody wants it done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskFiled {
    pub task: TaskId,
    pub spec: TaskSpec,
    pub by: ActorId,
    /// Wall time; not told at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// It may be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskQueued {
    pub task: TaskId,
    /// Wall time.
    pub at: Timestamp,
    /// Why a rule chose it, in a line; a person need not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// An agent holds it from now on, under this fence, until then if it does not renew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskClaimed {
    pub task: TaskId,
    pub agent: ActorId,
    /// The number of this claim among all of its site.
    pub fence: u64,
    /// Wall time.
    pub at: Timestamp,
    pub lease_until: Timestamp,
}

/// The agent is still at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeaseRenewed {
    pub task: TaskId,
    pub fence: u64,
    /// Wall time.
    pub at: Timestamp,
    pub lease_until: Timestamp,
}

/// The agent holds it no more; what it still sends changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeaseLost {
    pub task: TaskId,
    pub fence: u64,
    pub why: Loss,
}

/// A result is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskDelivered {
    pub task: TaskId,
    pub fence: u64,
    /// What the agent says, cleaned, not trusted.
    pub result: String,
    /// SHA-256 of the result, hex.
    pub hash: String,
}

/// What a test of the result said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResultTested {
    pub task: TaskId,
    /// Of the claim whose result it was.
    pub fence: u64,
    pub passed: bool,
    pub report: String,
    pub by: ActorId,
}

/// It is what was wanted. By a person, or for an autonomous task by the tester.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskAccepted {
    pub task: TaskId,
    pub by: ActorId,
}

/// It is to be done again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskSentBack {
    pub task: TaskId,
    pub by: ActorId,
    /// Wall time.
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
}

/// It waits for something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskBlocked {
    pub task: TaskId,
    pub reason: BlockReason,
    pub by: ActorId,
    /// Wall time.
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
}

/// It may be taken again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskUnblocked {
    pub task: TaskId,
    /// Wall time.
    pub at: Timestamp,
}

/// It did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskFailed {
    pub task: TaskId,
    pub fence: u64,
    pub class: FailureClass,
    /// Another try may do better.
    pub retryable: bool,
    /// What the agent says, cleaned, not trusted.
    pub reason: String,
}

/// Not wanted any more, or taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskReverted {
    pub task: TaskId,
    pub by: ActorId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
}

/// The clock says this of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskMarked {
    pub task: TaskId,
    pub mark: Mark,
}

/// Of a result as it is kept.
pub fn digest(result: &str) -> String {
    Hash(Sha256::digest(result).into()).to_string()
}
