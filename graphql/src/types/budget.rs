//! What agents may spend, what they have, and who holds what.

use crate::scalars::time;
use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{Timestamp, budget};
use millwright_projections::budget::{BudgetRow, HeldRow};

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "budget::Window")]
pub enum Window {
    Hour,
    Day,
    Month,
    /// The whole life of the scope, as a task's.
    Whole,
}

/// Which part of a limit a call may use.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "budget::Lane")]
pub enum Lane {
    Ordinary,
    Critical,
    /// A task's last call, that writes down what there is.
    Finish,
    CriticalFinish,
}

/// A window that has a limit.
#[derive(SimpleObject)]
pub struct BudgetWindow {
    window: Window,
    limit: u64,
    settled: u64,
    held: u64,
    remaining: u64,
    /// A warning near the limit was given.
    warned: bool,
    /// The highest share that was told: 0, 50, 80, 95 or 100.
    told_percent: u8,
    /// The whole never does.
    resets_at: Option<DateTime<Utc>>,
}

/// Tokens that are held for one call.
#[derive(SimpleObject)]
pub struct HeldTokens {
    agent: String,
    tokens: u64,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    lane: Lane,
    /// `case/…` or `task/…`.
    about: Option<String>,
    /// The call has left.
    dispatched: bool,
}

#[derive(SimpleObject)]
pub struct Budget {
    partition: String,
    /// `site`, `platform`, `agent/…`, `task/…`, `provider/…`.
    scope: String,
    tokens_per_hour: u64,
    tokens_per_day: u64,
    tokens_per_month: Option<u64>,
    tokens_in_all: Option<u64>,
    /// The share that ordinary calls leave alone.
    kept_percent: u8,
    /// It counts without a limit.
    is_unlimited: bool,
    #[graphql(complexity = "crate::query::times(4, child_complexity)")]
    windows: Vec<BudgetWindow>,
    #[graphql(complexity = "crate::query::times(10, child_complexity)")]
    held: Vec<HeldTokens>,
    calls: u64,
}

impl Budget {
    pub(crate) fn of(row: BudgetRow, now: Timestamp) -> Self {
        let window = |window: budget::Window| {
            let (spent, limit) = (row.spent(window, now), row.limit(window));
            // A scope without limits shows what it came to.
            let shown = limit.or_else(|| (row.limits.is_none() && window != budget::Window::Whole).then_some(0))?;
            Some(BudgetWindow {
                window: window.into(),
                limit: shown,
                settled: spent.settled,
                held: spent.held,
                remaining: shown.saturating_sub(spent.total()),
                warned: row.told_percent(window, now) >= 80,
                told_percent: row.told_percent(window, now),
                resets_at: window.resets_at(now).map(time),
            })
        };
        Self {
            windows: budget::Window::ALL.into_iter().filter_map(window).collect(),
            tokens_per_hour: row.limit(budget::Window::Hour).unwrap_or_default(),
            tokens_per_day: row.limit(budget::Window::Day).unwrap_or_default(),
            tokens_per_month: row.limit(budget::Window::Month),
            tokens_in_all: row.limit(budget::Window::Whole),
            kept_percent: row.limits.as_ref().map_or(0, |limits| limits.kept_percent),
            is_unlimited: row.limits.is_none(),
            held: row.open.into_values().map(HeldTokens::of).collect(),
            calls: row.calls,
            partition: row.partition,
            scope: row.scope,
        }
    }
}

impl HeldTokens {
    fn of(row: HeldRow) -> Self {
        Self {
            agent: row.agent.to_string(),
            tokens: row.tokens,
            since: time(row.since),
            until: time(row.until),
            lane: row.lane.into(),
            about: row.about,
            dispatched: row.dispatched,
        }
    }
}
