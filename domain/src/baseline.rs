//! What is normal for one signal: the figures drift is judged by, versioned.

use crate::{Timestamp, ids::SignalId};
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
