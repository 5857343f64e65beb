//! Messages and the like, on their way out or delivered.

use crate::scalars::{id, time};
use async_graphql::{Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_projections::notices::outbox;

/// WAITING: failed, to be tried again. DEAD: given up, waits for a person. UNKNOWN: sent, and nobody knows whether it arrived; waits for a
/// person, too. DROPPED: a person did not want it delivered any more.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "outbox::NoticeStage")]
pub enum NoticeStage {
    Wanted,
    Attempted,
    Waiting,
    Done,
    Dead,
    Unknown,
    Dropped,
}

#[derive(SimpleObject)]
pub struct Notice {
    id: ID,
    site: Option<ID>,
    target: String,
    subject: String,
    body: String,
    case_id: Option<ID>,
    action_id: Option<ID>,
    stage: NoticeStage,
    attempts: u32,
    wanted_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    receipt: Option<String>,
    reason: Option<String>,
    /// When it is tried next, while it waits.
    retry_at: Option<DateTime<Utc>>,
    /// When the channel said that it is on the person's screen.
    read_at: Option<DateTime<Utc>>,
}

impl From<outbox::NoticeRow> for Notice {
    fn from(row: outbox::NoticeRow) -> Self {
        Self {
            id: id(row.wanted.effect),
            site: row.site.as_ref().map(id),
            target: row.wanted.target,
            subject: row.wanted.subject,
            // Words that stay sealed until it leaves.
            body: row.wanted.body.replace("⟦0⟧", "…"),
            case_id: row.wanted.case.map(id),
            action_id: row.wanted.action.map(id),
            stage: row.stage.into(),
            attempts: row.attempts,
            wanted_at: time(row.wanted_at),
            changed_at: time(row.changed_at),
            receipt: row.receipt,
            reason: row.reason,
            retry_at: row.retry_at.map(time),
            read_at: row.read_at.map(time),
        }
    }
}
