//! A deed in a ticket, outside: whose account it was, and what the words mean. The same deed is one command, however it came here.

use super::{NotTakenIn, ask, door};
use crate::state::AppState;
use millwright_commands::{Command, ReceiveDeed};
use millwright_domain::{
    case::Outcome,
    ids::{CommandId, SiteId, derived},
    message::Answer,
    ports::{
        address_book::AddressBook,
        ticket_system::{Deed, OutsideDeed},
        vault::Vault,
    },
    position::PartitionId,
    ticket::TicketDeed,
};
use millwright_projections::{Projections, tickets};

/// What it takes to read one.
pub struct Reading<'a> {
    pub projections: &'a Projections,
    pub book: &'a dyn AddressBook,
    pub vault: &'a dyn Vault,
}

/// Under whose key words of people are sealed whom nobody has enrolled.
const STRANGER: &str = "outside";

impl Reading<'_> {
    /// The site whose ticket it is, and what to ask of it; `None` where nothing here has such a ticket.
    pub async fn read(&self, deed: &OutsideDeed) -> Result<Option<(SiteId, CommandId, Command)>, NotTakenIn> {
        let Some(row) = tickets::find(&self.projections.ledger(), &deed.ticket.system, &deed.ticket.id).await? else { return Ok(None) };
        let contact = self.book.whose(&deed.ticket.system, &deed.account).await?;
        // Written down by somebody at the page is enough here: the system has checked who is behind the account.
        let by = contact.map(|contact| contact.person);
        let subject = by.clone().unwrap_or_else(|| STRANGER.parse().expect("a literal that is a name"));
        let words = Some(deed.words.trim()).filter(|words| !words.is_empty()).map(|words| self.vault.seal(&subject, words)).transpose()?;
        let id = CommandId(derived(&deed.delivery, "deed", 0));
        let (system, ticket, delivery) = (deed.ticket.system.clone(), deed.ticket.id.clone(), deed.delivery.clone());
        let receive = ReceiveDeed { system, ticket, delivery, by, deed: done(deed), words };
        Ok(Some((row.site, id, receive.into())))
    }
}

fn done(deed: &OutsideDeed) -> TicketDeed {
    match &deed.deed {
        Deed::Commented => TicketDeed::Commented { means: meant(&deed.words) },
        Deed::Closed(outcome) => TicketDeed::Closed { means: meant(&deed.words).or(*outcome) },
        Deed::Reopened => TicketDeed::Reopened,
        Deed::Labelled(labels) => TicketDeed::Labelled { labels: labels.clone() },
    }
}

fn meant(words: &str) -> Option<Outcome> {
    match Answer::of_words(words) {
        Answer::Ended(outcome) => Some(outcome),
        _ => None,
    }
}

pub(super) async fn take_in(state: &AppState, deed: &OutsideDeed) -> Result<(), NotTakenIn> {
    let reading = Reading { projections: &state.projections, book: &*state.book, vault: &*state.vault };
    match reading.read(deed).await? {
        Some((site, id, command)) => ask(state, &PartitionId::site(&site), door(), id, command).await.map(drop),
        None => {
            tracing::debug!(system = deed.ticket.system, ticket = deed.ticket.id, "a ticket that no case here has");
            Ok(())
        }
    }
}
