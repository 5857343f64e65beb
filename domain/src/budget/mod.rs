//! A token budget: what may be spent on language models, held before a call and settled after it. Whole tokens only.
//!
//! One reservation counts in each of its scopes (the site, an agent, a task, a provider), all of them or none.
//! Invariant: in every window of every scope, settled + held never passes the limit by a reservation. Only a provider's overrun can, and it blocks.

mod account;
mod window;

use crate::{
    Timestamp,
    ids::{ActorId, ReservationId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use account::{BudgetAccount, BudgetFact, Ended, Hold, Spent};
pub use window::Window;

/// The scope that everything on a site counts in.
pub const SITE: &str = "site";
/// The scope that everything counts in, on the platform's own partition.
pub const PLATFORM: &str = "platform";

pub fn scope_of_agent(agent: &ActorId) -> String {
    format!("agent/{agent}")
}
pub fn scope_of_task(task: &str) -> String {
    format!("task/{task}")
}
pub fn scope_of_provider(provider: &str) -> String {
    format!("provider/{provider}")
}

/// Shares of a limit that are told once a window, when settled use passes them, in percent.
pub const THRESHOLDS: [u8; 4] = [50, 80, 95, 100];

/// Limits were set (first, or anew by a person).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetSet {
    pub tokens_per_hour: u64,
    pub tokens_per_day: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_per_month: Option<u64>,
    /// For a scope that ends, as a task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_in_all: Option<u64>,
    /// The share of each limit that ordinary calls leave alone, in percent: see [`Lane`].
    #[serde(default, skip_serializing_if = "is_none_kept")]
    pub kept_percent: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none_kept(percent: &u8) -> bool {
    *percent == 0
}

impl BudgetSet {
    pub const fn of(tokens_per_hour: u64, tokens_per_day: u64) -> Self {
        Self { tokens_per_hour, tokens_per_day, tokens_per_month: None, tokens_in_all: None, kept_percent: 0 }
    }
    pub const fn of_task(tokens: u64) -> Self {
        Self { tokens_in_all: Some(tokens), ..Self::of(tokens, tokens) }
    }
    pub const fn keeping(self, percent: u8) -> Self {
        Self { kept_percent: percent, ..self }
    }
    /// `None`: no limit.
    pub const fn limit(&self, window: Window) -> Option<u64> {
        match window {
            Window::Hour => Some(self.tokens_per_hour),
            Window::Day => Some(self.tokens_per_day),
            Window::Month => self.tokens_per_month,
            Window::Whole => self.tokens_in_all,
        }
    }
    /// What a call in this lane may bring the sum to.
    pub fn cap(&self, window: Window, scope: &str, lane: Lane) -> Option<u64> {
        let limit = self.limit(window)?;
        let kept = u128::from(limit) * u128::from(self.kept_percent.min(100)) / 100;
        // Never more than the limit, so it fits.
        let kept = u64::try_from(kept).unwrap_or(limit);
        Some(if lane.opens(scope) { limit } else { limit - kept })
    }
}

/// Which part of a limit a call may use. A share of each is kept: a task's for its last call, that writes down what there is; elsewhere for
/// critical cases, so that a flood of small ones cannot starve them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    #[default]
    Ordinary,
    Critical,
    Finish,
    /// The last call about a critical case.
    CriticalFinish,
}

impl Lane {
    pub const fn is_ordinary(&self) -> bool {
        matches!(self, Self::Ordinary)
    }
    fn opens(self, scope: &str) -> bool {
        match self {
            Self::Ordinary => false,
            Self::Critical => !scope.starts_with("task/"),
            Self::Finish => scope.starts_with("task/"),
            Self::CriticalFinish => true,
        }
    }
}

/// Tokens are held for one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokensReserved {
    pub reservation: ReservationId,
    pub agent: ActorId,
    /// The most that the attempt can use.
    pub tokens: u64,
    /// Wall time. Fixes the windows that all later facts of this reservation count in.
    pub reserved_at: Timestamp,
    pub expires_at: Timestamp,
    /// All that it counts in, each with a fact like this on its own stream; none named: this stream's alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "Lane::is_ordinary")]
    pub lane: Lane,
    /// `case/…` or `task/…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
}

/// On the log before the call leaves: tells "crashed before sending" from "crashed after".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallDispatched {
    pub reservation: ReservationId,
}

/// The call's true use. `estimated` when the provider never said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokensSettled {
    pub reservation: ReservationId,
    pub used: u64,
    #[serde(default)]
    pub estimated: bool,
}

/// The provider used more than was held. Counted in full; the scope is blocked until its windows allow it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetOverrun {
    pub reservation: ReservationId,
    pub held: u64,
    pub used: u64,
}

/// The call never left, so its tokens are free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokensReleased {
    pub reservation: ReservationId,
}

/// Nobody settled or released it in time. If it was dispatched it counts in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReservationExpired {
    pub reservation: ReservationId,
    pub counted: u64,
}

/// The provider said after all what was used, once the reservation had been counted in full. The difference is given back, or taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UsageCorrected {
    pub reservation: ReservationId,
    pub counted: u64,
    pub used: u64,
}

/// Settled use passed this share of a limit; once per window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetWarned {
    pub window: Window,
    pub epoch: i64,
    pub percent: u8,
    pub settled: u64,
    pub limit: u64,
}
