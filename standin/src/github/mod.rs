//! GitHub Issues of one repository: the REST API, what people do on the page, and the webhook.

mod api;
mod hooks;
mod state;

use crate::{Faults, Served, Time, serve};
use state::State;
use std::io;

pub use state::{Comment, Issue};

pub(crate) type Shared = crate::shared::Shared<State>;

pub struct GithubServer {
    served: Served,
    shared: Shared,
    pub faults: Faults,
}

impl GithubServer {
    pub const REPOSITORY: &str = "plant/maintenance";
    /// The account that [`Self::TOKEN`] is of.
    pub const ACCOUNT: &str = "millwright-bot";
    pub const TOKEN: &str = "github_pat_standin0123456789";

    pub async fn start() -> io::Result<Self> {
        let time = Time::default();
        let faults = Faults::new(time.clone());
        let shared = Shared::new(State::default(), time);
        shared.state().accounts.insert(Self::TOKEN.into(), Self::ACCOUNT.into());
        let served = serve(api::routes(shared.clone()), faults.clone()).await?;
        Ok(Self { served, shared, faults })
    }

    pub fn url(&self) -> String {
        self.served.url()
    }
    pub fn time(&self) -> &Time {
        &self.shared.time
    }
    /// From now on only this token is good.
    pub fn token_is_now(&self, token: &str) {
        self.shared.state().accounts = [(token.to_string(), Self::ACCOUNT.to_string())].into();
    }
    /// From now on labels of new issues are dropped without a word, as GitHub does for accounts that may not push.
    pub fn drops_labels(&self) {
        self.shared.state().drops_labels = true;
    }
    pub fn issues(&self) -> Vec<Issue> {
        self.shared.state().issues.clone()
    }
    /// Of one issue, oldest first.
    pub fn comments(&self, number: u64) -> Vec<Comment> {
        self.shared.state().comments.iter().filter(|comment| comment.issue == number).cloned().collect()
    }
    /// Searching finds what was there when this was called last: the index lags.
    pub fn index_catches_up(&self) {
        let mut state = self.shared.state();
        state.indexed = state.issues.len();
    }

    pub fn person_opens(&self, login: &str, title: &str, body: &str, labels: &[&str]) -> u64 {
        let labels = labels.iter().map(|label| label.to_string()).collect();
        self.shared.state().open(login, title, body, labels, &self.shared.time)
    }
    pub fn person_comments(&self, number: u64, login: &str, body: &str) -> u64 {
        self.shared.state().comment(login, number, body, &self.shared.time)
    }
    /// `reason` is `completed` or `not_planned`.
    pub fn person_closes(&self, number: u64, login: &str, reason: &str) {
        self.shared.state().set_state(login, number, "closed", Some(reason), &self.shared.time);
    }
    pub fn person_reopens(&self, number: u64, login: &str) {
        self.shared.state().set_state(login, number, "open", None, &self.shared.time);
    }
    /// All labels that it has from now on.
    pub fn person_labels(&self, number: u64, login: &str, labels: &[&str]) {
        let labels = labels.iter().map(|label| label.to_string()).collect();
        self.shared.state().set_labels(login, number, labels, &self.shared.time);
    }
    pub fn person_edits(&self, number: u64, body: &str) {
        self.shared.state().edit(number, None, Some(body), &self.shared.time);
    }
}
