//! What knocks at the door: a request from an outside service, verified over its raw bytes and read into types.

use super::ticket_system::OutsideDeed;
use crate::{Timestamp, case::Severity, ids::SiteId, message::Channel};
use async_trait::async_trait;
use std::collections::BTreeMap;
use thiserror::Error;

/// A request as it came. The signature is over `body`, so nobody reads that first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knock {
    /// The last part of the path: `github`, `whatsapp`, …
    pub source: String,
    /// `GET`, `HEAD`, `POST`.
    pub method: String,
    /// Decoded pairs of the query.
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// What a verified request says.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// The service checks that we are here, and wants to read this text.
    Challenge(String),
    /// Nothing, one or many pieces of news. Each names its delivery, so that what comes twice counts once.
    News(Vec<News>),
}

#[derive(Debug, Clone, PartialEq)]
pub enum News {
    Ticket(OutsideDeed),
    Message(ChatMessage),
    /// A message of ours is on somebody's screen.
    Read {
        channel: Channel,
        receipt: String,
    },
    /// The channel could not deliver a message of ours after all.
    NotDelivered {
        channel: Channel,
        receipt: String,
        reason: String,
    },
    Alert(OutsideAlert),
    /// Something happened on the board of that site's tasks; what, it has to be asked.
    Board(SiteId),
}

/// Somebody wrote, or pressed a button. Cleaned of control characters, cut to 4,096 characters, not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatMessage {
    pub channel: Channel,
    pub delivery: String,
    /// The sender's address on the channel.
    pub from: String,
    pub text: String,
    /// The pressed button's id.
    pub button: Option<String>,
    /// The receipt of our message that this one answers.
    pub in_reply_to: Option<String>,
    /// By the channel's clock, in seconds; not told of pressed buttons of every channel.
    pub written_at: Option<Timestamp>,
}

/// Another monitoring system raised an alert, or says that it is over.
#[derive(Debug, Clone, PartialEq)]
pub struct OutsideAlert {
    pub delivery: String,
    /// `alertmanager`, `cloudevents`.
    pub system: String,
    /// The same for the same alert, from its rise to its end.
    pub fingerprint: String,
    pub firing: bool,
    /// `asset` and `site` say which machine it is about.
    pub labels: BTreeMap<String, String>,
    /// One cleaned line for people.
    pub summary: String,
    pub severity: Option<Severity>,
    pub starts_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KnockRefused {
    #[error("nothing listens at webhooks/{0}; it is switched off in the settings")]
    NobodyListens(String),
    #[error("the signature is missing or wrong")]
    BadSignature,
    #[error("it is {0} old or from the future; check the clock, or send it anew")]
    Stale(String),
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// Ours to mend: a secret's file is not there.
    #[error("it cannot be verified here: {0}")]
    CannotVerify(String),
}

/// Shows somebody who pressed a button that it was taken, where the channel wants that.
#[async_trait]
pub trait Pressed: Send + Sync {
    async fn taken(&self, message: &ChatMessage, words: &str);
}

pub trait Inbound: Send + Sync {
    fn hear(&self, knock: &Knock, now: Timestamp) -> Result<Heard, KnockRefused>;
    /// Whether anybody listens to that source at all.
    fn listens_to(&self, source: &str) -> bool;
    /// The most bytes that a body may have.
    fn largest_body(&self) -> usize;
}
