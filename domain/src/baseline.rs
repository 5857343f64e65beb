//! What is normal for one signal: the figures drift is judged by, versioned.

use crate::{
    Timestamp,
    ids::{ActorId, AssetId, SignalId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A fact: from `learned_to` on, drift of this signal is judged by these figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BaselineLearned {
    pub signal: SignalId,
    /// 1 for the first; each relearning is one more.
    pub version: u32,
    /// Good readings that it rests on.
    pub count: u64,
    pub mean: f64,
    /// Standard deviation of raw values.
    pub std: f64,
    pub p95: f64,
    pub p99: f64,
    pub learned_from: Timestamp,
    pub learned_to: Timestamp,
}

/// The machine is run otherwise than it was learned, and seems to stay so: somebody should say whether that is the new normal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RelearningProposed {
    pub asset: AssetId,
    /// For people.
    pub because: String,
}

/// A person said that what the asset does from now on is normal: its baselines are learned anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RelearningApproved {
    pub asset: AssetId,
    pub by: ActorId,
}

/// A person took the latest relearning of the asset back: it is judged by what was learned before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaselineRestored {
    pub asset: AssetId,
    pub by: ActorId,
}

/// Relearnings that can be taken back, one after another.
pub const MOST_RESTORABLE: u32 = 3;

/// Where relearning of an asset stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Relearning {
    pub proposed: bool,
    /// How many can be taken back: 0 when it is judged by what was learned first, or by the oldest that is kept.
    pub depth: u32,
}

impl Relearning {
    pub fn approved(&mut self) {
        *self = Self { proposed: false, depth: (self.depth + 1).min(MOST_RESTORABLE) };
    }
    pub fn restored(&mut self) {
        *self = Self { proposed: false, depth: self.depth.saturating_sub(1) };
    }
}
