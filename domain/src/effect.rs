//! What is to leave the house, as facts: wanted, attempted, done or failed. The outbox worker lives by these.

use crate::ids::{ActionId, CaseId, EffectId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something outside is to be told or asked, once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EffectWanted {
    pub effect: EffectId,
    /// What the target deduplicates by.
    pub idempotency_key: String,
    /// Adapter and recipient: `notice:backup_tech`.
    pub target: String,
    pub subject: String,
    pub body: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionId>,
}

impl EffectWanted {
    /// Which adapter it is for, and what that one is to make of it: `notice` and `backup_tech`.
    pub fn adapter_and_recipient(&self) -> (&str, &str) {
        self.target.split_once(':').unwrap_or((&self.target, ""))
    }
}

/// On the log before the first byte leaves, so that a crash in between is told from one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectAttempted {
    pub effect: EffectId,
    /// 1 for the first.
    pub attempt: u32,
}

/// The target has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectDone {
    pub effect: EffectId,
    pub attempt: u32,
    /// What the target calls it, if it says.
    pub receipt: String,
}

/// An attempt did not succeed; `final_` ones are not tried again and wait for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectFailed {
    pub effect: EffectId,
    pub attempt: u32,
    pub reason: String,
    #[serde(rename = "final")]
    pub final_: bool,
}

/// Where an effect stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Wanted {
        wanted: EffectWanted,
    },
    Attempted {
        wanted: EffectWanted,
        attempt: u32,
    },
    /// Failed, to be tried again.
    Waiting {
        wanted: EffectWanted,
        attempts: u32,
    },
    Done,
    Dead {
        wanted: EffectWanted,
        reason: String,
    },
}

impl Effect {
    pub fn wanted(wanted: &EffectWanted) -> Self {
        Self::Wanted { wanted: wanted.clone() }
    }
    pub fn attempted(&mut self, fact: &EffectAttempted) {
        if let Some(wanted) = self.pending().cloned() {
            *self = Self::Attempted { wanted, attempt: fact.attempt };
        }
    }
    pub fn done(&mut self) {
        *self = Self::Done;
    }
    pub fn failed(&mut self, fact: &EffectFailed) {
        let Some(wanted) = self.pending().cloned() else { return };
        *self = if fact.final_ { Self::Dead { wanted, reason: fact.reason.clone() } } else { Self::Waiting { wanted, attempts: fact.attempt } };
    }
    /// What is still to be delivered, if anything is.
    pub fn pending(&self) -> Option<&EffectWanted> {
        match self {
            Self::Wanted { wanted } | Self::Attempted { wanted, .. } | Self::Waiting { wanted, .. } => Some(wanted),
            Self::Done | Self::Dead { .. } => None,
        }
    }
    /// Attempts begun so far.
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Attempted { attempt, .. } => *attempt,
            Self::Waiting { attempts, .. } => *attempts,
            Self::Wanted { .. } | Self::Done | Self::Dead { .. } => 0,
        }
    }
}
