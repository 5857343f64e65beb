//! Requests to Salesforce's REST API, under a token that is asked for when there is none and when it is not good any more.

use super::SalesforceSettings;
use crate::{
    outward::{Again, Outward, Reply, Request},
    secret::{Secret, SecretSource},
    tickets::{
        settings::{self, BadTickets},
        ways,
    },
};
use chrono::{DateTime, Utc};
use millwright_domain::{ids::CaseId, ports::messenger::NotTaken};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;
use tokio::sync::Mutex;

/// Answers of queries come in parts of up to 2,000 records.
const LARGEST_ANSWER: usize = 16 << 20;
const MOST_PARTS: usize = 20;
/// The daily limit of requests frees up little by little.
const LIMIT_WAIT: Duration = Duration::from_secs(15 * 60);

pub struct Client {
    outward: Outward,
    pub domain: String,
    data: String,
    client_id: String,
    client_secret: SecretSource,
    session: Mutex<Option<Session>>,
}

#[derive(Clone)]
struct Session {
    token: Secret,
    /// What it was got for: only so that it is never shown, whatever Salesforce answers.
    secret: Secret,
    user: String,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    /// `https://login.salesforce.com/id/<organization>/<user>`
    #[serde(default)]
    id: String,
}

#[derive(Deserialize)]
struct Part {
    records: Vec<Value>,
    #[serde(default, rename = "nextRecordsUrl")]
    next: Option<String>,
}

impl Client {
    pub fn new(settings: &SalesforceSettings, outward: Outward) -> Result<Self, BadTickets> {
        let domain = settings::address("salesforce.domain", &settings.domain)?;
        let version = &settings.api_version;
        if !version.strip_prefix('v').is_some_and(|number| number.chars().all(|c| c.is_ascii_digit() || c == '.') && !number.is_empty()) {
            return Err(settings::bad("salesforce.api_version", version, "write it as `v62.0`"));
        }
        if settings.client_id.is_empty() {
            return Err(settings::bad("salesforce.client_id", "", "it is the consumer key of the app"));
        }
        Ok(Self {
            outward,
            data: format!("{domain}/services/data/{version}"),
            domain,
            client_id: settings.client_id.clone(),
            client_secret: settings::secret("salesforce.client_secret", &settings.client_secret)?,
            session: Mutex::default(),
        })
    }

    /// The address in the answer is not used: requests go to the domain of the settings, and so does the token.
    async fn log_in(&self) -> Result<Session, NotTaken> {
        let secret = ways::active(&self.client_secret)?;
        let form = [("grant_type", "client_credentials"), ("client_id", self.client_id.as_str()), ("client_secret", secret.expose())];
        let request = Request::post(&format!("{}/services/oauth2/token", self.domain)).form(&form).hide(secret.expose());
        let reply = self.outward.send(request).await.map_err(|failed| failed.not_taken(Again::Safe))?;
        // OAuth says 400 for credentials that are not good, and what is not there is a wrong domain: nothing is taken before that is mended.
        if (400..500).contains(&reply.status) && !matches!(reply.status, 408 | 425 | 429) {
            return Err(NotTaken::Away(format!(
                "{} gives no token: {}; mend salesforce.domain, client_id or the secret",
                reply.place,
                reply.words()
            )));
        }
        let granted: Granted = ways::json(&reply.taken(Again::Safe)?)?;
        let user = granted.id.rsplit('/').next().unwrap_or_default().to_string();
        Ok(Session { token: Secret::new(granted.access_token), secret, user })
    }

    /// The session that is there, unless it is the one that is not good any more.
    async fn session(&self, worn: Option<&Session>) -> Result<Session, NotTaken> {
        let mut session = self.session.lock().await;
        if let Some(held) = session.as_ref()
            && worn.is_none_or(|worn| worn.token.expose() != held.token.expose())
        {
            return Ok(held.clone());
        }
        *session = None;
        let fresh = self.log_in().await?;
        *session = Some(fresh.clone());
        Ok(fresh)
    }

    /// Whose session it is: the user that the app runs as.
    pub async fn user(&self) -> Result<String, NotTaken> {
        self.session(None).await.map(|session| session.user)
    }

    async fn ask(&self, request: Request) -> Result<Reply, NotTaken> {
        let request = request.at_most(LARGEST_ANSWER);
        let session = self.session(None).await?;
        let send = async |session: &Session| {
            let sent = self.outward.send(request.clone().hide(session.secret.expose()).bearer(&session.token)).await;
            sent.map_err(|failed| failed.not_taken(Again::Safe))
        };
        let mut reply = send(&session).await?;
        if reply.status == 401 {
            reply = send(&self.session(Some(&session)).await?).await?;
        }
        if reply.is_success() { Ok(reply) } else { Err(means(&reply)) }
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Reply, NotTaken> {
        self.ask(Request::post(&format!("{}/{path}", self.data)).json(body)).await
    }

    pub async fn update(&self, id: &str, fields: &Value) -> Result<(), NotTaken> {
        self.ask(Request::patch(&format!("{}/sobjects/Case", self.data)).part(id).json(fields)).await.map(drop)
    }

    /// Makes the record, or sets the fields of the one that is there; its id either way.
    pub async fn upsert(&self, field: &str, case: CaseId, fields: &Value) -> Result<String, NotTaken> {
        #[derive(Deserialize)]
        struct Record {
            #[serde(alias = "Id")]
            id: String,
        }
        let url = format!("{}/sobjects/Case/{field}/{case}", self.data);
        let mut reply = self.ask(Request::patch(&url).json(fields)).await?;
        // Older versions say nothing about a record that was there.
        if reply.status == 204 {
            reply = self.ask(Request::get(&url).query("fields", "Id")).await?;
        }
        let Record { id } = ways::json(&reply)?;
        Ok(ways::line(&id))
    }

    pub async fn query(&self, soql: &str) -> Result<Vec<Value>, NotTaken> {
        self.query_at(soql).await.map(|(records, _)| records)
    }

    /// The records, and what time it was at Salesforce.
    pub async fn query_at(&self, soql: &str) -> Result<(Vec<Value>, DateTime<Utc>), NotTaken> {
        let reply = self.ask(Request::get(&format!("{}/query", self.data)).query("q", soql)).await?;
        let (asked_at, mut part) = (reply.time(), ways::json::<Part>(&reply)?);
        let mut records = Vec::new();
        for _ in 1..MOST_PARTS {
            records.append(&mut part.records);
            let Some(next) = part.next.filter(|next| next.starts_with("/services/data/")) else { break };
            part = ways::json(&self.ask(Request::get(&format!("{}{next}", self.domain))).await?)?;
        }
        records.append(&mut part.records);
        Ok((records, asked_at))
    }
}

/// Salesforce's own words say more than the status in some cases.
fn means(reply: &Reply) -> NotTaken {
    let words = reply.words();
    let is = |code: &str| words.starts_with(code);
    if is("REQUEST_LIMIT_EXCEEDED") {
        return NotTaken::Busy { reason: format!("Salesforce takes no more requests today: {words}"), wait: LIMIT_WAIT };
    }
    // Somebody else was just at it.
    if is("UNABLE_TO_LOCK_ROW") || is("DUPLICATE_VALUE") {
        return NotTaken::ForNow(format!("{} answered {}: {words}", reply.place, reply.status));
    }
    if reply.status == 300 {
        return NotTaken::ForGood(format!("{}: several cases bear the same id; make the field unique, and delete all but one", reply.place));
    }
    reply.not_taken(Again::Safe)
}
