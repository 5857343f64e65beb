//! Webhooks of GitHub: what people do in issues. Each deed has one name, the same whether it is told here or found by asking.
//!
//! | deed | name |
//! |---|---|
//! | a comment | `github:comment:<comment's id>` |
//! | an issue closed | `github:issue:<number>:closed:<the issue's closed_at>` |
//! | an issue reopened | `github:issue:<number>:reopened:<the issue's updated_at>` |
//! | labels changed | `github:issue:<number>:labelled:<the issue's updated_at>:<all its labels, digested>` |
//!
//! `closed_at` stays what it is until the issue is closed again, while `updated_at` moves with each comment. An issue's event `reopened`
//! has in its `created_at` what `updated_at` was then. GitHub's times have whole seconds, so labels need more than a time.

use super::{
    read,
    signature::{header, is_sha256_hex},
};
use crate::secret::SecretSource;
use millwright_domain::{
    case::Outcome,
    ports::{
        inbound::{Heard, Knock, KnockRefused, News},
        ticket_system::{Deed, OutsideDeed},
    },
    ticket::TicketRef,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GithubHook {
    /// What the webhook is signed with.
    pub secret: SecretSource,
    /// `owner/name`; what happens in others is not listened to.
    pub repository: String,
    /// The account that we write with, such as `millwright[bot]`: what it does is no news.
    pub account: String,
}

#[derive(Deserialize)]
struct Payload {
    action: String,
    issue: Issue,
    comment: Option<Comment>,
    sender: Account,
    repository: Repository,
}

#[derive(Deserialize)]
struct Issue {
    number: u64,
    html_url: String,
    #[serde(default)]
    state_reason: Option<String>,
    updated_at: String,
    #[serde(default)]
    closed_at: Option<String>,
    #[serde(default)]
    labels: Vec<Label>,
    /// There if it is a pull request, which is an issue to GitHub.
    #[serde(default)]
    pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    /// `None` for a deleted account.
    #[serde(default)]
    user: Option<Account>,
}

#[derive(Deserialize)]
struct Account {
    login: String,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
}

/// The name of a comment's delivery.
pub fn comment_delivery(comment: u64) -> String {
    format!("github:comment:{comment}")
}

/// The name of `closed` or `reopened`, at the time that the table above says.
pub fn state_delivery(number: u64, deed: &str, at: &str) -> String {
    format!("github:issue:{number}:{deed}:{}", read::id(at))
}

/// The name of a change of labels.
pub fn labels_delivery(number: u64, updated_at: &str, labels: &[String]) -> String {
    let mut sorted = labels.to_vec();
    sorted.sort();
    let digest = Sha256::digest(sorted.join("\n").as_bytes());
    let shown: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    format!("github:issue:{number}:labelled:{}:{shown}", read::id(updated_at))
}

/// What the reason of a closed issue means here.
pub fn closed_as(state_reason: Option<&str>) -> Option<Outcome> {
    match state_reason {
        Some("completed") => Some(Outcome::Repaired),
        Some("not_planned") => Some(Outcome::FalseAlarm),
        _ => None,
    }
}

impl GithubHook {
    pub fn hear(&self, knock: &Knock) -> Result<Heard, KnockRefused> {
        read::only_post(knock)?;
        let given = header(knock, "x-hub-signature-256").and_then(|value| value.strip_prefix("sha256=")).ok_or(KnockRefused::BadSignature)?;
        if !is_sha256_hex(&read::secrets(&self.secret)?, &[&knock.body], given) {
            return Err(KnockRefused::BadSignature);
        }
        self.parse(knock).map(Heard::News)
    }

    /// What a verified request says.
    pub fn parse(&self, knock: &Knock) -> Result<Vec<News>, KnockRefused> {
        let news = match header(knock, "x-github-event") {
            Some("issues" | "issue_comment") if read::is_content_type(knock, "application/json") => self.read(read::json(&knock.body)?),
            Some("issues" | "issue_comment") => {
                return Err(read::unreadable("choose the content type application/json in GitHub's webhook settings"));
            }
            // `ping`, when the webhook is made, and all that is not about issues.
            _ => None,
        };
        Ok(news.map(News::Ticket).into_iter().collect())
    }

    fn read(&self, payload: Payload) -> Option<OutsideDeed> {
        let Payload { action, issue, comment, sender, repository } = payload;
        let elsewhere = !repository.full_name.eq_ignore_ascii_case(&self.repository) || issue.pull_request.is_some();
        if elsewhere || sender.login.eq_ignore_ascii_case(&self.account) {
            return None;
        }
        let mut words = String::new();
        let mut account = sender.login;
        let (delivery, deed) = match (action.as_str(), comment) {
            ("created", Some(comment)) => {
                let body = comment.body.unwrap_or_default();
                if read::is_ours(&body) {
                    return None;
                }
                account = comment.user.map_or(account, |user| user.login);
                words = read::text(&body);
                (comment_delivery(comment.id), Deed::Commented)
            }
            ("closed", None) => {
                let at = issue.closed_at.as_deref().unwrap_or(&issue.updated_at);
                (state_delivery(issue.number, "closed", at), Deed::Closed(closed_as(issue.state_reason.as_deref())))
            }
            ("reopened", None) => (state_delivery(issue.number, "reopened", &issue.updated_at), Deed::Reopened),
            ("labeled" | "unlabeled", None) => {
                let labels: Vec<String> = issue.labels.iter().take(100).map(|label| read::line(&label.name)).collect();
                (labels_delivery(issue.number, &issue.updated_at, &labels), Deed::Labelled(labels))
            }
            _ => return None,
        };
        let ticket = TicketRef { system: "github".into(), id: issue.number.to_string(), url: read::line(&issue.html_url) };
        Some(OutsideDeed { ticket, delivery, account: read::line(&account), deed, words })
    }
}

#[cfg(test)]
mod tests;
