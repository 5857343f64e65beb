//! An outside system of tickets: GitHub Issues, Salesforce Case, Trello, a webhook, our own list.

use super::messenger::NotTaken;
use crate::{
    case::Outcome,
    ids::CaseId,
    ticket::{TicketRef, TicketText},
};
use async_trait::async_trait;

/// Every call is safe to repeat under its key: what was done before, also by a call whose answer never came, is found and not done again.
#[async_trait]
pub trait TicketSystem: Send + Sync {
    /// Opens the case's ticket, or finds the one that is there.
    async fn open(&self, case: CaseId, text: &TicketText) -> Result<TicketRef, NotTaken>;
    /// Asked before anything is done in a ticket: for good not where it is no ticket of this case, or not of the place that is written to now.
    async fn holds(&self, _case: CaseId, _ticket: &TicketRef) -> Result<(), NotTaken> {
        Ok(())
    }
    /// Title, body and labels as they should be.
    async fn edit(&self, ticket: &TicketRef, text: &TicketText) -> Result<(), NotTaken>;
    async fn comment(&self, ticket: &TicketRef, key: &str, body: &str) -> Result<(), NotTaken>;
    /// With a last comment.
    async fn close(&self, ticket: &TicketRef, key: &str, outcome: Outcome, body: &str) -> Result<(), NotTaken>;
    /// With a comment that says why.
    async fn reopen(&self, ticket: &TicketRef, key: &str, body: &str) -> Result<(), NotTaken>;
    /// What people did there since `since`, which an earlier call returned; empty for "from now on". What we did ourselves is left out.
    /// `None` where the system cannot be asked.
    async fn news(&self, since: &str) -> Result<Option<TicketNews>, NotTaken>;
}

/// What was found by asking.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TicketNews {
    pub deeds: Vec<OutsideDeed>,
    /// To be given next time.
    pub next: String,
}

/// One thing that somebody did in a ticket. Cleaned, but not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideDeed {
    pub ticket: TicketRef,
    /// The system's own name of the deed, the same by webhook and by asking.
    pub delivery: String,
    /// The account, as the system names it.
    pub account: String,
    pub deed: Deed,
    pub words: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Commented,
    /// `Repaired` for "completed", `FalseAlarm` for "not planned", `None` where the system says no more.
    Closed(Option<Outcome>),
    Reopened,
    Labelled(Vec<String>),
}
