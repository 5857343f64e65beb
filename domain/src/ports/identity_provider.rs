//! Another house's word for who somebody is: where a browser is sent to sign in, and what it comes back with.

use crate::{Timestamp, access::Grant};
use async_trait::async_trait;
use thiserror::Error;

/// A browser on its way to the provider.
#[derive(Clone, PartialEq, Eq)]
pub struct SentAway {
    pub to: String,
    /// What the browser keeps meanwhile and shows when it is back; sealed, good once and for a few minutes.
    pub kept: String,
}

/// What a browser comes back with.
#[derive(Clone, Copy)]
pub struct CameBack<'a> {
    pub kept: Option<&'a str>,
    pub state: Option<&'a str>,
    pub code: Option<&'a str>,
    /// In the provider's words, instead of a code.
    pub error: Option<&'a str>,
}

/// Who somebody is at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    pub issuer: String,
    pub subject: String,
}

/// What the provider says of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    pub who: Subject,
    /// As people call her.
    pub name: Option<String>,
    /// What follows from her claims; `None` where roles are given here and not there.
    pub grants: Option<Vec<Grant>>,
}

#[derive(Debug, Error)]
pub enum NotIdentified {
    /// Wrong, old, used before, or another browser's: whoever meant to sign in begins again.
    #[error("this sign-in was begun elsewhere, too long ago, or is over; begin again")]
    Stale,
    #[error("the identity provider said no: {0}")]
    Refused(String),
    /// What it is stays with us: whoever forged it should not learn how far it came.
    #[error("what the identity provider said of you does not hold; an admin finds the reason in the program's log")]
    DoesNotHold(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the identity provider cannot be asked at the moment; try again soon, or sign in with a password")]
    Away(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// As it stands in addresses.
    fn id(&self) -> &str;
    /// As people call it.
    fn name(&self) -> &str;
    async fn send_away(&self, now: Timestamp) -> Result<SentAway, NotIdentified>;
    async fn identify(&self, came: CameBack<'_>, now: Timestamp) -> Result<Identified, NotIdentified>;
    /// Where a browser ends its session at the provider, where it offers that.
    async fn sign_out(&self, now: Timestamp) -> Option<String>;
}
