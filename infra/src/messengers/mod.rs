//! Ways to reach people and programs outside: WhatsApp, Telegram, mail, webhooks. Each is a messenger of its own.

mod draft;
pub mod email;
pub mod telegram;
pub mod webhook;
pub mod whatsapp;

use crate::{outward::Outward, secret::SecretSource};
use email::{Email, EmailError, EmailSettings};
use millwright_domain::ports::{address_book::AddressBook, clock::Clock, messenger::Messenger};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use telegram::{Telegram, TelegramSettings};
use webhook::{WebhookSettings, Webhooks};
use whatsapp::{Whatsapp, WhatsappSettings};

/// Of one channel, to different people.
const AT_ONCE: usize = 8;

/// What is not there is switched off.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MessageSettings {
    pub whatsapp: Option<WhatsappSettings>,
    pub telegram: Option<TelegramSettings>,
    pub email: Option<EmailSettings>,
    /// By the name that targets call them by: `webhook:<name>`.
    pub webhook: BTreeMap<String, WebhookSettings>,
}

impl MessageSettings {
    /// The settings that say where a secret is kept.
    pub fn secrets(&self) -> Vec<(String, &SecretSource)> {
        let Self { whatsapp, telegram, email, webhook } = self;
        let mut kept: Vec<(String, &SecretSource)> = Vec::new();
        kept.extend(whatsapp.iter().map(|settings| ("messages.whatsapp.token".into(), &settings.token)));
        kept.extend(telegram.iter().map(|settings| ("messages.telegram.token".into(), &settings.token)));
        kept.extend(email.iter().filter_map(|settings| Some(("messages.email.password".into(), settings.password.as_ref()?))));
        kept.extend(webhook.iter().map(|(name, settings)| (format!("messages.webhook.{name}.secret"), &settings.secret)));
        kept
    }
}

/// What the channels share.
#[derive(Clone)]
pub struct Outside {
    pub outward: Outward,
    pub book: Arc<dyn AddressBook>,
    pub clock: Arc<dyn Clock>,
}

/// The channels that are switched on.
#[derive(Default)]
pub struct Messengers {
    /// By the first word of their targets.
    pub all: Vec<(&'static str, Arc<dyn Messenger>)>,
    /// The same as the one among them, for settling pressed buttons.
    pub telegram: Option<Arc<Telegram>>,
}

impl Messengers {
    pub fn new(settings: &MessageSettings, outside: &Outside) -> Result<Self, EmailError> {
        let MessageSettings { whatsapp, telegram, email, webhook } = settings.clone();
        let mut messengers = Self::default();
        if let Some(settings) = whatsapp {
            messengers.all.push(("whatsapp", Arc::new(Whatsapp::new(settings, outside.clone()))));
        }
        if let Some(settings) = telegram {
            let telegram = Arc::new(Telegram::new(settings, outside.clone()));
            messengers.all.push(("telegram", telegram.clone()));
            messengers.telegram = Some(telegram);
        }
        if let Some(settings) = email {
            messengers.all.push(("email", Arc::new(Email::new(settings, outside.book.clone(), outside.clock.clone())?)));
        }
        if !webhook.is_empty() {
            messengers.all.push(("webhook", Arc::new(Webhooks::new(webhook, outside.outward.clone(), outside.clock.clone()))));
        }
        Ok(messengers)
    }
}
