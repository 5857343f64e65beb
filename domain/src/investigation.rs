//! What the crew found out about a case: asked once, each in parallel, gathered by a deadline into one report. Advice for people; it decides nothing.

use crate::{Timestamp, ids::ActorId};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// From the question to the report.
pub const REPORT_WITHIN: TimeDelta = TimeDelta::seconds(60);
/// Of what one agent says, in bytes; more is cut.
pub const LONGEST_TEXT: usize = 8_000;

/// These agents were asked about the case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvestigationOpened {
    pub asked: Vec<ActorId>,
    /// Wall time. What is there by then is delivered.
    pub due_at: Timestamp,
}

/// Where something is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Citation {
    pub document: String,
    /// Of its text as it was imported: what was cited can be held against what is there now. Hex SHA-256.
    pub revision: String,
    /// From 1.
    pub page: u32,
    pub quote: String,
}

/// One agent's part, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContributionDelivered {
    pub by: ActorId,
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<Citation>,
    /// The model that wrote it; `None`: it came by rules alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What the model named that the rules had not found: left out.
    #[serde(default, skip_serializing_if = "is_none_dropped")]
    pub dropped: u32,
    pub took_ms: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none_dropped(dropped: &u32) -> bool {
    *dropped == 0
}

/// An agent had nothing to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContributionMissed {
    pub by: ActorId,
    pub why: String,
}

/// One report of all that was delivered in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportDelivered {
    pub by: ActorId,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Asked, and not heard in time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<ActorId>,
}

/// The state folded from these facts of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Investigation {
    pub due_at: Timestamp,
    pub parts: BTreeMap<ActorId, Part>,
    pub is_reported: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Awaited,
    Delivered,
    Missed,
}

impl Investigation {
    pub fn opened(fact: &InvestigationOpened) -> Self {
        Self { due_at: fact.due_at, parts: fact.asked.iter().map(|agent| (agent.clone(), Part::Awaited)).collect(), is_reported: false }
    }
    pub fn answered(&mut self, by: &ActorId, part: Part) {
        if let Some(known) = self.parts.get_mut(by) {
            *known = part;
        }
    }
    pub fn awaited(&self) -> impl Iterator<Item = &ActorId> {
        self.parts.iter().filter(|(_, part)| **part == Part::Awaited).map(|(agent, _)| agent)
    }
    /// Asked, and nothing delivered.
    pub fn missing(&self) -> Vec<ActorId> {
        self.parts.iter().filter(|(_, part)| **part != Part::Delivered).map(|(agent, _)| agent.clone()).collect()
    }
}
