//! The address book: contacts as the projections know them, opened with the vault.

use async_trait::async_trait;
use millwright_domain::{
    ids::ActorId,
    message::Channel,
    ports::{
        address_book::{AddressBook, AddressBookError, Contact},
        vault::Vault,
    },
};
use millwright_projections::{
    Projections,
    contacts::{self, ContactRow},
};
use std::sync::Arc;

pub struct SealedBook {
    pub projections: Projections,
    pub vault: Arc<dyn Vault>,
}

fn unreadable(cause: impl std::error::Error + Send + Sync + 'static) -> AddressBookError {
    AddressBookError(Box::new(cause))
}

impl SealedBook {
    /// `None` where no address is known, or the person was forgotten.
    async fn opened(&self, row: ContactRow) -> Result<Option<Contact>, AddressBookError> {
        let Some(sealed) = &row.address else { return Ok(None) };
        let Some(address) = self.vault.open(sealed).map_err(unreadable)? else { return Ok(None) };
        let heard_at = contacts::heard_at(&self.projections.ledger(), &row.person, &row.way).await.map_err(unreadable)?;
        Ok(Some(Contact { person: row.person, address, heard_at, proved: row.proved }))
    }
}

#[async_trait]
impl AddressBook for SealedBook {
    async fn contact(&self, person: &ActorId, channel: Channel) -> Result<Option<Contact>, AddressBookError> {
        match contacts::find(&self.projections.ledger(), person, channel.as_str()).await.map_err(unreadable)? {
            Some(row) => self.opened(row).await,
            None => Ok(None),
        }
    }

    /// A plant's people are few: each address is opened and compared. One that was proved comes before one that was only written down.
    async fn whose(&self, way: &str, address: &str) -> Result<Option<Contact>, AddressBookError> {
        let mut found: Option<Contact> = None;
        for row in contacts::known_by(&self.projections.ledger(), way).await.map_err(unreadable)? {
            let Some(contact) = self.opened(row).await? else { continue };
            let is_same = contact.address.eq_ignore_ascii_case(address);
            if is_same && found.as_ref().is_none_or(|known| !known.proved && contact.proved) {
                found = Some(contact);
            }
        }
        Ok(found)
    }
}
