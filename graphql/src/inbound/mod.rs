//! What becomes of news from outside: each piece a command, in the name of whoever's it is. Verified before it comes here, and still only data.

mod alert;
mod chat;
pub mod deed;

use crate::state::AppState;
use millwright_commands::{Answered, Ask, Command, MarkMessageNotDelivered, MarkMessageRead, NotAnswered};
use millwright_domain::{
    envelope::Answer,
    ids::{ActorId, CommandId, SiteId, derived},
    ports::{address_book::AddressBookError, inbound::News, vault::VaultError},
    position::PartitionId,
};
use millwright_projections::{NotRead, notices::outbox};
use std::time::Duration;
use thiserror::Error;

const LOOKS: u32 = 12;
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Why news was not taken in. Whoever sent it should send it again, unless it says that it cannot be meant.
#[derive(Debug, Error)]
pub enum NotTakenIn {
    #[error("the command got no answer")]
    NotAnswered(#[from] NotAnswered),
    #[error("what it refers to cannot be looked up now")]
    NotRead(#[from] NotRead),
    #[error(transparent)]
    AddressBook(#[from] AddressBookError),
    #[error("it cannot be sealed")]
    Vault(#[from] VaultError),
    /// It will not become better by being sent again.
    #[error("{0}")]
    CannotBeMeant(String),
}

/// In whose name what nobody's is asked.
pub(crate) fn door() -> ActorId {
    "svc-door".parse().expect("a literal that is a name")
}

pub(crate) async fn take_in(state: &AppState, news: News) -> Result<(), NotTakenIn> {
    match news {
        News::Message(message) => chat::take_in(state, message).await,
        News::Ticket(deed) => deed::take_in(state, &deed).await,
        News::Alert(alert) => alert::take_in(state, alert).await,
        News::Board(site) => {
            if let Some(bell) = state.bells.get(&site) {
                bell.notify_one();
            }
            Ok(())
        }
        News::Read { receipt, .. } => {
            let Some(row) = message_of(state, &receipt, None).await? else { return Ok(()) };
            let effect = row.wanted.effect;
            let id = CommandId(derived(&effect.to_string(), "read", 0));
            ask(state, &partition(row.site.as_ref()), door(), id, MarkMessageRead { effect }).await.map(drop)
        }
        News::NotDelivered { receipt, reason, .. } => {
            let Some(row) = message_of(state, &receipt, None).await? else { return Ok(()) };
            let effect = row.wanted.effect;
            let id = CommandId(derived(&effect.to_string(), "not delivered", 0));
            ask(state, &partition(row.site.as_ref()), door(), id, MarkMessageNotDelivered { effect, reason }).await.map(drop)
        }
    }
}

/// What was sent under that receipt.
async fn message_of(state: &AppState, receipt: &str, target: Option<&str>) -> Result<Option<outbox::NoticeRow>, NotTakenIn> {
    let mut looks = Looks::default();
    loop {
        let found = outbox::of_receipt(&state.projections.ledger(), receipt, target).await?;
        if found.is_some() || !looks.again().await {
            return Ok(found);
        }
    }
}

/// Outside services may be faster than our own record of what was done there: it is looked for a little longer.
#[derive(Default)]
struct Looks(u32);

impl Looks {
    /// Waits for the next look; false after the last.
    async fn again(&mut self) -> bool {
        self.0 += 1;
        let is_left = self.0 < LOOKS;
        if is_left {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        is_left
    }
}

/// A refusal is an answer: it is said in the log of the program, and whoever sent the news has done all he could.
async fn ask(state: &AppState, partition: &PartitionId, by: ActorId, id: CommandId, command: impl Into<Command>) -> Result<Answered, NotTakenIn> {
    let command = command.into();
    let name = command.name();
    let answered = state.commands.ask(partition, Ask::new(by, command).with_id(id)).await?;
    if let Answer::Refused { code, reason } = &answered.answer {
        tracing::info!(command = name, code, reason, "{name} from outside was refused: {reason}");
    }
    Ok(answered)
}

fn partition(site: Option<&SiteId>) -> PartitionId {
    site.map_or_else(PartitionId::platform, PartitionId::site)
}

/// The only site there is, or the first of several.
fn first_site(state: &AppState) -> Option<SiteId> {
    state.projections.plants().iter().find_map(|row| Some(row.plant.as_ref()?.site.clone()))
}
