//! A messenger over WhatsApp's Cloud API: free text while the person's last message is younger than a day, an approved template after that.

mod form;
mod verdict;

use super::{AT_ONCE, Outside, draft};
use crate::{
    inbound::whatsapp::digits,
    outward::{Again, Request},
    secret::SecretSource,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_domain::{
    effect::EffectWanted,
    message::Channel,
    ports::messenger::{Messenger, NotTaken},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use verdict::Refused;

/// Meta takes free text for 24 hours after the person's last message. A little less, because clocks differ and sending takes a while.
const WINDOW: TimeDelta = TimeDelta::minutes(24 * 60 - 10);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WhatsappSettings {
    /// A system user's permanent token, with `whatsapp_business_messaging`.
    pub token: SecretSource,
    /// Of the number that we write from, as Meta shows it.
    #[serde(deserialize_with = "digits")]
    pub phone_number_id: String,
    /// The approved template for a message; empty for none.
    #[serde(default = "template_message")]
    pub template_message: String,
    /// The approved template for a question, with the quick replies yes and no; empty for none.
    #[serde(default = "template_question")]
    pub template_question: String,
    /// The language that both were approved in.
    #[serde(default = "template_language")]
    pub template_language: String,
    #[serde(default = "api")]
    pub api: String,
}

fn template_message() -> String {
    "millwright_message".into()
}
fn template_question() -> String {
    "millwright_question".into()
}
fn template_language() -> String {
    "en".into()
}
fn api() -> String {
    "https://graph.facebook.com/v25.0".into()
}

pub struct Whatsapp {
    settings: WhatsappSettings,
    outside: Outside,
}

#[derive(Deserialize)]
struct Sent {
    messages: Vec<SentMessage>,
}

#[derive(Deserialize)]
struct SentMessage {
    id: String,
}

impl Whatsapp {
    pub fn new(settings: WhatsappSettings, outside: Outside) -> Self {
        Self { settings, outside }
    }

    async fn send(&self, body: &Value) -> Result<String, Refused> {
        let token = draft::active(&self.settings.token).map_err(Refused::Is)?;
        // Whose number it is does not belong on the log, in whatever words Meta says it.
        let to = body["to"].as_str().unwrap_or_default();
        let request = Request::post(&self.settings.api)
            .hide(to)
            .hide(to.trim_start_matches('+'))
            .part(&self.settings.phone_number_id)
            .part("messages")
            .bearer(&token)
            .json(body);
        let reply = self.outside.outward.send(request).await.map_err(|failed| Refused::Is(failed.not_taken(Again::Unsafe)))?;
        if !reply.is_success() {
            return Err(verdict::refused(&reply));
        }
        match reply.json::<Sent>().map(|sent| sent.messages.into_iter().next()) {
            Ok(Some(message)) => Ok(message.id),
            Ok(None) => Err(Refused::Is(NotTaken::Unknown(format!("{} named no message", reply.place)))),
            Err(why) => Err(Refused::Is(NotTaken::Unknown(why))),
        }
    }
}

#[async_trait]
impl Messenger for Whatsapp {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        let message = draft::message(effect)?;
        let contact = draft::contact(&*self.outside.book, effect, Channel::Whatsapp).await?;
        let to = form::number(&contact.address)
            .ok_or_else(|| NotTaken::ForGood(format!("the WhatsApp address of {} is no number like +491701234567; enrol it anew", contact.person)))?;
        let now = self.outside.clock.now().wall;
        if contact.heard_at.is_some_and(|heard| now.since(heard) < WINDOW) {
            match self.send(&form::free(&to, &message)).await {
                Err(Refused::WindowIsOver(_)) => {}
                sent => return sent.map_err(Refused::into),
            }
        }
        let Some(template) = form::template(&to, &message, &self.settings) else {
            let why = "the person has not written for a day, and there is no template; set messages.whatsapp.template_message";
            return Err(NotTaken::ForGood(why.into()));
        };
        self.send(&template).await.map_err(Refused::into)
    }

    fn knows_keys(&self, _effect: &EffectWanted) -> bool {
        Channel::Whatsapp.knows_keys()
    }
    fn at_once(&self, _adapter: &str) -> usize {
        AT_ONCE
    }
}
