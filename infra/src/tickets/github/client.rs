//! Requests to GitHub's REST API about one repository, and how a case's issue is found in it.

use super::{
    GithubSettings,
    shapes::{Account, Comment, Event, Found, Issue},
};
use crate::{
    outward::{Again, Outward, Reply, Request},
    secret::SecretSource,
    tickets::{
        mark,
        settings::{self, BadTickets},
        ways,
    },
};
use chrono::{DateTime, Utc};
use millwright_domain::{ids::CaseId, ports::messenger::NotTaken};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The most that GitHub lists at once.
const PAGE: usize = 100;
/// Nobody reads on for longer than that: 3,000 comments of an issue, or 3,000 pieces of news.
const MOST_PAGES: usize = 30;
/// A page of issues whose bodies are all as long as they may be.
const LARGEST_PAGE: usize = 32 << 20;

pub struct Client {
    outward: Outward,
    api: String,
    owner: String,
    name: String,
    pub token: SecretSource,
    pub label: String,
}

impl Client {
    pub fn new(settings: &GithubSettings, outward: Outward) -> Result<Self, BadTickets> {
        let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        let Some((owner, name)) = settings.repository.split_once('/').filter(|(owner, name)| is_name(owner) && is_name(name)) else {
            return Err(settings::bad("github.repository", &settings.repository, "write it as `owner/name`"));
        };
        Ok(Self {
            outward,
            api: settings::address("github.api", &settings.api)?,
            owner: owner.into(),
            name: name.into(),
            token: settings::secret("github.token", &settings.token)?,
            label: settings.label.clone(),
        })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/repos/{}/{}/{path}", self.api, self.owner, self.name)
    }

    async fn send(&self, request: Request) -> Result<Reply, NotTaken> {
        let token = ways::active(&self.token)?;
        let request = request.bearer(&token).header("accept", "application/vnd.github+json").header("x-github-api-version", "2022-11-28");
        self.outward.send(request.at_most(LARGEST_PAGE)).await.map_err(|failed| failed.not_taken(Again::Safe))
    }

