//! What of GitHub's answers is read.

use super::SYSTEM;
use crate::tickets::ways;
use chrono::{DateTime, Utc};
use millwright_domain::ticket::TicketRef;
use serde::{Deserialize, de::IgnoredAny};

#[derive(Debug, Deserialize)]
pub struct Issue {
    pub number: u64,
    pub html_url: String,
    body: Option<String>,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    pub state_reason: Option<String>,
    #[serde(default)]
    pub closed_at: Option<DateTime<Utc>>,
    /// There if it is a pull request, which is an issue to GitHub.
    #[serde(default)]
    pub pull_request: Option<IgnoredAny>,
}

/// An old issue may have labels that are mere names.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Label {
    Named { name: String },
    Name(String),
}

#[derive(Debug, Deserialize)]
pub struct Comment {
    pub id: u64,
    pub body: Option<String>,
    /// `None` for a deleted account.
    pub user: Option<Account>,
    pub created_at: DateTime<Utc>,
    #[serde(default)]
    pub issue_url: String,
}

#[derive(Debug, Deserialize)]
pub struct Event {
    pub event: String,
    pub actor: Option<Account>,
    pub created_at: DateTime<Utc>,
    #[serde(default)]
    pub state_reason: Option<String>,
    pub issue: Option<Issue>,
}

#[derive(Debug, Deserialize)]
pub struct Account {
    pub login: String,
}

#[derive(Debug, Deserialize)]
pub struct Found {
    pub items: Vec<Issue>,
}

impl Issue {
    pub fn label_names(&self) -> Vec<String> {
        self.labels.iter().map(|(Label::Named { name } | Label::Name(name))| name.clone()).collect()
    }
    pub fn has_label(&self, name: &str) -> bool {
        self.label_names().iter().any(|label| label.eq_ignore_ascii_case(name))
    }
    pub fn text(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }
    pub fn reference(&self) -> TicketRef {
        TicketRef { system: SYSTEM.into(), id: self.number.to_string(), url: ways::line(&self.html_url) }
    }
}

impl Comment {
    pub fn text(&self) -> &str {
        self.body.as_deref().unwrap_or_default()
    }
    /// The last part of the issue's address.
    pub fn issue(&self) -> Option<u64> {
        self.issue_url.rsplit('/').next()?.parse().ok()
    }
}
