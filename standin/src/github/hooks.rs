//! The webhook: signed, one delivery for each thing that happened, in order, when the test says so.

use super::{GithubServer, state::Told};
use crate::{call::call, sign::sha256_hex};
use serde_json::json;
use std::io;

impl GithubServer {
    /// Sends all that happened since the last time, also what was done through the API, and returns the answers' statuses.
    pub async fn deliver_webhooks(&self, url: &str, secret: &str) -> io::Result<Vec<u16>> {
        let told = std::mem::take(&mut self.shared.state().told);
        let mut statuses = Vec::new();
        for told in told {
            let delivery = {
                let mut state = self.shared.state();
                state.deliveries += 1;
                format!("72d3162e-cc78-11e3-81ab-{:012x}", state.deliveries)
            };
            let body = told.json().to_string();
            let signature = sha256_hex(secret, body.as_bytes());
            let headers = [
                ("content-type", "application/json"),
                ("user-agent", "GitHub-Hookshot/044aadd"),
                ("x-github-event", told.event),
                ("x-github-delivery", delivery.as_str()),
                ("x-hub-signature-256", signature.as_str()),
            ];
            statuses.push(call("POST", url, &headers, body.as_bytes()).await?);
        }
        Ok(statuses)
    }
}

impl Told {
    fn json(&self) -> serde_json::Value {
        let mut body = json!({
            "action": self.action, "issue": self.issue.json(0), "sender": {"login": self.sender},
            "repository": {"id": 1, "full_name": GithubServer::REPOSITORY},
        });
        if let Some(comment) = &self.comment {
            body["comment"] = comment.json();
        }
        body
    }
}
