//! An outside board of a site's tasks.

use super::messenger::NotTaken;
use crate::{Timestamp, board::CardWork, ids::TaskId, task::Stage};
use async_trait::async_trait;

#[async_trait]
pub trait TaskBoard: Send + Sync {
    /// Makes the task's card so, safe to repeat under its key: a card that is there, also by a call whose answer never came, is found.
    /// Returns what the board calls it.
    async fn show(&self, key: &str, work: &CardWork) -> Result<String, NotTaken>;
    /// What people did there since `since`, which an earlier call returned; empty for the first time: then of what people left there
    /// and nobody has answered. What we did ourselves is left out.
    async fn news(&self, since: &str) -> Result<BoardNews, NotTaken>;
}

/// What was found by asking.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BoardNews {
    /// The oldest first.
    pub deeds: Vec<OutsideCard>,
    /// To be given next time.
    pub next: String,
}

/// One thing that somebody did to a card. Cleaned, but not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideCard {
    pub card: String,
    /// The task whose card it says it is.
    pub task: Option<TaskId>,
    /// The board's own name of the deed, the same by webhook and by asking.
    pub delivery: String,
    /// The account, as the board names it.
    pub account: String,
    pub deed: CardChange,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardChange {
    Made {
        title: String,
        words: String,
        labels: Vec<String>,
        due: Option<Timestamp>,
    },
    /// `None`: into a list that stands for no stage.
    Moved {
        to: Option<Stage>,
        /// Of the result that the card showed when it was moved; `None` where none was, or another may have come since.
        result: Option<u64>,
    },
}
