//! Where outside a case is followed, and what people did there last.

use crate::{
    scalars::{id, time},
    types::case::Outcome,
};
use async_graphql::{Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::ticket::TicketDeed;
use millwright_projections::tickets::TicketRow;

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum TicketDeedKind {
    Commented,
    Closed,
    Reopened,
    Labelled,
}

#[derive(SimpleObject)]
pub struct Ticket {
    /// `github`, `salesforce`, `trello`, `webhook`, `builtin`.
    system: String,
    /// What the system calls it.
    ticket: String,
    /// Where a person looks at it; null if nowhere.
    url: Option<String>,
    site: ID,
    case_id: ID,
    opened_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    /// Deeds of people in it so far.
    touched: u32,
    last_deed: Option<TicketDeedKind>,
    /// What that deed was taken to mean, if anything.
    last_meant: Option<Outcome>,
    /// The enrolled person who did it; null for an account that nobody is enrolled with.
    last_by: Option<ID>,
}

impl From<TicketRow> for Ticket {
    fn from(row: TicketRow) -> Self {
        let (deed, by) = row.last.unzip();
        Self {
            system: row.ticket.system,
            ticket: row.ticket.id,
            // Only what a browser may follow from a page of ours.
            url: Some(row.ticket.url).filter(|url| url.starts_with("https://") || url.starts_with("http://") || url.starts_with('/')),
            site: id(row.site),
            case_id: id(row.case),
            opened_at: time(row.opened_at),
            changed_at: time(row.changed_at),
            touched: row.touched,
            last_meant: deed.as_ref().and_then(meant).map(Outcome::from),
            last_deed: deed.as_ref().map(kind),
            last_by: by.flatten().map(id),
        }
    }
}

fn kind(deed: &TicketDeed) -> TicketDeedKind {
    match deed {
        TicketDeed::Commented { .. } => TicketDeedKind::Commented,
        TicketDeed::Closed { .. } => TicketDeedKind::Closed,
        TicketDeed::Reopened => TicketDeedKind::Reopened,
        TicketDeed::Labelled { .. } => TicketDeedKind::Labelled,
    }
}

fn meant(deed: &TicketDeed) -> Option<millwright_domain::case::Outcome> {
    match deed {
        TicketDeed::Commented { means } | TicketDeed::Closed { means } => *means,
        TicketDeed::Reopened | TicketDeed::Labelled { .. } => None,
    }
}
