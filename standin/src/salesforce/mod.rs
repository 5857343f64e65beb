//! Salesforce with cases: tokens by client credentials, records by REST, queries, and what people do on the page.

mod api;
mod state;

use crate::{Faults, Served, Time, serve};
use state::State;
use std::io;

pub use state::{Case, CaseComment};

pub(crate) type Shared = crate::shared::Shared<State>;

pub struct SalesforceServer {
    served: Served,
    shared: Shared,
    pub faults: Faults,
}

impl SalesforceServer {
    pub const CLIENT_ID: &str = "3MVG9standinclientid";
    pub const CLIENT_SECRET: &str = "STANDIN5E1F0C2A9D8B7C6E5F4A3B2C1D0E9F8A7B6C5D4E3F2A1B0C9D8E7F6A5B4C";
    /// The user that the client runs as.
    pub const USER: &str = "005000000000001AAA";
    pub const FIELD: &str = "Millwright_Case__c";

    pub async fn start() -> io::Result<Self> {
        let time = Time::default();
        let faults = Faults::new(time.clone());
        let shared = Shared::new(State::default(), time);
        shared.state().secret = Self::CLIENT_SECRET.into();
        let served = serve(api::routes(shared.clone()), faults.clone()).await?;
        Ok(Self { served, shared, faults })
    }

    pub fn url(&self) -> String {
        self.served.url()
    }
    pub fn time(&self) -> &Time {
        &self.shared.time
    }
    /// No token that was given out is good any more.
    pub fn expire_tokens(&self) {
        self.shared.state().tokens.clear();
    }
    /// From now on only this secret gets a token. Tokens that were given out stay good.
    pub fn secret_is_now(&self, secret: &str) {
        self.shared.state().secret = secret.into();
    }
    pub fn cases(&self) -> Vec<Case> {
        self.shared.state().cases.clone()
    }
    /// Of one case, oldest first.
    pub fn comments(&self, case: &str) -> Vec<CaseComment> {
        self.shared.state().comments.iter().filter(|comment| comment.case == case).cloned().collect()
    }

    /// Users are named by their user name: `ann@plant.example`.
    pub fn person_comments(&self, case: &str, user: &str, body: &str) -> String {
        self.shared.state().comment(user, case, body, &self.shared.time)
    }
    pub fn person_sets_status(&self, case: &str, user: &str, status: &str) {
        self.shared.state().set_status(user, case, status, &self.shared.time);
    }
}
