//! Under which address a person is reached, and whose an address is.

use crate::{
    Timestamp,
    ids::{ActorId, AssetId, SiteId},
    message::Channel,
};
use async_trait::async_trait;
use thiserror::Error;

/// A person on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub person: ActorId,
    /// A number in E.164 for WhatsApp, a chat's id for Telegram, an address for e-mail.
    pub address: String,
    /// Wall time of the last message from there: WhatsApp takes free text for 24 hours after it.
    pub heard_at: Option<Timestamp>,
    /// The person has shown by a one-time code that the address is hers: only then do answers from there count.
    pub proved: bool,
}

#[derive(Debug, Error)]
#[error("the address book cannot be read")]
pub struct AddressBookError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

#[async_trait]
pub trait AddressBook: Send + Sync {
    async fn contact(&self, person: &ActorId, channel: Channel) -> Result<Option<Contact>, AddressBookError>;
    /// `way`: a channel or a ticket system, see [`crate::contact::Way`].
    async fn whose(&self, way: &str, address: &str) -> Result<Option<Contact>, AddressBookError>;
    /// Who has that address, whatever her roles are by now.
    async fn holder(&self, way: &str, address: &str) -> Result<Option<ActorId>, AddressBookError>;
    /// Whether her roles let her answer for the whole site, and not for one area of it.
    async fn may_answer_for(&self, person: &ActorId, site: &SiteId) -> Result<bool, AddressBookError>;
    /// Whether her roles let her answer there. Without an asset: for anything at that site.
    async fn may_answer(&self, person: &ActorId, site: &SiteId, asset: Option<&AssetId>) -> Result<bool, AddressBookError>;
}

/// The book of a house in which nobody is enrolled.
pub struct NobodyEnrolled;

#[async_trait]
impl AddressBook for NobodyEnrolled {
    async fn contact(&self, _: &ActorId, _: Channel) -> Result<Option<Contact>, AddressBookError> {
        Ok(None)
    }
    async fn whose(&self, _: &str, _: &str) -> Result<Option<Contact>, AddressBookError> {
        Ok(None)
    }
    async fn holder(&self, _: &str, _: &str) -> Result<Option<ActorId>, AddressBookError> {
        Ok(None)
    }
    async fn may_answer_for(&self, _: &ActorId, _: &SiteId) -> Result<bool, AddressBookError> {
        Ok(false)
    }
    async fn may_answer(&self, _: &ActorId, _: &SiteId, _: Option<&AssetId>) -> Result<bool, AddressBookError> {
        Ok(false)
    }
}
