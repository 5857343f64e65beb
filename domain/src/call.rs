//! What became of one request to a language model: who asked, which way it went, what it used, or why it failed. Its words are kept elsewhere.

use crate::{
    ids::{ActorId, DeploymentName, ReservationId},
    model_call::{Considered, NanoDollars, Source, Usage},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One attempt, ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelCalled {
    /// The question; its attempts share it.
    pub call: Uuid,
    pub agent: ActorId,
    /// From 1.
    pub attempt: u32,
    pub reservation: ReservationId,
    pub deployment: DeploymentName,
    /// As the provider calls it; empty when nothing was answered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    pub cost: NanoDollars,
    /// The version of the price that the cost is from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub price: String,
    pub took_ms: u64,
    /// `None`: it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<CallTrouble>,
    /// Who else was considered for this attempt, and why it was not asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub considered: Vec<Considered>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallTrouble {
    /// One word: `timed_out`, `over_budget`, …
    pub kind: String,
    pub said: String,
}
