//! What a provider says of itself: its endpoints and keys. Read when they are needed, kept for an hour, and read anew when a key is missing.

use super::{road::Road, settings::is_safe};
use chrono::TimeDelta;
use millwright_domain::{Timestamp, ports::identity_provider::NotIdentified};
use openidconnect::{IssuerUrl, ProviderMetadataWithLogout};
use reqwest::Url;
use std::{error::Error as StdError, sync::Arc};
use tokio::sync::Mutex;

const KEPT_FOR: TimeDelta = TimeDelta::hours(1);
/// A provider that is away is not asked by each stranger who clicks.
const AGAIN_AFTER: TimeDelta = TimeDelta::seconds(5);

pub struct Metadata {
    issuer: IssuerUrl,
    /// Held while it is being read, so that many who come at once make one request.
    last: Mutex<Option<Last>>,
}

struct Last {
    at: Timestamp,
    read: Result<Arc<ProviderMetadataWithLogout>, String>,
}

impl Metadata {
    pub fn of(issuer: IssuerUrl) -> Self {
        Self { issuer, last: Mutex::default() }
    }

    pub async fn at(&self, road: &Road, now: Timestamp) -> Result<Arc<ProviderMetadataWithLogout>, NotIdentified> {
        self.no_older_than(road, now, KEPT_FOR).await
    }

    /// Keys are changed now and then, and a token may come first.
    pub async fn anew(&self, road: &Road, now: Timestamp) -> Result<Arc<ProviderMetadataWithLogout>, NotIdentified> {
        self.no_older_than(road, now, TimeDelta::zero()).await
    }

    async fn no_older_than(&self, road: &Road, now: Timestamp, age: TimeDelta) -> Result<Arc<ProviderMetadataWithLogout>, NotIdentified> {
        let mut last = self.last.lock().await;
        if let Some(last) = &*last {
            let keeps = if last.read.is_ok() { age } else { AGAIN_AFTER };
            // A clock that was set back must not keep old keys for long.
            if now.since(last.at) < keeps && last.at <= now {
                return last.read.clone().map_err(|reason| NotIdentified::Away(reason.into()));
            }
        }
        let read = self.read(road).await;
        *last = Some(Last { at: now, read: read.clone() });
        read.map_err(|reason| NotIdentified::Away(reason.into()))
    }

    async fn read(&self, road: &Road) -> Result<Arc<ProviderMetadataWithLogout>, String> {
        let found = ProviderMetadataWithLogout::discover_async(self.issuer.clone(), road).await;
        let found = found.map_err(|cause| format!("the provider at {} cannot be read: {}", self.issuer.as_str(), in_words(&cause)))?;
        // What begins safely goes on safely.
        let mut places: Vec<&Url> = vec![found.authorization_endpoint().url(), found.jwks_uri().url()];
        places.extend(found.token_endpoint().map(|endpoint| endpoint.url()));
        match places.into_iter().find(|place| !is_safe(place)) {
            Some(place) => Err(format!("the provider at {} names {place}, which is not https", self.issuer.as_str())),
            None => Ok(Arc::new(found)),
        }
    }
}

/// Outermost first.
pub fn in_words(error: &dyn StdError) -> String {
    let mut words = error.to_string();
    let mut inner = error.source();
    while let Some(cause) = inner {
        words = format!("{words}: {cause}");
        inner = cause.source();
    }
    millwright_domain::plain::cleaned(&words, 400)
}