    /// `path` is that below the repository. What is wrong with one issue says nothing about the others.
    async fn ask(&self, path: &str, request: Request) -> Result<Reply, NotTaken> {
        let reply = self.send(request).await?;
        let issue: Option<u64> = path.strip_prefix("issues/").and_then(|rest| rest.split('/').next()?.parse().ok());
        match (reply.status, issue) {
            (403, _) if reply.words().contains("locked") => Err(NotTaken::ForGood(format!("{}: {}; unlock the issue", reply.place, reply.words()))),
            (300..=399, Some(number)) => {
                // If the whole repository has another name, that is what is to be mended.
                self.send(self.first_of_list()).await?.taken(Again::Safe)?;
                Err(NotTaken::ForGood(format!("issue {number} was moved out of {}; millwright does not follow it", self.repository())))
            }
            _ => reply.taken(Again::Safe),
        }
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Reply, NotTaken> {
        self.ask(path, Request::post(&self.url(path)).json(body)).await
    }
    pub async fn patch(&self, number: u64, body: &Value) -> Result<(), NotTaken> {
        let path = format!("issues/{number}");
        self.ask(&path, Request::patch(&self.url(&path)).json(body)).await.map(drop)
    }
    pub async fn issue(&self, number: u64) -> Result<Issue, NotTaken> {
        let path = format!("issues/{number}");
        ways::json(&self.ask(&path, Request::get(&self.url(&path))).await?)
    }
    pub async fn login(&self) -> Result<String, NotTaken> {
        let Account { login } = ways::json(&self.ask("", Request::get(&format!("{}/user", self.api))).await?)?;
        Ok(login)
    }
    /// Whether a person who goes to that address finds this issue of our repository.
    pub fn is_address_of(&self, url: &str, number: u64) -> bool {
        let ends = format!("/{}/{}/issues/{number}", self.owner, self.name);
        url.len() >= ends.len() && url.is_char_boundary(url.len() - ends.len()) && url[url.len() - ends.len()..].eq_ignore_ascii_case(&ends)
    }
    pub fn repository(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    async fn page<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)], page: usize) -> Result<Vec<T>, NotTaken> {
        let request = Request::get(&self.url(path)).query("per_page", &PAGE.to_string()).query("page", &page.to_string());
        ways::json(&self.ask(path, query.iter().fold(request, |request, (name, value)| request.query(name, value))).await?)
    }

    /// Page after page, until one is not full or `enough` is.
    async fn pages<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)], enough: impl Fn(&[T]) -> bool) -> Result<Vec<T>, NotTaken> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let mut found = self.page(path, query, page).await?;
            let is_last = found.len() < PAGE || enough(&found);
            all.append(&mut found);
            if is_last {
                return Ok(all);
            }
        }
        tracing::warn!(path, read = all.len(), "GitHub lists more than is read at once; what comes after that is left out");
        Ok(all)
    }

    pub async fn comments(&self, number: u64) -> Result<Vec<Comment>, NotTaken> {
        self.pages(&format!("issues/{number}/comments"), &[], |_| false).await
    }
    pub async fn comments_since(&self, since: &str) -> Result<Vec<Comment>, NotTaken> {
        self.pages("issues/comments", &[("since", since), ("sort", "updated"), ("direction", "asc")], |_| false).await
    }
    /// GitHub lists the newest first, of the whole repository.
    pub async fn events_since(&self, since: DateTime<Utc>) -> Result<Vec<Event>, NotTaken> {
        self.pages("issues/events", &[], |found: &[Event]| found.last().is_some_and(|event| event.created_at < since)).await
    }
    /// Our issues that something happened to.
    pub async fn touched_since(&self, since: &str) -> Result<Vec<Issue>, NotTaken> {
        self.pages("issues", &[("labels", &self.label), ("state", "all"), ("since", since), ("sort", "updated"), ("direction", "asc")], |_| false)
            .await
    }
    /// What time it is at GitHub.
    pub async fn time(&self) -> Result<DateTime<Utc>, NotTaken> {
        Ok(self.ask("issues", self.first_of_list()).await?.time())
    }
    fn first_of_list(&self) -> Request {
        Request::get(&self.url("issues")).query("labels", &self.label).query("per_page", "1")
    }

    /// The newest issues: of the whole repository, or those with our label.
    async fn newest(&self, labels: &str) -> Result<Vec<Issue>, NotTaken> {
        self.page("issues", &[("labels", labels), ("state", "all"), ("sort", "created"), ("direction", "desc")], 1).await
    }

    /// Among the newest of the repository.
    pub async fn newest_of(&self, case: CaseId) -> Result<Option<Issue>, NotTaken> {
        Ok(oldest_of(case, self.newest("").await?))
    }

    /// Among the newest; GitHub drops labels of accounts that may not set them, so not only among those with ours. What is older than
    /// that has been in the index for long.
    pub async fn find(&self, case: CaseId) -> Result<Option<Issue>, NotTaken> {
        let newest = self.newest("").await?;
        let are_all = newest.len() < PAGE;
        if let Some(found) = oldest_of(case, newest) {
            return Ok(Some(found));
        }
        if are_all {
            return Ok(None);
        }
        match oldest_of(case, self.newest(&self.label).await?) {
            None => self.search(case).await,
            found => Ok(found),
        }
    }

    async fn search(&self, case: CaseId) -> Result<Option<Issue>, NotTaken> {
        let query = format!("\"{case}\" repo:{} in:body is:issue", self.repository());
        let found: Found = ways::json(&self.ask("", Request::get(&format!("{}/search/issues", self.api)).query("q", &query)).await?)?;
        Ok(oldest_of(case, found.items))
    }
}

fn oldest_of(case: CaseId, issues: Vec<Issue>) -> Option<Issue> {
    let ours = issues.into_iter().filter(|issue| issue.pull_request.is_none() && mark::is_of_case(case, issue.text()));
    ours.min_by_key(|issue| issue.number)
}
