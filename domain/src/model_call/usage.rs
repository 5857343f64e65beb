//! Tokens that a call used, in five classes that do not overlap: cached input counted twice is the oldest mistake in such bills.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Add;

/// Whole tokens, each in one class only. Adapters bring their provider's way of counting into this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Usage {
    /// Read anew.
    pub input: u64,
    /// Input that the provider had kept.
    pub cache_read: u64,
    /// Input that the provider keeps from now on.
    pub cache_write: u64,
    /// What was said, calls of tools included.
    pub output: u64,
    /// What was thought before, where the provider tells it apart.
    pub reasoning: u64,
}

impl Usage {
    pub fn total(&self) -> u64 {
        [self.input, self.cache_read, self.cache_write, self.output, self.reasoning].into_iter().fold(0, u64::saturating_add)
    }
}

impl Add for Usage {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_add(other.input),
            cache_read: self.cache_read.saturating_add(other.cache_read),
            cache_write: self.cache_write.saturating_add(other.cache_write),
            output: self.output.saturating_add(other.output),
            reasoning: self.reasoning.saturating_add(other.reasoning),
        }
    }
}

/// Where the figures of a call are from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Provider,
    /// From the length of what was sent and heard, on the high side.
    Estimated,
    /// Nobody knows, so all that was held counts.
    Reserved,
}

/// What a call used, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Spent {
    pub usage: Usage,
    pub source: Source,
}

impl Spent {
    pub fn told(usage: Usage) -> Self {
        Self { usage, source: Source::Provider }
    }
    pub fn is_estimated(&self) -> bool {
        self.source != Source::Provider
    }
}
