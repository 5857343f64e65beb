//! What is to leave the house, as facts: wanted, attempted, done or failed. The outbox worker lives by these.

use crate::{
    Timestamp,
    ids::{ActionId, ActorId, CaseId, EffectId},
    message::MessageUnknown,
    sealed::Sealed,
};
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
    /// Words of people that stand in the body as [`quote`] says; they are put in when it leaves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotes: Vec<Sealed>,
}

/// What stands in a body for the words with this number.
pub fn quote(number: usize) -> String {
    format!("⟦{number}⟧")
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
    /// Wall time of the next attempt; none where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
}

/// A person wants tried again what was given up, or what nobody knows the end of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectRetried {
    pub effect: EffectId,
    pub by: ActorId,
}

/// A person does not want it delivered any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffectDropped {
    pub effect: EffectId,
    pub by: ActorId,
}

/// Where an effect stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Wanted {
        wanted: EffectWanted,
        /// More than none where a person wants it tried again.
        attempts: u32,
    },
    Attempted {
        wanted: EffectWanted,
        attempt: u32,
    },
    /// Failed, to be tried again from then on (wall time).
    Waiting {
        wanted: EffectWanted,
        attempts: u32,
        retry_at: Timestamp,
    },
    Done,
    /// Given up: a person may have it tried again, or drop it.
    Dead {
        wanted: EffectWanted,
        attempts: u32,
        reason: String,
    },
    /// Sent once, and nobody knows whether it arrived. Never sent again by itself.
    Unknown {
        wanted: EffectWanted,
        attempts: u32,
        reason: String,
    },
    Dropped,
}

impl Effect {
    pub fn wanted(wanted: &EffectWanted) -> Self {
        Self::Wanted { wanted: wanted.clone(), attempts: 0 }
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
        let attempts = fact.attempt;
        *self = if fact.final_ {
            Self::Dead { wanted, attempts, reason: fact.reason.clone() }
        } else {
            Self::Waiting { wanted, attempts, retry_at: fact.retry_at.unwrap_or_default() }
        };
    }
    pub fn unknown(&mut self, fact: &MessageUnknown) {
        if let Some(wanted) = self.pending().cloned() {
            *self = Self::Unknown { wanted, attempts: fact.attempt, reason: fact.reason.clone() };
        }
    }
    pub fn retried(&mut self) {
        if let Self::Dead { wanted, attempts, .. } | Self::Unknown { wanted, attempts, .. } = self {
            *self = Self::Wanted { wanted: wanted.clone(), attempts: *attempts };
        }
    }
    pub fn dropped(&mut self) {
        *self = Self::Dropped;
    }
    /// What is still to be delivered, if anything is.
    pub fn pending(&self) -> Option<&EffectWanted> {
        match self {
            Self::Wanted { wanted, .. } | Self::Attempted { wanted, .. } | Self::Waiting { wanted, .. } => Some(wanted),
            Self::Done | Self::Dead { .. } | Self::Unknown { .. } | Self::Dropped => None,
        }
    }
    /// Not tried again by itself: a person has to look.
    pub fn waits_for_a_person(&self) -> bool {
        matches!(self, Self::Dead { .. } | Self::Unknown { .. })
    }
    /// Attempts begun so far.
    pub fn attempts(&self) -> u32 {
        match self {
            Self::Attempted { attempt, .. } => *attempt,
            Self::Wanted { attempts, .. } | Self::Waiting { attempts, .. } | Self::Dead { attempts, .. } | Self::Unknown { attempts, .. } => {
                *attempts
            }
            Self::Done | Self::Dropped => 0,
        }
    }
}
