//! What people look at: one file a question, each a pure fold over the log with its tables and its queries. Rebuilt at will.
//!
//! [`Projections`] opens the databases, follows the log and tells how far it has come. Everything here can be deleted:
//! the log is the truth. `_truth` partitions, which only the evaluation may read, are never followed.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod agent_sums;
mod db;
mod fact;
mod follow;
mod home;
mod page;
pub mod past;
mod place;
mod projection;
mod projections;
mod rebuild;
mod shelf;
mod store;
pub mod summary;
mod table;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod turn;

// the questions
pub mod actions;
pub mod agent_days;
pub mod agents;
pub mod alarm_performance;
pub mod alarms;
pub mod asset_health;
pub mod audit;
pub mod budget;
pub mod case_memory;
pub mod case_timeline;
pub mod case_words;
pub mod contacts;
pub mod experience;
pub mod forecasts;
pub mod house_days;
pub mod inspections;
pub mod investigations;
pub mod kept_calls;
pub mod letters;
pub mod live;
pub mod notices;
pub mod open_cases;
pub mod pending_approvals;
pub mod plant;
pub mod principals;
pub mod readings;
pub mod similar;
pub mod standing;
pub mod tasks;
pub mod tickets;
pub mod work_log;

pub use db::{Db, NotRead};
pub use follow::{
    FollowError,
    ledger::{Change, Parked},
};
pub use page::{BadCursor, Cursor, Page, Window};
pub use past::{NoPast, Pasts};
pub use place::{BadPlace, Place, Postgres};
pub use projections::{Lag, NotReached, Projections};
pub use rebuild::{Changed, Progress, RebuildError, Rebuilding, Rebuilt};
pub use store::StoreError;
