//! What all adapters do alike: reading answers, cleaning words, times, and asking once whose a token is.

use crate::{
    outward::{Again, Outward, Reply, Request},
    secret::{Secret, SecretError, SecretSource},
};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use millwright_domain::{case::Outcome, plain::cleaned, ports::messenger::NotTaken};
use serde::de::DeserializeOwned;
use std::error::Error;
use tokio::sync::Mutex;

pub use millwright_domain::plain::{line, text as words};

/// What happened so long before it was asked last is asked for once more: services show it late, and it has the same name.
const OVERLAP_S: i64 = 120;

/// The active secret, or why nothing can be delivered without it.
pub fn active(source: &SecretSource) -> Result<Secret, NotTaken> {
    source.active().map_err(|error| no_secret(&error))
}

pub fn no_secret(error: &SecretError) -> NotTaken {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    NotTaken::Away(format!("{error}{cause}"))
}

/// A success that cannot be read was made all the same, so it is looked for again.
pub fn json<T: DeserializeOwned>(reply: &Reply) -> Result<T, NotTaken> {
    reply.json().map_err(NotTaken::ForNow)
}

/// Whether it was worth a ticket: what a system that knows two kinds of closing is told.
pub fn was_real(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Repaired | Outcome::Mitigated | Outcome::SelfRecovered => true,
        Outcome::FalseAlarm | Outcome::NoEffect => false,
    }
}

pub fn iso(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What `news` was given, if that was given by `news` before; `None` for "from now on".
pub fn since(text: &str) -> Result<Option<DateTime<Utc>>, NotTaken> {
    if text.is_empty() {
        return Ok(None);
    }
    let time = DateTime::parse_from_rfc3339(text).map(|time| Some(time.with_timezone(&Utc)));
    time.map_err(|_no_time| NotTaken::ForGood(format!("{:?} is no time to ask for news since", cleaned(text, 60))))
}

/// What `news` is to be given next time: never back behind where it began.
pub fn next(since: DateTime<Utc>, asked_at: DateTime<Utc>) -> String {
    iso(since.max(asked_at - TimeDelta::seconds(OVERLAP_S)))
}

/// Our own account in a system: as the settings say, or asked for once for each token.
pub struct OwnAccount {
    set: String,
    asked: Mutex<Option<(Secret, String)>>,
}

impl OwnAccount {
    pub fn new(set: &str) -> Self {
        Self { set: set.to_string(), asked: Mutex::default() }
    }

    pub async fn get(&self, token: &SecretSource, ask: impl AsyncFnOnce() -> Result<String, NotTaken>) -> Result<String, NotTaken> {
        if !self.set.is_empty() {
            return Ok(self.set.clone());
        }
        let token = active(token)?;
        let mut asked = self.asked.lock().await;
        if let Some((of, account)) = asked.as_ref()
            && of.expose() == token.expose()
        {
            return Ok(account.clone());
        }
        let account = ask().await?;
        *asked = Some((token, account.clone()));
        Ok(account)
    }
}

/// Sends what is safe to send again, and takes a success only.
pub async fn taken(outward: &Outward, request: Request) -> Result<Reply, NotTaken> {
    outward.send(request).await.map_err(|failed| failed.not_taken(Again::Safe))?.taken(Again::Safe)
}
