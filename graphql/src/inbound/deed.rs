//! A deed in a ticket, outside: whose account it was, and what the words mean. The same deed is one command, however it came here.

use super::{Looks, NotTakenIn, ask, door};
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
use millwright_projections::{Projections, open_cases, tickets};

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
        let mut by = contact.map(|contact| contact.person);
        if let Some(person) = &by {
            let case = open_cases::find(&self.projections.ledger(), row.case).await?;
            if !self.book.may_answer(person, &row.site, case.as_ref().map(|case| &case.asset)).await? {
                tracing::warn!(%person, system = deed.ticket.system, "{person} has no role to answer with there: what she did in the ticket is a stranger's");
                by = None;
            }
        }
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
    let mut looks = Looks::default();
    loop {
        if let Some((site, id, command)) = reading.read(deed).await? {
            return ask(state, &PartitionId::site(&site), door(), id, command).await.map(drop);
        }
        if !looks.again().await {
            tracing::debug!(system = deed.ticket.system, ticket = deed.ticket.id, "a ticket that no case here has");
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::House;
    use millwright_commands::{AttemptEffect, EffectResult, FinishEffect, WantEffect};
    use millwright_domain::{
        case::Severity,
        effect::EffectWanted,
        ids::{CaseId, EffectId},
        ticket::{TicketRef, TicketText, TicketWork},
    };
    use millwright_projections::testing::road;

    async fn open_ticket(house: &House, case: CaseId, ticket: &TicketRef) {
        let text = TicketText { title: "t".into(), body: "b".into(), labels: vec![], severity: Severity::Low };
        let (effect, body) = (EffectId(derived("t", "test", 0)), serde_json::to_string(&TicketWork::Open { text }).unwrap());
        let (target, subject) = (format!("tickets/github:{case}"), String::new());
        let wanted = EffectWanted { effect, idempotency_key: "t".into(), target, subject, body, case: Some(case), action: None, quotes: vec![] };
        house.ask("svc-tickets", WantEffect { wanted }).await;
        house.ask("svc-outbox", AttemptEffect { effect, attempt: 1 }).await;
        let result = EffectResult::Done { receipt: serde_json::to_string(ticket).unwrap() };
        house.ask("svc-outbox", FinishEffect { effect, attempt: 1, result }).await;
    }

    #[tokio::test]
    async fn a_deed_that_is_faster_than_our_own_record_of_the_ticket_is_not_lost() {
        let house = House::open().await;
        let case = house.case_awaiting_approval().await;
        let ticket = TicketRef { system: "github".into(), id: "17".into(), url: String::new() };
        let (delivery, account, words) = ("github:comment:1".into(), "ann-maintains".into(), "on my way".into());
        let deed = OutsideDeed { ticket: ticket.clone(), delivery, account, deed: Deed::Commented, words };
        let (taken, ()) = tokio::join!(take_in(&house.state, &deed), open_ticket(&house, case, &ticket));
        taken.unwrap();
        let facts = house.state.log.read_ledger(&PartitionId::site(&road::site()), 0, 1_000).await.unwrap();
        let touched = facts.iter().filter(|(_, fact)| String::from_utf8_lossy(&fact.bytes).contains("github:comment:1"));
        assert_eq!(touched.count(), 1);
    }
}
