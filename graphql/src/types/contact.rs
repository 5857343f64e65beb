//! How a person is known outside. The address is shown as far as it takes to tell two apart, never whole.

use crate::scalars::{Position, id, time};
use async_graphql::{ID, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_projections::contacts::ContactRow;

#[derive(SimpleObject)]
pub struct Contact {
    person: ID,
    /// `whatsapp`, `telegram`, `email`, `github`, `salesforce`, `trello`.
    way: String,
    /// The end of it: `…4711`. Null once the person was forgotten, or while only a code was made.
    address_hint: Option<String>,
    /// A code came from there, so answers from there count.
    proved: bool,
    /// A code waits to be sent from there, until then.
    code_expires_at: Option<DateTime<Utc>>,
    changed_at: DateTime<Utc>,
}

impl Contact {
    pub fn of(row: ContactRow, address: Option<&str>) -> Self {
        Self {
            person: id(&row.person),
            way: row.way,
            address_hint: address.map(hint),
            proved: row.proved,
            code_expires_at: row.offer.map(|(_, expires_at)| time(expires_at)),
            changed_at: time(row.changed_at),
        }
    }
}

fn hint(address: &str) -> String {
    let length = address.chars().count();
    let shown = if length > 8 { 4 } else { 2 };
    format!("…{}", address.chars().skip(length.saturating_sub(shown)).collect::<String>())
}

/// A one-time code, shown this once.
#[derive(SimpleObject)]
pub struct Enrolment {
    /// To be sent by the person from the address that is to be proved: `JOIN-7K2QM-4XWPA`.
    pub code: String,
    pub expires_at: DateTime<Utc>,
    /// Give it to a query as `atLeast` to see what came of it.
    pub position: Position,
}

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn an_address_is_hinted_at_and_never_shown_whole() {
        assert_eq!(hint("+491701234711"), "…4711");
        assert_eq!(hint("4711"), "…11");
        assert_eq!(hint("ü"), "…ü");
    }
}
