//! What the repository holds, and what each change does to it.

use super::GithubServer;
use crate::time::{Time, iso};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    pub number: u64,
    pub title: String,
    pub body: String,
    /// `open` or `closed`.
    pub state: String,
    pub state_reason: Option<String>,
    pub labels: Vec<String>,
    pub user: String,
    pub created: i64,
    pub updated: i64,
    pub closed: Option<i64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    pub id: u64,
    pub issue: u64,
    pub user: String,
    pub body: String,
    pub created: i64,
}

/// As the list of a repository's events has it.
pub(super) struct Event {
    pub id: u64,
    pub issue: u64,
    pub actor: String,
    /// `closed`, `reopened`, `labeled`, `unlabeled`.
    pub kind: &'static str,
    pub label: Option<String>,
    pub state_reason: Option<String>,
    pub created: i64,
}

/// What a webhook would say, kept until it is sent.
pub(super) struct Told {
    pub event: &'static str,
    pub action: &'static str,
    pub issue: Issue,
    pub comment: Option<Comment>,
    pub sender: String,
}

#[derive(Default)]
pub(crate) struct State {
    /// Whose a token is.
    pub accounts: BTreeMap<String, String>,
    /// As with an account that may not push: labels of new issues are dropped without a word.
    pub drops_labels: bool,
    pub issues: Vec<Issue>,
    pub comments: Vec<Comment>,
    pub(super) events: Vec<Event>,
    /// So many issues are found by searching.
    pub indexed: usize,
    pub(super) told: Vec<Told>,
    pub deliveries: u64,
}

impl State {
    pub fn issue(&self, number: u64) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.number == number)
    }

    pub fn open(&mut self, user: &str, title: &str, body: &str, labels: Vec<String>, time: &Time) -> u64 {
        let (number, now) = (self.issues.len() as u64 + 1, time.tick());
        let issue = Issue {
            number,
            title: title.into(),
            body: body.into(),
            state: "open".into(),
            state_reason: None,
            labels,
            user: user.into(),
            created: now,
            updated: now,
            closed: None,
        };
        self.issues.push(issue);
        self.tell("issues", "opened", number, None, user);
        number
    }

    pub fn comment(&mut self, user: &str, number: u64, body: &str, time: &Time) -> u64 {
        let (id, now) = (5_000 + self.comments.len() as u64, time.tick());
        let comment = Comment { id, issue: number, user: user.into(), body: body.into(), created: now };
        self.comments.push(comment.clone());
        self.change(number, |issue| issue.updated = now);
        self.tell("issue_comment", "created", number, Some(comment), user);
        id
    }

    pub fn edit(&mut self, number: u64, title: Option<&str>, body: Option<&str>, time: &Time) {
        let now = time.tick();
        self.change(number, |issue| {
            issue.title = title.unwrap_or(&issue.title).to_string();
            issue.body = body.unwrap_or(&issue.body).to_string();
            issue.updated = now;
        });
    }

    /// The reason is ignored unless the state changes, as GitHub does.
    pub fn set_state(&mut self, actor: &str, number: u64, state: &str, reason: Option<&str>, time: &Time) {
        if self.issue(number).is_none_or(|issue| issue.state == state) {
            return;
        }
        let now = time.tick();
        let is_closed = state == "closed";
        let reason = if is_closed { reason.or(Some("completed")) } else { Some("reopened") }.map(str::to_string);
        self.change(number, |issue| {
            issue.state = state.into();
            issue.state_reason = reason.clone();
            issue.closed = is_closed.then_some(now);
            issue.updated = now;
        });
        let (kind, state_reason) = if is_closed { ("closed", reason) } else { ("reopened", None) };
        self.happened(number, actor, kind, None, state_reason, now);
        self.tell("issues", kind, number, None, actor);
    }

    pub fn set_labels(&mut self, actor: &str, number: u64, labels: Vec<String>, time: &Time) {
        let before = self.issue(number).map(|issue| issue.labels.clone()).unwrap_or_default();
        if before == labels {
            return;
        }
        let now = time.tick();
        self.change(number, |issue| (issue.labels, issue.updated) = (labels.clone(), now));
        for label in labels.iter().filter(|label| !before.contains(label)) {
            self.happened(number, actor, "labeled", Some(label.clone()), None, now);
            self.tell("issues", "labeled", number, None, actor);
        }
        for label in before.iter().filter(|label| !labels.contains(label)) {
            self.happened(number, actor, "unlabeled", Some(label.clone()), None, now);
            self.tell("issues", "unlabeled", number, None, actor);
        }
    }

    fn change(&mut self, number: u64, change: impl FnOnce(&mut Issue)) {
        if let Some(issue) = self.issues.iter_mut().find(|issue| issue.number == number) {
            change(issue);
        }
    }
    fn happened(&mut self, issue: u64, actor: &str, kind: &'static str, label: Option<String>, state_reason: Option<String>, created: i64) {
        let id = 9_000 + self.events.len() as u64;
        self.events.push(Event { id, issue, actor: actor.into(), kind, label, state_reason, created });
    }
    fn tell(&mut self, event: &'static str, action: &'static str, number: u64, comment: Option<Comment>, sender: &str) {
        let issue = self.issue(number).cloned();
        self.told.extend(issue.map(|issue| Told { event, action, issue, comment, sender: sender.into() }));
    }
}

impl Issue {
    pub(super) fn json(&self, comments: usize) -> Value {
        let labels: Vec<Value> = self.labels.iter().map(|name| json!({"name": name})).collect();
        json!({
            "id": 1_000_000 + self.number, "number": self.number, "title": self.title, "body": self.body, "state": self.state,
            "state_reason": self.state_reason, "labels": labels, "user": {"login": self.user, "type": "User"}, "comments": comments,
            "html_url": format!("https://github.com/{}/issues/{}", GithubServer::REPOSITORY, self.number),
            "created_at": iso(self.created), "updated_at": iso(self.updated), "closed_at": self.closed.map(iso),
        })
    }
}

impl Comment {
    pub(super) fn json(&self) -> Value {
        let repository = GithubServer::REPOSITORY;
        json!({
            "id": self.id, "body": self.body, "user": {"login": self.user, "type": "User"}, "created_at": iso(self.created),
            "updated_at": iso(self.created), "issue_url": format!("https://api.github.com/repos/{repository}/issues/{}", self.issue),
            "html_url": format!("https://github.com/{repository}/issues/{}#issuecomment-{}", self.issue, self.id),
        })
    }
}
