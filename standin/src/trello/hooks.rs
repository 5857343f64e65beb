//! The webhook: Trello looks with HEAD whether somebody is there before it makes one, and then sends each action signed.

use super::{Shared, TrelloServer, api::refused};
use crate::{call::call, sign::sha1_base64};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use std::io;

/// `POST /1/webhooks`
pub async fn make(State(shared): State<Shared>, Json(body): Json<Value>) -> Response {
    let url = body["callbackURL"].as_str().unwrap_or_default().to_string();
    match call("HEAD", &url, &[], b"").await {
        Ok(200) => {
            shared.state().hooks.push(url.clone());
            Json(json!({"id": "66f0b00c0000000000000001", "callbackURL": url, "idModel": body["idModel"], "active": true})).into_response()
        }
        Ok(status) => refused(StatusCode::BAD_REQUEST, &format!("URL ({url}) did not return 200 status code, got {status}")),
        Err(error) => refused(StatusCode::BAD_REQUEST, &format!("URL ({url}) could not be reached: {error}")),
    }
}

impl TrelloServer {
    /// As if somebody had made it with the API. Returns what HEAD was answered.
    pub async fn register_webhook(&self, url: &str) -> io::Result<u16> {
        let status = call("HEAD", url, &[], b"").await?;
        if status == 200 {
            self.shared.state().hooks.push(url.to_string());
        }
        Ok(status)
    }

    /// Sends all actions since the last time to each webhook, also what was done through the API. `signed_for` is the address in the
    /// signature, where a proxy stands between; empty for the address itself.
    pub async fn deliver_webhooks(&self, signed_for: &str) -> io::Result<Vec<u16>> {
        let (hooks, bodies) = {
            let mut state = self.shared.state();
            let shown = |action| json!({"action": state.shown(action), "model": {"id": Self::BOARD, "name": "Maintenance"}}).to_string();
            let bodies: Vec<String> = state.actions.iter().skip(state.told).map(shown).collect();
            state.told = state.actions.len();
            (state.hooks.clone(), bodies)
        };
        let mut statuses = Vec::new();
        for url in &hooks {
            for body in &bodies {
                let signed_for = if signed_for.is_empty() { url } else { signed_for };
                let signature = sha1_base64(Self::SECRET, body.as_bytes(), signed_for);
                let headers = [("content-type", "application/json"), ("x-trello-webhook", signature.as_str())];
                statuses.push(call("POST", url, &headers, body.as_bytes()).await?);
            }
        }
        Ok(statuses)
    }
}
