//! A receiver of Standard Webhooks that really verifies signatures, drops what it got twice, and may answer with a ticket of its own.

use crate::{Faults, Served, Time, serve, sign};
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io,
    time::{SystemTime, UNIX_EPOCH},
};

const TOLERANCE_S: u64 = 300;

/// What was taken, in order; each id once.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    pub id: String,
    pub body: Value,
}

type Shared = crate::shared::Shared<Inner>;

struct Inner {
    secrets: Vec<String>,
    taken: Vec<Taken>,
    /// Answers by id, so that what comes twice gets the same answer.
    answers: BTreeMap<String, Value>,
    answers_with_tickets: bool,
}

pub struct WebhookServer {
    served: Served,
    shared: Shared,
    pub faults: Faults,
}

impl WebhookServer {
    pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    pub async fn start() -> io::Result<Self> {
        let faults = Faults::new(Time::default());
        let inner = Inner { secrets: vec![Self::SECRET.into()], taken: Vec::new(), answers: BTreeMap::new(), answers_with_tickets: true };
        let shared = Shared::new(inner, Time::default());
        let served = serve(Router::new().route("/hooks/tickets", post(take)).with_state(shared.clone()), faults.clone()).await?;
        Ok(Self { served, shared, faults })
    }

    /// Where it takes webhooks.
    pub fn url(&self) -> String {
        format!("{}/hooks/tickets", self.served.url())
    }
    /// Each of these is good from now on.
    pub fn secrets_are_now(&self, secrets: &[&str]) {
        self.shared.state().secrets = secrets.iter().map(|secret| secret.to_string()).collect();
    }
    /// From now on it answers nothing but 204.
    pub fn answers_nothing(&self) {
        self.shared.state().answers_with_tickets = false;
    }
    pub fn taken(&self) -> Vec<Taken> {
        self.shared.state().taken.clone()
    }
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (id, timestamp, signatures) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let is_fresh = timestamp.parse::<u64>().is_ok_and(|sent| now.abs_diff(sent) <= TOLERANCE_S);
    let mut inner = shared.state();
    let made = inner.secrets.iter().filter_map(|secret| sign::standard(secret, id, timestamp, &body)).collect::<Vec<_>>();
    let is_signed = signatures.split(' ').any(|signature| made.iter().any(|made| made == signature));
    if id.is_empty() || !is_fresh || !is_signed {
        return (StatusCode::UNAUTHORIZED, Json(json!({"message": "signature does not verify"}))).into_response();
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return (StatusCode::BAD_REQUEST, Json(json!({"message": "no JSON"}))).into_response();
    };
    if inner.taken.iter().any(|taken| taken.id == id) {
        return inner.answers.get(id).map_or_else(|| StatusCode::NO_CONTENT.into_response(), |answer| Json(answer.clone()).into_response());
    }
    let is_new_ticket = body["type"].as_str().is_some_and(|kind| kind.ends_with(".opened"));
    inner.taken.push(Taken { id: id.to_string(), body });
    if !inner.answers_with_tickets || !is_new_ticket {
        return StatusCode::NO_CONTENT.into_response();
    }
    let number = 4_710 + inner.answers.len() + 1;
    let answer = json!({"id": number.to_string(), "url": format!("https://desk.example/t/{number}")});
    inner.answers.insert(id.to_string(), answer.clone());
    Json(answer).into_response()
}
