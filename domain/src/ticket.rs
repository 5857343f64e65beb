//! A case's ticket in an outside system: what we write there, what people do there, and the facts of both.

use crate::{
    case::{Outcome, Severity},
    ids::{ActorId, CaseId},
    sealed::Sealed,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Target of an effect that is ticket work: `tickets/github:<case>`.
pub const TICKETS: &str = "tickets/";

/// Which ticket, as its system names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct TicketRef {
    /// `github`, `salesforce`, `trello`, `webhook`, `builtin`.
    pub system: String,
    /// What the system's API takes: an issue's number, a record's or a card's id.
    pub id: String,
    /// Where a person looks at it; empty if nowhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// What a ticket says, whole. Markdown, made from typed facts; whatever came from outside is escaped in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TicketText {
    /// One line, up to 200 characters.
    pub title: String,
    pub body: String,
    /// Lower case, without blanks: `millwright`, `severity-high`, `bearing_wear`.
    pub labels: Vec<String>,
    pub severity: Severity,
}

/// One thing to be done in a ticket system. Kept as JSON in the body of its effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketWork {
    /// Opens it, or finds the one that was opened under the case's id before.
    Open {
        text: TicketText,
    },
    /// Title, body and labels as they should be from now on.
    Edit {
        ticket: TicketRef,
        text: TicketText,
    },
    Comment {
        ticket: TicketRef,
        body: String,
    },
    Close {
        ticket: TicketRef,
        outcome: Outcome,
        body: String,
    },
    Reopen {
        ticket: TicketRef,
        body: String,
    },
}

impl TicketWork {
    pub fn ticket(&self) -> Option<&TicketRef> {
        match self {
            Self::Open { .. } => None,
            Self::Edit { ticket, .. } | Self::Comment { ticket, .. } | Self::Close { ticket, .. } | Self::Reopen { ticket, .. } => Some(ticket),
        }
    }
}

/// The system has a ticket for the case. From here on it is updated, never opened again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TicketOpened {
    pub case: CaseId,
    pub ticket: TicketRef,
}

/// Somebody did something in the ticket, outside. What follows from it, if anything, is another fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TicketTouched {
    pub ticket: TicketRef,
    /// The system's own name of the deed; one deed is recorded once.
    pub delivery: String,
    /// The enrolled person behind the account, if it is one's. Others may speak, and nothing follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ActorId>,
    pub deed: TicketDeed,
    /// What was written there. Free words, so they may name a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Sealed>,
}

/// What people do in tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketDeed {
    /// With what the words mean, if they mean something here.
    Commented {
        means: Option<Outcome>,
    },
    /// `Repaired` for "completed", `FalseAlarm` for "not planned", `None` where the system says no more than that it is over.
    Closed {
        means: Option<Outcome>,
    },
    Reopened,
    /// All labels that it has now.
    Labelled {
        labels: Vec<String>,
    },
}
