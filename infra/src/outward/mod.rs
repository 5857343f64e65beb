//! The one way out by HTTP: to addresses that may be reached, without redirects or proxies, with bounded answers.

mod gate;
mod opened;
mod reply;
mod request;
mod trust;
mod verdict;

use gate::Gate;
use reqwest::redirect::Policy;
use serde::{Deserialize, Serialize};
use std::{error::Error as StdError, sync::Arc, time::Duration};
use thiserror::Error;

pub use gate::BadAllowance;
pub use millwright_domain::plain::cleaned;
pub use opened::Opened;
pub use reply::Reply;
pub use request::Request;
pub use verdict::Again;

/// Connecting may take so long at most, however long the answer may.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutwardSettings {
    /// What may be reached although it is not on the public internet: names of hosts, addresses, or networks such as `10.1.0.0/16`.
    pub allow: Vec<String>,
    /// An answer that takes longer is not waited for.
    pub timeout_s: u64,
}

impl Default for OutwardSettings {
    fn default() -> Self {
        Self { allow: Vec::new(), timeout_s: 20 }
    }
}

#[derive(Debug, Error)]
pub enum OutwardError {
    #[error(transparent)]
    Allowance(#[from] BadAllowance),
    #[error("outward.timeout_s must be between 1 and 300")]
    Timeout,
    #[error("HTTP over TLS cannot be used here")]
    Tls(#[source] Box<dyn StdError + Send + Sync>),
}

/// Why there is no answer. The texts name the place without its query and without what was marked as secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SendFailed {
    /// Certainly nothing arrived: an address that may not be reached, no such name, nobody listens, no trust.
    #[error("{place} cannot be reached: {reason}")]
    NotSent { place: String, reason: String },
    /// It left, wholly or in part, and may have been acted on.
    #[error("{place} did not answer: {reason}")]
    NoAnswer { place: String, reason: String },
}

#[derive(Clone)]
pub struct Outward {
    client: reqwest::Client,
    gate: Arc<Gate>,
    timeout: Duration,
}

impl Outward {
    pub fn new(settings: OutwardSettings) -> Result<Self, OutwardError> {
        if !(1..=300).contains(&settings.timeout_s) {
            return Err(OutwardError::Timeout);
        }
        let timeout = Duration::from_secs(settings.timeout_s);
        let gate = Arc::new(Gate::new(&settings.allow)?);
        let client = reqwest::Client::builder()
            .user_agent(concat!("millwright/", env!("CARGO_PKG_VERSION")))
            .use_preconfigured_tls(trust::client_config().map_err(|cause| OutwardError::Tls(cause.into()))?)
            .dns_resolver(gate.clone())
            .redirect(Policy::none())
            .no_proxy()
            // Within the whole time, so that a connection that was never made is not taken for an answer that never came.
            .connect_timeout(LONGEST_CONNECT.min(timeout / 2))
            .timeout(timeout)
            // A connection that is kept may die just when it is used again, and then nobody knows whether the request arrived.
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|cause| OutwardError::Tls(cause.into()))?;
        Ok(Self { client, gate, timeout })
    }

    /// Sends it once. Any status is an answer; [`Reply::taken`] says what it means.
    pub async fn send(&self, request: Request) -> Result<Reply, SendFailed> {
        self.open(request).await?.whole().await
    }

    /// Sends it once and returns when an answer begins, which may be read in pieces.
    pub async fn open(&self, request: Request) -> Result<Opened, SendFailed> {
        let (place, largest, hidden) = (request.place(), request.largest_answer(), request.hidden().to_vec());
        let not_sent = |reason| SendFailed::NotSent { place: place.clone(), reason };
        self.gate.may_reach(request.url()).map_err(|refused| not_sent(refused.to_string()))?;
        let within = request.time().unwrap_or(self.timeout);
        let built = request.build(&self.client).map_err(not_sent)?;
        match self.client.execute(built).await {
            Ok(response) => Ok(Opened::new(response, place, hidden, largest, within)),
            Err(cause) if cause.is_connect() || cause.is_builder() => Err(not_sent(opened::in_words(cause, &hidden, within))),
            Err(cause) => Err(SendFailed::NoAnswer { reason: opened::in_words(cause, &hidden, within), place }),
        }
    }
}

#[cfg(test)]
mod tests;
