//! A messenger that publishes to an MQTT broker: at least once, one after the other, and delivered only when the broker has said so.

mod link;
mod trust;

use async_trait::async_trait;
use link::Link;
use millwright_domain::{
    effect::EffectWanted,
    ports::messenger::{Messenger, NotTaken},
};
use std::{fmt, path::PathBuf};
use tokio::sync::Mutex;

pub use trust::TrustError;

/// Larger ones are no message of ours; every broker takes as much.
const LARGEST_BODY: usize = 256 * 1024;

/// How a broker is reached, and how it is spoken to.
#[derive(Clone)]
pub struct BrokerAccess {
    pub host: String,
    pub port: u16,
    /// Unlike that of every other client of the broker.
    pub client_id: String,
    pub login: Option<Login>,
    pub tls: Option<Tls>,
    /// Before every topic, with a `/` between; empty for none.
    pub prefix: String,
    /// Whether the broker keeps the last message of a topic for those who come later.
    pub retain: bool,
}

#[derive(Clone)]
pub struct Login {
    pub username: String,
    pub password: String,
}

/// The password is for the broker alone.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.username)
    }
}

#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// Whom to trust, in PEM, instead of what the operating system trusts.
    pub ca_file: Option<PathBuf>,
}

pub struct MqttBus {
    link: Link,
    /// One message at a time, so that what is kept of a topic is always the newest.
    turn: Mutex<()>,
    prefix: String,
    retain: bool,
}

impl MqttBus {
    /// Begins to connect, and goes on trying for as long as it lives. A broker that is away is no error.
    pub fn start(access: &BrokerAccess) -> Result<Self, TrustError> {
        let BrokerAccess { prefix, retain, .. } = access.clone();
        Ok(Self { link: Link::start(access)?, turn: Mutex::default(), prefix, retain })
    }

    /// Why nothing can be told at the moment, if that is so.
    pub fn trouble(&self) -> Option<String> {
        self.link.trouble()
    }
    pub fn address(&self) -> &str {
        self.link.address()
    }

    fn topic(&self, recipient: &str) -> String {
        if self.prefix.is_empty() { recipient.to_string() } else { format!("{}/{recipient}", self.prefix) }
    }

    /// What says how things stand is kept; what says that something happened is not. An empty message wipes what is kept.
    fn keeps(&self, recipient: &str, body: &str) -> bool {
        body.is_empty() || self.retain && !recipient.starts_with("feedback/")
    }
}

#[async_trait]
impl Messenger for MqttBus {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        let (_, recipient) = effect.adapter_and_recipient();
        let topic = self.topic(recipient);
        if recipient.is_empty() || topic.len() > usize::from(u16::MAX) || topic.contains(['+', '#', '\0']) {
            return Err(NotTaken::ForGood(format!("{recipient:?} cannot be a topic")));
        }
        if effect.body.len() > LARGEST_BODY {
            return Err(NotTaken::ForGood(format!("{} bytes are more than the {LARGEST_BODY} that are sent at once", effect.body.len())));
        }
        let keep = self.keeps(recipient, &effect.body);
        let _turn = self.turn.lock().await;
        self.link.publish(topic, keep, effect.body.clone().into_bytes()).await
    }
}
