//! One of a site's crew: a part of Millwright or a program outside, what it can do, whether it is up, and what it says of itself.

use crate::{
    Event, Timestamp,
    ids::{ActorId, Capability, CrewRole, TaskId},
    model_call::Usage,
};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Reports come at most so often.
pub const REPORTS_EVERY: TimeDelta = TimeDelta::seconds(30);
/// Whoever was not heard for this long is silent.
pub const SILENT_AFTER: TimeDelta = TimeDelta::minutes(15);

/// It is up, and says what it can do. Said anew when that changes, and after a person had it spawned again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentJoined {
    pub agent: ActorId,
    pub role: CrewRole,
    pub capabilities: BTreeSet<Capability>,
    /// Tasks that it works on at once.
    pub at_once: u32,
    /// Wall time.
    pub at: Timestamp,
    /// How often it says how it is when nothing happens, in seconds; left out: it is missed after [`SILENT_AFTER`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports_every_s: Option<u32>,
}

/// A person wants it up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentSpawned {
    pub agent: ActorId,
    pub by: ActorId,
}

/// It takes no more tasks, and ends those that it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentDrained {
    pub agent: ActorId,
    pub by: ActorId,
}

/// It is no more on the crew, and what it held is taken from it. By a person, or by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentStopped {
    pub agent: ActorId,
    pub by: ActorId,
}

/// It says that it cannot work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentBlocked {
    pub agent: ActorId,
    /// Why, in a line: cleaned, not trusted.
    pub blocker: String,
}

/// It can work again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentUnblocked {
    pub agent: ActorId,
}

/// What it says of itself since it last did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentReported {
    pub agent: ActorId,
    /// Wall time.
    pub at: Timestamp,
    #[serde(flatten)]
    pub figures: Figures,
}

/// Sums are of what happened since the last report.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// Of one core, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_percent: Option<f64>,
    /// Now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    #[serde(default)]
    pub tokens: Usage,
    #[serde(default)]
    pub calls: u64,
    #[serde(default)]
    pub errors: u64,
    /// Spent waiting for the model, in all.
    #[serde(default)]
    pub inference_ms: u64,
    #[serde(default)]
    pub cost_nano_dollars: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// Nothing was heard of it since then. Whatever it says next ends that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentFellSilent {
    pub agent: ActorId,
    /// Wall time.
    pub since: Timestamp,
}

/// A person says which model it thinks with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelChosen {
    pub agent: ActorId,
    pub model: String,
    pub by: ActorId,
}

/// What a person sees of it at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentStatus {
    /// Not up: it ended by itself, or a person wants it up and it has not joined yet.
    NotSpawned,
    Idle,
    Active,
    Blocked,
    Draining,
    Stopped,
    Silent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// A person wants it up, and it has not joined yet.
    Wanted,
    Up,
    Draining,
    /// By a person: it may not join again before a person has it spawned.
    Stopped,
    /// It ended by itself.
    Left,
}

/// One of the crew, folded from its facts and those of its tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    pub role: CrewRole,
    pub capabilities: BTreeSet<Capability>,
    pub at_once: u32,
    pub presence: Presence,
    pub blocker: Option<String>,
    pub holds: BTreeSet<TaskId>,
    /// Wall time: the last that it said or did.
    pub heard_at: Timestamp,
    pub reported_at: Option<Timestamp>,
    pub silent: bool,
    pub model: Option<String>,
    /// As it joined.
    #[serde(default)]
    pub reports_every_s: Option<u32>,
}

impl Agent {
    pub fn status(&self) -> AgentStatus {
        match self.presence {
            Presence::Stopped => AgentStatus::Stopped,
            Presence::Wanted | Presence::Left => AgentStatus::NotSpawned,
            _ if self.silent => AgentStatus::Silent,
            Presence::Draining => AgentStatus::Draining,
            Presence::Up if self.blocker.is_some() => AgentStatus::Blocked,
            Presence::Up if self.holds.is_empty() => AgentStatus::Idle,
            Presence::Up => AgentStatus::Active,
        }
    }
    /// When it counts as silent if nothing is heard of it (wall time); `None` where nobody waits to hear of it.
    pub fn silent_at(&self) -> Option<Timestamp> {
        let is_up = matches!(self.presence, Presence::Up | Presence::Draining);
        (is_up && !self.silent).then(|| self.heard_at + self.missed_after())
    }
    /// How long nothing may be heard of it. Never sooner than anybody else, and a quarter of its own pace late.
    pub fn missed_after(&self) -> TimeDelta {
        let own = self.reports_every_s.map(|seconds| TimeDelta::seconds(i64::from(seconds) * 5 / 4));
        own.map_or(SILENT_AFTER, |own| own.max(SILENT_AFTER))
    }

    pub fn joined(known: Option<Self>, fact: &AgentJoined) -> Self {
        let (holds, model) = known.map_or_else(Default::default, |known| (known.holds, known.model));
        Self {
            role: fact.role.clone(),
            capabilities: fact.capabilities.clone(),
            at_once: fact.at_once,
            presence: Presence::Up,
            blocker: None,
            holds,
            heard_at: fact.at,
            reported_at: None,
            silent: false,
            model,
            reports_every_s: fact.reports_every_s,
        }
    }
    /// Takes in a fact that is about this agent.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::AgentSpawned(_) => self.presence = Presence::Wanted,
            Event::AgentDrained(_) => self.presence = Presence::Draining,
            Event::AgentStopped(fact) => self.presence = if fact.by == fact.agent { Presence::Left } else { Presence::Stopped },
            Event::AgentBlocked(fact) => self.blocker = Some(fact.blocker.clone()),
            Event::AgentUnblocked(_) => self.blocker = None,
            Event::AgentReported(fact) => {
                self.reported_at = Some(fact.at);
                self.heard(fact.at);
            }
            Event::AgentFellSilent(_) => self.silent = true,
            Event::ModelChosen(fact) => self.model = Some(fact.model.clone()),
            _ => {}
        }
    }
    pub fn heard(&mut self, at: Timestamp) {
        self.heard_at = self.heard_at.max(at);
        self.silent = false;
    }
}

/// The agent that a fact is about, if it is about one and not about its tasks.
pub fn agent_of(event: &Event) -> Option<&ActorId> {
    Some(match event {
        Event::AgentJoined(fact) => &fact.agent,
        Event::AgentSpawned(fact) => &fact.agent,
        Event::AgentDrained(fact) => &fact.agent,
        Event::AgentStopped(fact) => &fact.agent,
        Event::AgentBlocked(fact) => &fact.agent,
        Event::AgentUnblocked(fact) => &fact.agent,
        Event::AgentReported(fact) => &fact.agent,
        Event::AgentFellSilent(fact) => &fact.agent,
        Event::ModelChosen(fact) => &fact.agent,
        _ => return None,
    })
}
