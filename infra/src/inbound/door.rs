//! The door itself: which services are listened to, and who reads what they send.

use super::{
    LARGEST_BODY, alertmanager::AlertmanagerHook, cloudevents::CloudeventsHook, github::GithubHook, read, standard::TicketHook,
    telegram::TelegramHook, trello::TrelloHook, whatsapp::WhatsappHook,
};
use crate::secret::SecretSource;
use millwright_domain::{
    Timestamp,
    ports::inbound::{Heard, Inbound, Knock, KnockRefused},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Who may knock. What is not there is switched off.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InboundSettings {
    pub github: Option<GithubHook>,
    pub trello: Option<TrelloHook>,
    /// Any other ticket system, by Standard Webhooks.
    pub tickets: Option<TicketHook>,
    pub whatsapp: Option<WhatsappHook>,
    pub telegram: Option<TelegramHook>,
    pub alertmanager: Option<AlertmanagerHook>,
    pub cloudevents: Option<CloudeventsHook>,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InboundError {
    #[error("inbound.github.repository is {0:?}; write it as `owner/name`")]
    Repository(String),
    #[error("inbound.trello.callback_url is {0:?}; it must be the https address that Trello calls, exactly as it was given to Trello")]
    CallbackUrl(String),
    #[error("inbound.whatsapp.phone_number_id is {0:?}; it is the number that Meta shows under \"Phone number ID\", not the phone number")]
    PhoneNumberId(String),
}

/// Reads what knocks. Secrets are read anew at each knock, so a rotation needs no restart.
#[derive(Debug, Clone)]
pub struct Door {
    settings: InboundSettings,
}

impl Door {
    pub fn new(settings: InboundSettings) -> Result<Self, InboundError> {
        settings.checked()?;
        Ok(Self { settings })
    }

    /// The sources that are listened to: `webhooks/<source>`.
    pub fn sources(&self) -> Vec<&'static str> {
        let InboundSettings { github, trello, tickets, whatsapp, telegram, alertmanager, cloudevents } = &self.settings;
        let all = [
            ("github", github.is_some()),
            ("trello", trello.is_some()),
            ("tickets", tickets.is_some()),
            ("whatsapp", whatsapp.is_some()),
            ("telegram", telegram.is_some()),
            ("alertmanager", alertmanager.is_some()),
            ("cloudevents", cloudevents.is_some()),
        ];
        all.into_iter().filter(|(_, is_on)| *is_on).map(|(source, _)| source).collect()
    }
}

impl InboundSettings {
    /// The settings that say where a secret is kept.
    pub fn secrets(&self) -> Vec<(String, &SecretSource)> {
        let Self { github, trello, tickets, whatsapp, telegram, alertmanager, cloudevents } = self;
        let kept = [
            ("github.secret", github.as_ref().map(|hook| &hook.secret)),
            ("trello.secret", trello.as_ref().map(|hook| &hook.secret)),
            ("tickets.secret", tickets.as_ref().map(|hook| &hook.secret)),
            ("whatsapp.app_secret", whatsapp.as_ref().map(|hook| &hook.app_secret)),
            ("whatsapp.verify_token", whatsapp.as_ref().map(|hook| &hook.verify_token)),
            ("telegram.secret", telegram.as_ref().map(|hook| &hook.secret)),
            ("alertmanager.secret", alertmanager.as_ref().map(|hook| &hook.secret)),
            ("cloudevents.secret", cloudevents.as_ref().map(|hook| &hook.secret)),
        ];
        kept.into_iter().filter_map(|(key, secret)| Some((format!("inbound.{key}"), secret?))).collect()
    }

    pub fn checked(&self) -> Result<(), InboundError> {
        let cut = |text: &str| text.chars().take(100).collect::<String>();
        if let Some(github) = &self.github {
            let parts: Vec<&str> = github.repository.split('/').collect();
            if parts.len() != 2 || parts.iter().any(|part| part.is_empty() || part.contains(char::is_whitespace)) {
                return Err(InboundError::Repository(cut(&github.repository)));
            }
        }
        if let Some(trello) = &self.trello
            && !trello.callback_url.starts_with("https://")
        {
            return Err(InboundError::CallbackUrl(cut(&trello.callback_url)));
        }
        if let Some(whatsapp) = &self.whatsapp
            && (whatsapp.phone_number_id.is_empty() || !whatsapp.phone_number_id.bytes().all(|byte| byte.is_ascii_digit()))
        {
            return Err(InboundError::PhoneNumberId(cut(&whatsapp.phone_number_id)));
        }
        Ok(())
    }
}

impl Inbound for Door {
    fn listens_to(&self, source: &str) -> bool {
        self.sources().contains(&source)
    }
    fn largest_body(&self) -> usize {
        LARGEST_BODY
    }

    fn hear(&self, knock: &Knock, now: Timestamp) -> Result<Heard, KnockRefused> {
        let InboundSettings { github, trello, tickets, whatsapp, telegram, alertmanager, cloudevents } = &self.settings;
        if knock.body.len() > LARGEST_BODY {
            return Err(read::unreadable(&format!("it is larger than {LARGEST_BODY} bytes")));
        }
        let heard = match knock.source.as_str() {
            "github" => github.as_ref().map(|hook| hook.hear(knock)),
            "trello" => trello.as_ref().map(|hook| hook.hear(knock)),
            "tickets" => tickets.as_ref().map(|hook| hook.hear(knock, now)),
            "whatsapp" => whatsapp.as_ref().map(|hook| hook.hear(knock)),
            "telegram" => telegram.as_ref().map(|hook| hook.hear(knock)),
            "alertmanager" => alertmanager.as_ref().map(|hook| hook.hear(knock)),
            "cloudevents" => cloudevents.as_ref().map(|hook| hook.hear(knock, now)),
            _ => None,
        };
        heard.unwrap_or_else(|| Err(KnockRefused::NobodyListens(read::line(&knock.source).chars().take(40).collect())))
    }
}

#[cfg(test)]
mod tests;
