//! Tickets as issues of a GitHub repository. GitHub knows no keys, so issues and comments carry hidden marks, and are looked for before
//! they are made: in the lists of the newest, because what is found by searching lags behind.

mod client;
mod news;
mod shapes;

use super::{
    mark::{self, Counted},
    settings::{self, BadTickets},
    turns::Turns,
    ways::{self, OwnAccount},
};
use crate::outward::Outward;
use async_trait::async_trait;
use client::Client;
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
use serde_json::json;
use shapes::Issue;

pub const SYSTEM: &str = "github";
/// GitHub's own limits.
const LONGEST_TITLE: usize = 256;
const LONGEST_BODY: Counted = Counted::Units(65_536);
const LONGEST_LABEL: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GithubSettings {
    /// `owner/name`; empty switches it off.
    pub repository: String,
    /// Where the token is kept: `env:NAME`, or a file.
    pub token: String,
    /// The account that the token is of, such as `millwright-bot` or `millwright[bot]`; empty asks GitHub, which an app's token may not.
    pub account: String,
    /// On every issue of ours, and how they are found.
    pub label: String,
    /// Another one for GitHub Enterprise: `https://github.plant.example/api/v3`.
    pub api: String,
}

impl Default for GithubSettings {
    fn default() -> Self {
        let (repository, token, account) = (String::new(), String::new(), String::new());
        Self { repository, token, account, label: "millwright".into(), api: "https://api.github.com".into() }
    }
}

impl GithubSettings {
    pub fn is_on(&self) -> bool {
        !self.repository.is_empty()
    }
}

pub struct GithubIssues {
    client: Client,
    account: OwnAccount,
    turns: Turns,
}

impl GithubIssues {
    pub fn new(settings: &GithubSettings, outward: Outward) -> Result<Self, BadTickets> {
        let client = Client::new(settings, outward)?;
        if settings.label.is_empty() || settings.label.len() > LONGEST_LABEL || settings.label.contains(',') {
            return Err(settings::bad("github.label", &settings.label, "it must be a label's name without commas, up to 50 characters"));
        }
        Ok(Self { client, account: OwnAccount::new(&settings.account), turns: Turns::default() })
    }

    /// With the label that they are found by, and without what GitHub does not take.
    fn labels(&self, text: &TicketText) -> Vec<String> {
        let fits = |label: &&String| label.chars().count() <= LONGEST_LABEL && !label.contains(',') && **label != self.client.label;
        std::iter::once(&self.client.label).chain(text.labels.iter().filter(fits)).cloned().collect()
    }

    async fn create(&self, case: CaseId, text: &TicketText) -> Result<Issue, NotTaken> {
        let labels = self.labels(text);
        let body = mark::marked(&text.body, &[mark::of_labels(&labels), mark::of_case(case)], LONGEST_BODY);
        let issue = json!({"title": mark::title(&text.title, LONGEST_TITLE), "body": body, "labels": labels});
        let made: Issue = ways::json(&self.client.post("issues", &issue).await?)?;
        if !made.has_label(&self.client.label) {
            // Said at each one, because nothing that people do in it is found by asking.
            let label = &self.client.label;
            tracing::warn!(issue = made.number, label, "GitHub dropped the label; give the account write access to the repository");
        }
        Ok(made)
    }

    /// Two programs that opened the same case's ticket at once both see the older one, and the younger one goes.
    async fn settle(&self, case: CaseId, made: Issue) -> Result<Issue, NotTaken> {
        match self.client.newest_of(case).await? {
            Some(older) if older.number < made.number => {
                self.client.patch(made.number, &json!({"state": "closed", "state_reason": "not_planned"})).await?;
                Ok(older)
            }
            _ => Ok(made),
        }
    }

    async fn say(&self, number: u64, key: &str, body: &str) -> Result<(), NotTaken> {
        let key = mark::of_key(key);
        if self.client.comments(number).await?.iter().any(|comment| mark::has(&key, comment.text())) {
            return Ok(());
        }
        let body = mark::marked(body, &[key], LONGEST_BODY);
        self.client.post(&format!("issues/{number}/comments"), &json!({"body": body})).await.map(drop)
    }
}

fn number(ticket: &TicketRef) -> Result<u64, NotTaken> {
    ticket.id.parse().map_err(|_no_number| NotTaken::ForGood(format!("{:?} is no issue's number", ways::line(&ticket.id))))
}

#[async_trait]
impl TicketSystem for GithubIssues {
    async fn open(&self, case: CaseId, text: &TicketText) -> Result<TicketRef, NotTaken> {
        let _turn = self.turns.wait(&case.to_string()).await;
        let issue = match self.client.find(case).await? {
            Some(found) => found,
            None => {
                let made = self.create(case, text).await?;
                self.settle(case, made).await?
            }
        };
        Ok(issue.reference())
    }

    /// A number alone could be anybody's issue, once the settings name another repository. Where it was only renamed, the mark tells.
    async fn holds(&self, case: CaseId, ticket: &TicketRef) -> Result<(), NotTaken> {
        let number = number(ticket)?;
        if self.client.is_address_of(&ticket.url, number) || mark::is_of_case(case, self.client.issue(number).await?.text()) {
            return Ok(());
        }
        let (repository, url) = (self.client.repository(), ways::line(&ticket.url));
        Err(NotTaken::ForGood(format!("issue {number} of {repository} is not this case's, whose ticket is {url}; look after that one by hand")))
    }

    async fn edit(&self, ticket: &TicketRef, text: &TicketText) -> Result<(), NotTaken> {
        let number = number(ticket)?;
        let _turn = self.turns.wait(&ticket.id).await;
        let issue = self.client.issue(number).await?;
        let ours = self.labels(text);
        let mut marks = vec![mark::of_labels(&ours)];
        marks.extend(mark::case_in(issue.text()).map(mark::of_case));
        let of_people = issue.label_names().into_iter().filter(|label| mark::is_of_people(label, issue.text(), &ours));
        let labels: Vec<String> = ours.iter().cloned().chain(of_people).collect();
        let edited = json!({
            "title": mark::title(&text.title, LONGEST_TITLE),
            "body": mark::marked(&text.body, &marks, LONGEST_BODY),
            "labels": labels,
        });
        self.client.patch(number, &edited).await
    }

    async fn comment(&self, ticket: &TicketRef, key: &str, body: &str) -> Result<(), NotTaken> {
        let number = number(ticket)?;
        let _turn = self.turns.wait(&ticket.id).await;
        self.say(number, key, body).await
    }

    async fn close(&self, ticket: &TicketRef, key: &str, outcome: Outcome, body: &str) -> Result<(), NotTaken> {
        let number = number(ticket)?;
        let _turn = self.turns.wait(&ticket.id).await;
        self.say(number, key, body).await?;
        let reason = if ways::was_real(outcome) { "completed" } else { "not_planned" };
        self.client.patch(number, &json!({"state": "closed", "state_reason": reason})).await
    }

    async fn reopen(&self, ticket: &TicketRef, key: &str, body: &str) -> Result<(), NotTaken> {
        let number = number(ticket)?;
        let _turn = self.turns.wait(&ticket.id).await;
        self.say(number, key, body).await?;
        self.client.patch(number, &json!({"state": "open"})).await
    }

    async fn news(&self, since: &str) -> Result<Option<TicketNews>, NotTaken> {
        self.news_since(ways::since(since)?).await.map(Some)
    }
}
