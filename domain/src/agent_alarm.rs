//! A figure of an agent went past a rule's limit, or came back: said once each, so that a person hears of it once.

use crate::{Timestamp, ids::ActorId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A figure past its limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Breach {
    /// As the file of rules names it.
    pub rule: String,
    /// Of a rule about the whole site's budget: who looks after it.
    pub agent: ActorId,
    pub value: f64,
    pub limit: f64,
    /// In a line, for people.
    pub says: String,
}

impl Breach {
    pub fn key(&self) -> (String, ActorId) {
        (self.rule.clone(), self.agent.clone())
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentAlarmRaised {
    #[serde(flatten)]
    pub breach: Breach,
    /// Wall time.
    pub at: Timestamp,
}

/// It is within its limit again, or the rule is no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentAlarmCleared {
    pub rule: String,
    pub agent: ActorId,
    /// Wall time.
    pub at: Timestamp,
}
