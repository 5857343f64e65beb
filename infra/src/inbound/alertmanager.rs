//! Alerts of Prometheus' Alertmanager, and of Grafana, which sends the same form. Neither signs: they show a secret.
//!
//! An alert's delivery is named `alertmanager:<fingerprint>:<status>:<startsAt>`, so that Alertmanager's reminders count once.

use super::{read, signature::is_authorized};
use crate::secret::SecretSource;
use millwright_domain::{
    Timestamp,
    ports::inbound::{Heard, Knock, KnockRefused, News, OutsideAlert},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const MOST_LABELS: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertmanagerHook {
    /// Shown as a bearer token, or as the password of any user.
    pub secret: SecretSource,
}

#[derive(Deserialize)]
struct Payload {
    alerts: Vec<Alert>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert {
    status: Status,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
    starts_at: String,
    fingerprint: String,
}

#[derive(Deserialize, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Status {
    Firing,
    Resolved,
}

impl AlertmanagerHook {
    pub fn hear(&self, knock: &Knock) -> Result<Heard, KnockRefused> {
        read::only_post(knock)?;
        if !is_authorized(&read::secrets(&self.secret)?, knock) {
            return Err(KnockRefused::BadSignature);
        }
        parse(&knock.body).map(Heard::News)
    }
}

/// What a verified body says.
pub fn parse(body: &[u8]) -> Result<Vec<News>, KnockRefused> {
    let payload: Payload = read::json(body)?;
    read::not_too_many(payload.alerts.into_iter().map(|alert| alert.read().map(News::Alert)).collect::<Result<_, _>>()?)
}

impl Alert {
    fn read(self) -> Result<OutsideAlert, KnockRefused> {
        let starts_at: Timestamp = self.starts_at.parse().map_err(|bad| read::unreadable(&format!("startsAt: {bad}")))?;
        let fingerprint = read::id(&self.fingerprint);
        if fingerprint.is_empty() {
            return Err(read::unreadable("an alert has no fingerprint; Alertmanager sends one from 0.19 on"));
        }
        let annotation = |name: &str| self.annotations.get(name).filter(|text| !text.trim().is_empty());
        let said = annotation("summary").or_else(|| annotation("description")).or_else(|| self.labels.get("alertname"));
        let summary = said.map_or_else(|| format!("alert {fingerprint}"), |text| read::line(text));
        let firing = self.status == Status::Firing;
        let status = if firing { "firing" } else { "resolved" };
        Ok(OutsideAlert {
            delivery: format!("alertmanager:{fingerprint}:{status}:{starts_at}"),
            system: "alertmanager".into(),
            firing,
            severity: self.labels.get("severity").and_then(|text| read::severity(text)),
            labels: labels(&self.labels),
            summary,
            starts_at,
            fingerprint,
        })
    }
}

/// Those that say which machine it is first, so that no flood of others pushes them out.
pub(super) fn labels(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let (of_us, others): (Vec<_>, Vec<_>) = labels.iter().partition(|(name, _)| matches!(name.as_str(), "asset" | "site" | "severity"));
    of_us.into_iter().chain(others).take(MOST_LABELS).map(|(name, value)| (read::line(name), read::line(value))).collect()
}

#[cfg(test)]
mod tests;
