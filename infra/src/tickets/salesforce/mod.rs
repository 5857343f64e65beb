//! Tickets as cases of Salesforce. A field of our own, an external id that is unique, makes opening the same twice impossible there;
//! comments carry a mark, and are looked for before they are made.

mod client;
mod news;

use super::{
    mark::{self, Counted},
    settings::{self, BadTickets},
    turns::Turns,
    ways,
};
use crate::outward::Outward;
use async_trait::async_trait;
use client::Client;
use millwright_domain::{
    case::{Outcome, Severity},
    ids::CaseId,
    ports::{
        messenger::NotTaken,
        ticket_system::{TicketNews, TicketSystem},
    },
    ticket::{TicketRef, TicketText},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub const SYSTEM: &str = "salesforce";
/// Salesforce's own limits; a comment's counts the text as it is escaped.
const LONGEST_SUBJECT: usize = 255;
const LONGEST_DESCRIPTION: Counted = Counted::Units(32_000);
const LONGEST_COMMENT: Counted = Counted::EscapedBytes(4_000);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SalesforceSettings {
    /// My Domain: `https://acme.my.salesforce.com`; empty switches it off.
    pub domain: String,
    /// The consumer key of the app, which is no secret.
    pub client_id: String,
    /// Where the consumer secret is kept: `env:NAME`, or a file.
    pub client_secret: String,
    pub api_version: String,
    /// The field of Case that holds our case's id: text, external id, unique.
    pub external_id: String,
    /// What `Origin` of a new case says; empty leaves it.
    pub origin: String,
    pub closed_status: String,
    pub reopened_status: String,
    pub priorities: Priorities,
}

/// What `Priority` says for each severity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Priorities {
    pub critical: String,
    pub high: String,
    pub medium: String,
    pub low: String,
}

impl Default for SalesforceSettings {
    fn default() -> Self {
        Self {
            domain: String::new(),
            client_id: String::new(),
            client_secret: String::new(),
            api_version: "v62.0".into(),
            external_id: "Millwright_Case__c".into(),
            origin: "Web".into(),
            closed_status: "Closed".into(),
            reopened_status: "New".into(),
            priorities: Priorities::default(),
        }
    }
}

impl Default for Priorities {
    fn default() -> Self {
        Self { critical: "High".into(), high: "High".into(), medium: "Medium".into(), low: "Low".into() }
    }
}

impl SalesforceSettings {
    pub fn is_on(&self) -> bool {
        !self.domain.is_empty()
    }
}

impl Priorities {
    fn of(&self, severity: Severity) -> &str {
        match severity {
            Severity::Critical => &self.critical,
            Severity::High => &self.high,
            Severity::Medium => &self.medium,
            Severity::Low => &self.low,
        }
    }
}

pub struct SalesforceCases {
    client: Client,
    settings: SalesforceSettings,
    turns: Turns,
}

impl SalesforceCases {
    pub fn new(settings: &SalesforceSettings, outward: Outward) -> Result<Self, BadTickets> {
        let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !is_name(&settings.external_id) {
            return Err(settings::bad("salesforce.external_id", &settings.external_id, "write the field's API name, such as `Millwright_Case__c`"));
        }
        Ok(Self { client: Client::new(settings, outward)?, settings: settings.clone(), turns: Turns::default() })
    }

    /// Neither status nor origin: they are people's once the case is there.
    fn fields(&self, text: &TicketText) -> Value {
        json!({
            "Subject": mark::title(&text.title, LONGEST_SUBJECT),
            "Description": mark::marked(&text.body, &[], LONGEST_DESCRIPTION),
            "Priority": self.settings.priorities.of(text.severity),
        })
    }

    fn reference(&self, id: &str) -> TicketRef {
        TicketRef { system: SYSTEM.into(), id: id.into(), url: format!("{}/lightning/r/Case/{id}/view", self.client.domain) }
    }

    async fn say(&self, case: &str, key: &str, body: &str) -> Result<(), NotTaken> {
        let key = mark::of_key(key);
        let query = format!("SELECT Id, CommentBody FROM CaseComment WHERE ParentId = '{case}'");
        let said = |record: &Value| record["CommentBody"].as_str().is_some_and(|text| mark::has(&key, text));
        if self.client.query(&query).await?.iter().any(said) {
            return Ok(());
        }
        let body = mark::marked(body, std::slice::from_ref(&key), LONGEST_COMMENT);
        self.client.post("sobjects/CaseComment", &json!({"ParentId": case, "CommentBody": body})).await.map(drop)
    }
}

/// Stands in queries, so it must be nothing but an id.
fn id(ticket: &TicketRef) -> Result<&str, NotTaken> {
    let is_id = matches!(ticket.id.len(), 15 | 18) && ticket.id.chars().all(|c| c.is_ascii_alphanumeric());
    if is_id { Ok(&ticket.id) } else { Err(NotTaken::ForGood(format!("{:?} is no id of a case in Salesforce", ways::line(&ticket.id)))) }
}

#[async_trait]
impl TicketSystem for SalesforceCases {
    async fn open(&self, case: CaseId, text: &TicketText) -> Result<TicketRef, NotTaken> {
        let mut fields = self.fields(text);
        if !self.settings.origin.is_empty() {
            fields["Origin"] = json!(self.settings.origin);
        }
        Ok(self.reference(&self.client.upsert(&self.settings.external_id, case, &fields).await?))
    }

    async fn edit(&self, ticket: &TicketRef, text: &TicketText) -> Result<(), NotTaken> {
        self.client.update(id(ticket)?, &self.fields(text)).await
    }

    async fn comment(&self, ticket: &TicketRef, key: &str, body: &str) -> Result<(), NotTaken> {
        let id = id(ticket)?;
        let _turn = self.turns.wait(id).await;
        self.say(id, key, body).await
    }

    async fn close(&self, ticket: &TicketRef, key: &str, _outcome: Outcome, body: &str) -> Result<(), NotTaken> {
        let id = id(ticket)?;
        let _turn = self.turns.wait(id).await;
        self.say(id, key, body).await?;
        self.client.update(id, &json!({"Status": self.settings.closed_status})).await
    }

    async fn reopen(&self, ticket: &TicketRef, key: &str, body: &str) -> Result<(), NotTaken> {
        let id = id(ticket)?;
        let _turn = self.turns.wait(id).await;
        self.say(id, key, body).await?;
        self.client.update(id, &json!({"Status": self.settings.reopened_status})).await
    }

    async fn news(&self, since: &str) -> Result<Option<TicketNews>, NotTaken> {
        self.news_since(ways::since(since)?).await.map(Some)
    }
}
