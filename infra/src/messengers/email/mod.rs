//! A messenger by mail: plain text over SMTP. Mails about one case make one thread, and a repeated mail has the same Message-ID.

mod letter;
mod talk;

use super::{AT_ONCE, draft};
use crate::secret::SecretSource;
use async_trait::async_trait;
use lettre::{
    message::Mailbox,
    transport::smtp::client::{Certificate, TlsParameters},
};
use millwright_domain::{
    effect::EffectWanted,
    message::Channel,
    ports::{
        address_book::AddressBook,
        clock::Clock,
        messenger::{Messenger, NotTaken},
    },
};
use serde::{Deserialize, Serialize};
use std::{error::Error as StdError, fs, path::PathBuf, sync::Arc};
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailSettings {
    /// The server that takes our mails.
    pub host: String,
    /// 0 takes 587 with `starttls`, 465 with `tls`, 25 with `none`.
    #[serde(default)]
    pub port: u16,
    #[serde(default)]
    pub tls: Tls,
    /// Whom to trust, in PEM, beside whom the operating system trusts; empty for nobody.
    #[serde(default)]
    pub ca_file: PathBuf,
    /// `Millwright <millwright@plant.example>`. Also gives the mails' ids their domain.
    pub from: String,
    /// Empty for a server that takes mails without.
    #[serde(default)]
    pub username: String,
    #[serde(default)]
    pub password: Option<SecretSource>,
    /// A server that takes longer to answer is hung up on.
    #[serde(default = "timeout_s")]
    pub timeout_s: u64,
}

fn timeout_s() -> u64 {
    30
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Begun in the clear, and never gone on with in the clear.
    #[default]
    Starttls,
    /// From the first byte.
    Tls,
    /// In the clear: only to private addresses, and without a password.
    None,
}

#[derive(Debug, Error)]
pub enum EmailError {
    #[error("messages.email.host must be the name or the address of a mail server")]
    Host,
    #[error("messages.email.from is {0:?}; write it as `Millwright <millwright@plant.example>`")]
    From(String),
    #[error("messages.email.username and messages.email.password need each other")]
    Login,
    #[error("messages.email.password is not sent in the clear; set messages.email.tls to \"starttls\" or \"tls\"")]
    Clear,
    #[error("messages.email.timeout_s must be between 1 and 300")]
    Timeout,
    #[error("messages.email.ca_file {} cannot be used, it must hold a certificate in PEM", file.display())]
    Trust {
        file: PathBuf,
        #[source]
        cause: Box<dyn StdError + Send + Sync>,
    },
}

pub struct Email {
    settings: EmailSettings,
    from: Mailbox,
    /// `None` in the clear.
    trust: Option<TlsParameters>,
    book: Arc<dyn AddressBook>,
    clock: Arc<dyn Clock>,
}

impl Email {
    pub fn new(settings: EmailSettings, book: Arc<dyn AddressBook>, clock: Arc<dyn Clock>) -> Result<Self, EmailError> {
        let is_host = !settings.host.is_empty() && !settings.host.contains(|c: char| c.is_whitespace() || c == '/' || c == '@');
        if !is_host {
            return Err(EmailError::Host);
        }
        if settings.username.is_empty() != settings.password.is_none() {
            return Err(EmailError::Login);
        }
        if settings.password.is_some() && settings.tls == Tls::None {
            return Err(EmailError::Clear);
        }
        if !(1..=300).contains(&settings.timeout_s) {
            return Err(EmailError::Timeout);
        }
        let from: Mailbox = settings.from.parse().map_err(|_no_mailbox| EmailError::From(settings.from.chars().take(100).collect()))?;
        let trust = if settings.tls == Tls::None { None } else { Some(trust(&settings)?) };
        Ok(Self { settings, from, trust, book, clock })
    }
}

fn trust(settings: &EmailSettings) -> Result<TlsParameters, EmailError> {
    let fail = |cause: Box<dyn StdError + Send + Sync>| EmailError::Trust { file: settings.ca_file.clone(), cause };
    let mut trust = TlsParameters::builder(settings.host.clone());
    if !settings.ca_file.as_os_str().is_empty() {
        let pem = fs::read_to_string(&settings.ca_file).map_err(|cause| fail(cause.into()))?;
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            return Err(fail("there is none in it".into()));
        }
        let trusted = Certificate::from_pem(pem.as_bytes()).map_err(|cause| fail(cause.into()))?;
        trust = trust.add_root_certificate(trusted);
    }
    trust.build_rustls().map_err(|cause| fail(cause.into()))
}

#[async_trait]
impl Messenger for Email {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        let message = draft::message(effect)?;
        let contact = draft::contact(&*self.book, effect, Channel::Email).await?;
        let to = contact
            .address
            .parse()
            .map_err(|_no_address| NotTaken::ForGood(format!("the mail address of {} is none; enrol it anew", contact.person)))?;
        let letter = letter::written(&self.from, to, effect, &message, self.clock.now().wall).map_err(NotTaken::ForGood)?;
        let password = self.settings.password.as_ref().map(draft::active).transpose()?;
        let line = talk::Line { settings: &self.settings, trust: self.trust.as_ref(), password, to: letter.to.to_string() };
        line.deliver(&letter).await?;
        Ok(letter.id)
    }

    fn knows_keys(&self, _effect: &EffectWanted) -> bool {
        Channel::Email.knows_keys()
    }
    fn at_once(&self, _adapter: &str) -> usize {
        AT_ONCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::{Now, Timestamp, ports::address_book::NobodyEnrolled};

    struct Stopped;

    #[async_trait]
    impl Clock for Stopped {
        fn now(&self) -> Now {
            Now::both(Timestamp::from_secs(0))
        }
        async fn plant_reaches(&self, _: Timestamp) {}
        async fn wall_reaches(&self, _: Timestamp) {}
    }

    #[test]
    fn settings_that_cannot_be_are_refused_by_their_key() {
        let email = |settings: serde_json::Value| {
            let mut all = serde_json::json!({ "host": "mail.plant", "from": "Millwright <mw@plant.example>" });
            all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
            Email::new(serde_json::from_value(all).unwrap(), Arc::new(NobodyEnrolled), Arc::new(Stopped))
                .map(|_| ())
                .map_err(|refused| refused.to_string())
        };
        assert_eq!(email(serde_json::json!({})), Ok(()));
        let empty = tempfile::NamedTempFile::new().unwrap();
        for (settings, key) in [
            (serde_json::json!({ "host": "" }), "messages.email.host"),
            (serde_json::json!({ "host": "smtp://mail" }), "messages.email.host"),
            (serde_json::json!({ "from": "Millwright" }), "messages.email.from"),
            (serde_json::json!({ "username": "mw" }), "messages.email.password"),
            (serde_json::json!({ "password": "env:P" }), "messages.email.username"),
            (serde_json::json!({ "username": "mw", "password": "env:P", "tls": "none" }), "messages.email.tls"),
            (serde_json::json!({ "timeout_s": 0 }), "messages.email.timeout_s"),
            (serde_json::json!({ "ca_file": "absent.pem" }), "messages.email.ca_file"),
            (serde_json::json!({ "ca_file": empty.path() }), "messages.email.ca_file"),
        ] {
            assert!(email(settings.clone()).unwrap_err().contains(key), "{settings}");
        }
    }
}
