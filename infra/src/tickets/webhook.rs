//! Tickets in whatever takes Standard Webhooks: each deed is one signed CloudEvent, and its id stays the same when it is sent again.

use super::{
    mark,
    settings::{self, BadTickets},
    ways,
};
use crate::{
    inbound::signature::sign,
    outward::{Outward, Reply, Request},
    secret::SecretSource,
};
use async_trait::async_trait;
use chrono::{SecondsFormat, Utc};
use millwright_domain::{
    case::Outcome,
    ids::CaseId,
    ports::{
        messenger::NotTaken,
        ticket_system::{TicketNews, TicketSystem},
    },
    ticket::{TicketRef, TicketText},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

pub const SYSTEM: &str = "webhook";
/// Longer ones are no ids.
const LONGEST_ID: usize = 200;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookSettings {
    /// Where it is sent to; empty switches it off. May hold a token: its path and query are shown nowhere.
    pub url: String,
    /// Where the secret is kept that it is signed with: `env:NAME`, or a file.
    pub secret: String,
    /// The `source` of the events.
    pub source: String,
}

impl Default for WebhookSettings {
    fn default() -> Self {
        Self { url: String::new(), secret: String::new(), source: "/millwright".into() }
    }
}

impl WebhookSettings {
    pub fn is_on(&self) -> bool {
        !self.url.is_empty()
    }
}

pub struct TicketWebhook {
    outward: Outward,
    url: String,
    secret: SecretSource,
    source: String,
}

impl TicketWebhook {
    pub fn new(settings: &WebhookSettings, outward: Outward) -> Result<Self, BadTickets> {
        let host = settings.url.split(['?', '#']).next().unwrap_or_default();
        // What follows the host may be secret, so it is not told.
        let shown = host.split('/').take(3).collect::<Vec<_>>().join("/");
        settings::address("webhook.url", &shown)?;
        if settings.source.is_empty() || settings.source.contains(char::is_whitespace) {
            return Err(settings::bad("webhook.source", &settings.source, "write it as `/millwright`, or as a URL"));
        }
        let secret = settings::secret("webhook.secret", &settings.secret)?;
        Ok(Self { outward, url: settings.url.clone(), secret, source: settings.source.clone() })
    }

    async fn tell(&self, id: &str, deed: &str, subject: &str, data: Value) -> Result<Reply, NotTaken> {
        let now = Utc::now();
        let event = json!({
            "specversion": "1.0", "id": id, "source": self.source, "type": format!("com.millwright.ticket.{deed}"), "subject": subject,
            "time": now.to_rfc3339_opts(SecondsFormat::Secs, true), "datacontenttype": "application/json", "data": data,
        });
        let body = event.to_string();
        let secrets = self.secret.read().map_err(|error| ways::no_secret(&error))?;
        let signed = sign(&secrets, id, now.into(), body.as_bytes()).map_err(|bad| NotTaken::Away(format!("{}: {bad}", self.secret)))?;
        let mut request = Request::post(&self.url).secret_path().body("application/cloudevents+json", body);
        request = secrets.iter().fold(request, |request, secret| request.hide(secret.expose()));
        for (name, value) in signed.headers() {
            request = request.header(name, value);
        }
        ways::taken(&self.outward, request).await
    }
}

/// The same for the same work, and without a dot: id, time and body are signed with dots between.
fn id(work: &str, ticket: &str, key: &str) -> String {
    format!("msg_{}", mark::digest(&format!("{work}\n{ticket}\n{key}")))
}

fn shown(ticket: &TicketRef) -> Value {
    json!({"id": ticket.id, "url": ticket.url})
}

fn says(text: &TicketText) -> Value {
    json!({"title": text.title, "body": text.body, "labels": text.labels, "severity": text.severity})
}

/// What the receiver calls the ticket, if it says so.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    id: Option<Value>,
    url: Option<String>,
}

fn reference(reply: &Reply, case: CaseId) -> TicketRef {
    let answer: Answer = reply.json().unwrap_or_default();
    let id = match answer.id {
        Some(Value::String(id)) => ways::line(&id),
        Some(Value::Number(id)) => id.to_string(),
        _ => String::new(),
    };
    let is_id = !id.is_empty() && id.chars().count() <= LONGEST_ID;
    let url = answer.url.filter(|url| ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme))).unwrap_or_default();
    let url = if url.contains(|c: char| c.is_whitespace() || c.is_control()) || url.len() > 2_000 { String::new() } else { url };
    TicketRef { system: SYSTEM.into(), id: if is_id { id } else { case.to_string() }, url }
}

#[async_trait]
impl TicketSystem for TicketWebhook {
    async fn open(&self, case: CaseId, text: &TicketText) -> Result<TicketRef, NotTaken> {
        let mut data = says(text);
        data["case"] = json!(case);
        let reply = self.tell(&id("open", &case.to_string(), ""), "opened", &case.to_string(), data).await?;
        Ok(reference(&reply, case))
    }

    /// Told under a new id each time: it says how things are, and the same may have to be said again after something else.
    async fn edit(&self, ticket: &TicketRef, text: &TicketText) -> Result<(), NotTaken> {
        let mut data = says(text);
        data["ticket"] = shown(ticket);
        self.tell(&id("edit", &ticket.id, &Uuid::new_v4().to_string()), "edited", &ticket.id, data).await.map(drop)
    }

    async fn comment(&self, ticket: &TicketRef, key: &str, body: &str) -> Result<(), NotTaken> {
        let data = json!({"ticket": shown(ticket), "body": body});
        self.tell(&id("comment", &ticket.id, key), "commented", &ticket.id, data).await.map(drop)
    }

    async fn close(&self, ticket: &TicketRef, key: &str, outcome: Outcome, body: &str) -> Result<(), NotTaken> {
        let data = json!({"ticket": shown(ticket), "outcome": outcome, "body": body});
        self.tell(&id("close", &ticket.id, key), "closed", &ticket.id, data).await.map(drop)
    }

    async fn reopen(&self, ticket: &TicketRef, key: &str, body: &str) -> Result<(), NotTaken> {
        let data = json!({"ticket": shown(ticket), "body": body});
        self.tell(&id("reopen", &ticket.id, key), "reopened", &ticket.id, data).await.map(drop)
    }

    /// It cannot be asked. What people do there comes by a webhook of its own.
    async fn news(&self, _since: &str) -> Result<Option<TicketNews>, NotTaken> {
        Ok(None)
    }
}
