//! What agents may spend, and what they have.

use crate::scalars::time;
use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{Timestamp, budget};
use millwright_projections::budget::BudgetRow;

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "budget::Window")]
pub enum Window {
    Hour,
    Day,
}

#[derive(SimpleObject)]
pub struct BudgetWindow {
    window: Window,
    limit: u64,
    settled: u64,
    held: u64,
    remaining: u64,
    /// The warning near the limit was given.
    warned: bool,
    resets_at: DateTime<Utc>,
}

#[derive(SimpleObject)]
pub struct Budget {
    partition: String,
    scope: String,
    tokens_per_hour: u64,
    tokens_per_day: u64,
    windows: Vec<BudgetWindow>,
}

impl Budget {
    pub(crate) fn of(row: BudgetRow, now: Timestamp) -> Self {
        let window = |window: budget::Window| {
            let spent = row.spent(window, now);
            BudgetWindow {
                window: window.into(),
                limit: row.limit(window),
                settled: spent.settled,
                held: spent.held,
                remaining: row.limit(window).saturating_sub(spent.total()),
                warned: row.was_warned(window, now),
                resets_at: time(window.resets_at(now)),
            }
        };
        Self {
            windows: budget::Window::ALL.map(window).into(),
            tokens_per_hour: row.limit(budget::Window::Hour),
            tokens_per_day: row.limit(budget::Window::Day),
            partition: row.partition,
            scope: row.scope,
        }
    }
}
