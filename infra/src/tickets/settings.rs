//! Which ticket systems are written to, and the adapters made from that.

use super::{
    TicketDesk, builtin::BuiltinSettings, builtin::BuiltinTickets, github::GithubIssues, github::GithubSettings, salesforce::SalesforceCases,
    salesforce::SalesforceSettings, trello::TrelloCards, trello::TrelloSettings, webhook::TicketWebhook, webhook::WebhookSettings,
};
use crate::{
    outward::Outward,
    secret::{SecretError, SecretSource},
};
use millwright_domain::ports::ticket_system::TicketSystem;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use thiserror::Error;

/// Each is off until its first setting is given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TicketSettings {
    pub github: GithubSettings,
    pub salesforce: SalesforceSettings,
    pub trello: TrelloSettings,
    pub webhook: WebhookSettings,
    pub builtin: BuiltinSettings,
}

#[derive(Debug, Error)]
pub enum BadTickets {
    #[error("tickets.{key} is {found:?}; {wanted}")]
    Setting { key: &'static str, found: String, wanted: &'static str },
    /// Does not repeat what was written: it may hold a secret.
    #[error("tickets.{key} cannot be used as it is; {wanted}")]
    NotShown { key: &'static str, wanted: &'static str },
    #[error("tickets.{key} says where a secret is kept, and does not")]
    Secret {
        key: &'static str,
        #[source]
        cause: SecretError,
    },
}

impl TicketSettings {
    /// The settings that say where a secret is kept, of the systems that are switched on.
    pub fn secrets(&self) -> Result<Vec<(String, SecretSource)>, BadTickets> {
        let Self { github, salesforce, trello, webhook, builtin: BuiltinSettings { public_url: _ } } = self;
        let kept = [
            (github.is_on(), "github.token", &github.token),
            (salesforce.is_on(), "salesforce.client_secret", &salesforce.client_secret),
            (trello.is_on(), "trello.token", &trello.token),
            (webhook.is_on(), "webhook.secret", &webhook.secret),
        ];
        kept.into_iter().filter(|(is_on, ..)| *is_on).map(|(_, key, place)| Ok((format!("tickets.{key}"), secret(key, place)?))).collect()
    }

    /// All systems that are switched on.
    pub fn desk(&self, outward: &Outward) -> Result<TicketDesk, BadTickets> {
        let mut desk = TicketDesk::default();
        let mut on = |system: &'static str, adapter: Arc<dyn TicketSystem>| desk.add(system, adapter);
        if self.github.is_on() {
            on("github", Arc::new(GithubIssues::new(&self.github, outward.clone())?));
        }
        if self.salesforce.is_on() {
            on("salesforce", Arc::new(SalesforceCases::new(&self.salesforce, outward.clone())?));
        }
        if self.trello.is_on() {
            on("trello", Arc::new(TrelloCards::new(&self.trello, outward.clone())?));
        }
        if self.webhook.is_on() {
            on("webhook", Arc::new(TicketWebhook::new(&self.webhook, outward.clone())?));
        }
        if self.builtin.is_on() {
            on("builtin", Arc::new(BuiltinTickets::new(&self.builtin)?));
        }
        Ok(desk)
    }
}

pub fn bad(key: &'static str, found: &str, wanted: &'static str) -> BadTickets {
    BadTickets::Setting { key, found: found.chars().take(100).collect(), wanted }
}

pub fn secret(key: &'static str, place: &str) -> Result<SecretSource, BadTickets> {
    SecretSource::parse(place).map_err(|cause| BadTickets::Secret { key, cause })
}

/// The beginning of addresses, without the slash at its end.
pub fn address(key: &'static str, url: &str) -> Result<String, BadTickets> {
    let is_http = ["https://", "http://"].iter().any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    if !is_http || url.contains(char::is_whitespace) || url.contains(['?', '#', '@']) {
        return Err(BadTickets::NotShown { key, wanted: "write it as `https://host`, without a user, a query or a fragment" });
    }
    Ok(url.trim_end_matches('/').to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_hold_a_secret_is_not_repeated() {
        for url in ["https://ann:hunter2@desk.example", "https://desk.example?token=hunter2", "hunter2"] {
            let refused = format!("{0} {0:?}", address("github.api", url).unwrap_err());
            assert!(refused.contains("tickets.github.api") && !refused.contains("hunter2"), "{refused}");
        }
        let webhook = WebhookSettings { url: "https://ann:hunter2@desk.example/hook".into(), ..WebhookSettings::default() };
        let outward = Outward::new(Default::default()).unwrap();
        let refused = format!("{:?}", TicketWebhook::new(&webhook, outward).err());
        assert!(refused.contains("webhook.url") && !refused.contains("hunter2"), "{refused}");
    }

    #[test]
    fn the_secrets_of_what_is_switched_on_are_named_by_their_settings() {
        let webhook = WebhookSettings { url: "https://desk.example".into(), secret: "env:HOOK".into(), ..WebhookSettings::default() };
        let settings = TicketSettings { webhook, ..TicketSettings::default() };
        let keys: Vec<String> = settings.secrets().unwrap().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["tickets.webhook.secret"]);
    }
}
