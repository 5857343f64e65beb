//! One proposed action and its life: waiting for a yes, allowed, begun, ended. What an approval binds to is computed here.

use crate::{
    Timestamp,
    approval::{Asked, Risk},
    ids::{ActionId, ActionName, ActorId, CauseId, DeviceId, EventId, SignalId},
    policy::{MessageSpec, Ruling, digest},
};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long after the last moment for a yes an action may still begin.
const TO_BEGIN: TimeDelta = TimeDelta::minutes(2);

/// What exactly would be done, resolved to a device and a number: nothing is left to be decided after the yes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    Write(WriteOrder),
    Message(MessageSpec),
}

/// One value for one writable signal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WriteOrder {
    pub device: DeviceId,
    pub signal: SignalId,
    /// In the signal's unit.
    pub value: f64,
    pub tolerance: f64,
}

/// A reading that a decision rested on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    pub signal: SignalId,
    pub value: f64,
    /// Plant time.
    pub at: Timestamp,
}

/// An action put forward. What may be said yes to is `binding`, not the name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proposal {
    pub action: ActionId,
    pub name: ActionName,
    pub order: Order,
    pub ruling: Ruling,
    /// The diagnosis, or the alert, that it answers.
    pub because: EventId,
    /// Values that the decision rests on; the approval is void once they have moved on.
    pub preconditions: Vec<Observed>,
    pub policy_digest: String,
    /// Wall time.
    pub expires_at: Timestamp,
    pub proposed_by: ActorId,
    #[serde(default, skip_serializing_if = "Risk::is_medium")]
    pub risk: Risk,
    /// What the machine was thought to have. The approval is void once it is thought to have something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<CauseId>,
    /// Wall time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_at: Option<Timestamp>,
    /// A person wanted it instead of that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<ActionId>,
}

impl Proposal {
    /// SHA-256 over the action, its evidence and its preconditions. An approval names it; another proposal has another.
    pub fn binding(&self) -> String {
        digest(&(&self.action, &self.name, &self.order, &self.because, &self.preconditions, &self.policy_digest))
    }
    /// Wall time. Approved, but not begun by then, it never begins: the last yes leaves time for a device that is just changing hands.
    pub fn begin_by(&self) -> Timestamp {
        self.expires_at + TO_BEGIN
    }
    /// The signal that a write would change; two pending proposals for one signal of a machine cannot stand side by side.
    pub fn written_signal(&self) -> Option<&SignalId> {
        match &self.order {
            Order::Write(write) => Some(&write.signal),
            Order::Message(_) => None,
        }
    }
}

/// Where an action stands. Each stage carries only what exists then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Action {
    AwaitingApproval {
        proposal: Proposal,
        #[serde(default)]
        asked: Asked,
    },
    Approved {
        proposal: Proposal,
        by: ActorId,
    },
    /// Begun; nobody knows yet what came of it. It may never be begun again.
    Started {
        proposal: Proposal,
        send_by: Timestamp,
        /// For a write: the assignment under which alone it may be sent.
        #[serde(default)]
        device_epoch: Option<u64>,
    },
    Completed {
        proposal: Proposal,
        at: Timestamp,
    },
    /// Ended without effect, and why: rejected, expired, superseded, voided, failed.
    Ended {
        proposal: Proposal,
        ending: Ending,
    },
    /// Begun, and it cannot be known whether it took effect. A person has to look.
    Unverified {
        proposal: Proposal,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Rejected,
    Expired,
    Superseded,
    Voided,
    Failed,
}

impl Action {
    pub fn proposal(&self) -> &Proposal {
        match self {
            Self::AwaitingApproval { proposal, .. }
            | Self::Approved { proposal, .. }
            | Self::Started { proposal, .. }
            | Self::Completed { proposal, .. }
            | Self::Ended { proposal, .. }
            | Self::Unverified { proposal } => proposal,
        }
    }
    /// Neither begun nor ended.
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::AwaitingApproval { .. } | Self::Approved { .. })
    }
    pub const fn stage(&self) -> &'static str {
        match self {
            Self::AwaitingApproval { .. } => "awaiting_approval",
            Self::Approved { .. } => "approved",
            Self::Started { .. } => "started",
            Self::Completed { .. } => "completed",
            Self::Unverified { .. } => "unverified",
            Self::Ended { ending, .. } => match ending {
                Ending::Rejected => "rejected",
                Ending::Expired => "expired",
                Ending::Superseded => "superseded",
                Ending::Voided => "voided",
                Ending::Failed => "failed",
            },
        }
    }
}
