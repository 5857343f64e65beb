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
const LONGEST_URL: usize = 2_000;

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

/// What the receiver calls the ticket; else the case's own id. It took the ticket, so what it says badly is no failure.
fn reference(reply: &Reply, case: CaseId) -> TicketRef {
    let (id, url) = match named(reply) {
        Ok(Some((id, url))) => (id, url),
        Ok(None) => (case.to_string(), String::new()),
        Err(why) => {
            tracing::warn!(%case, why, "the ticket of case {case} is known by the case's id: {why}");
            (case.to_string(), String::new())
        }
    };
    TicketRef { system: SYSTEM.into(), id, url }
}

/// Id and address; `None` of an answer that says nothing at all.
fn named(reply: &Reply) -> Result<Option<(String, String)>, String> {
    if reply.body.is_empty() {
        return Ok(None);
    }
    let answer: Value = reply.json()?;
    let id = match &answer["id"] {
        Value::String(id) => ways::line(id),
        Value::Number(id) => id.to_string(),
        _ => String::new(),
    };
    if id.is_empty() || id.chars().count() > LONGEST_ID {
        return Err(format!("{} names no `id` of up to {LONGEST_ID} characters in what it answered", reply.place));
    }
    Ok(Some((id, url(&answer["url"]))))
}

fn url(answer: &Value) -> String {
    let is_url = |url: &&str| {
        let is_http = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
        is_http && url.len() <= LONGEST_URL && !url.contains(|c: char| c.is_whitespace() || c.is_control())
    };
    answer.as_str().filter(is_url).unwrap_or_default().to_string()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_names_no_ticket_says_what_is_wrong_with_it() {
        let named = |body: &str| named(&Reply::of(200, &[], body));
        assert_eq!(named(""), Ok(None));
        assert_eq!(named(r#"{"id":"4711","url":7}"#), Ok(Some(("4711".into(), String::new()))));
        for (body, why) in [("<html>", "cannot be read"), (r#"{"key":"OPS-1"}"#, "no `id`"), (r#"{"id":{"a":1}}"#, "no `id`"), ("[]", "no `id`")] {
            assert!(named(body).is_err_and(|said| said.contains(why)), "{body}");
        }
    }
}
