//! Alerts as CloudEvents 1.0, from any program: one or a batch in JSON, or with the attributes in header fields.
//!
//! ```json
//! { "specversion": "1.0", "type": "com.millwright.alert", "source": "/scada", "id": "17", "time": "2026-01-15T08:30:00Z",
//!   "data": { "asset": "pump-1", "summary": "seal leaks", "severity": "warning", "fingerprint": "seal-1", "status": "firing" } }
//! ```
//! Signed by Standard Webhooks, or with the secret as a bearer token. A delivery is named `cloudevents:<source>:<id>`.

use super::{
    alertmanager::labels,
    read,
    signature::{Signed, header, is_authorized, signed_id},
};
use crate::secret::SecretSource;
use base64::{Engine, prelude::BASE64_STANDARD};
use millwright_domain::{
    Timestamp,
    ports::inbound::{Heard, Knock, KnockRefused, News, OutsideAlert},
};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudeventsHook {
    /// `whsec_…` for senders that sign; shown as a bearer token by others.
    pub secret: SecretSource,
}

#[derive(Deserialize)]
struct CloudEvent {
    specversion: String,
    id: String,
    source: String,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    data: Option<Value>,
    #[serde(default)]
    data_base64: Option<String>,
}

#[derive(Deserialize)]
struct Data {
    asset: String,
    #[serde(default)]
    site: Option<String>,
    summary: String,
    #[serde(default)]
    severity: Option<String>,
    /// The same at the alert's rise and at its end. Without one, an asset has one alert of each source.
    #[serde(default)]
    fingerprint: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

impl CloudeventsHook {
    pub fn hear(&self, knock: &Knock, now: Timestamp) -> Result<Heard, KnockRefused> {
        read::only_post(knock)?;
        let secrets = read::secrets(&self.secret)?;
        if header(knock, Signed::SIGNATURE).is_some() {
            signed_id(knock, &secrets, now)?;
        } else if !is_authorized(&secrets, knock) {
            return Err(KnockRefused::BadSignature);
        }
        parse(knock, now).map(Heard::News)
    }
}

/// What a verified request says. `now` is for those that do not say when.
pub fn parse(knock: &Knock, now: Timestamp) -> Result<Vec<News>, KnockRefused> {
    read::not_too_many(events(knock)?.into_iter().map(|event| event.read(now).map(News::Alert)).collect::<Result<_, _>>()?)
}

fn events(knock: &Knock) -> Result<Vec<CloudEvent>, KnockRefused> {
    if read::is_content_type(knock, "application/cloudevents+json") {
        return Ok(vec![read::json(&knock.body)?]);
    }
    if read::is_content_type(knock, "application/cloudevents-batch+json") {
        return read::json(&knock.body);
    }
    // Percent-encoded where they are not plain ASCII.
    let attribute = |name: &str| header(knock, &format!("ce-{name}")).map(|value| percent_decode_str(value).decode_utf8_lossy().into_owned());
    let (Some(specversion), Some(id), Some(source)) = (attribute("specversion"), attribute("id"), attribute("source")) else {
        return Err(read::unreadable(
            "send application/cloudevents+json, application/cloudevents-batch+json, or ce-specversion, ce-id and ce-source",
        ));
    };
    let data = Some(read::json(&knock.body)?);
    Ok(vec![CloudEvent { specversion, id, source, subject: attribute("subject"), time: attribute("time"), data, data_base64: None }])
}

impl CloudEvent {
    fn read(self, now: Timestamp) -> Result<OutsideAlert, KnockRefused> {
        if !self.specversion.starts_with("1.") {
            return Err(read::unreadable("it is no CloudEvent of version 1"));
        }
        let (id, source) = (read::id(&self.id), read::id(&self.source));
        let starts_at = self.time.map_or(Ok(now), |time| time.parse().map_err(|bad| read::unreadable(&format!("time: {bad}"))))?;
        let data = match (self.data, self.data_base64) {
            (Some(data), _) => data,
            (None, Some(encoded)) => read::json(&BASE64_STANDARD.decode(encoded).map_err(|bad| read::unreadable(&format!("data_base64: {bad}")))?)?,
            (None, None) => Value::Null,
        };
        let data: Data = serde_json::from_value(data).map_err(|bad| read::unreadable(&format!("data: {bad}")))?;
        let firing = match data.status.as_deref() {
            None | Some("firing") => true,
            Some("resolved") => false,
            Some(other) => return Err(read::unreadable(&format!("data.status is {other:?}; use firing or resolved"))),
        };
        if id.is_empty() || source.is_empty() {
            return Err(read::unreadable("id and source must say something"));
        }
        let of_its_own = data.fingerprint.as_deref().or(self.subject.as_deref()).map(read::id).filter(|id| !id.is_empty());
        let mut named = data.labels;
        named.insert("asset".into(), data.asset.clone());
        named.extend(data.site.map(|site| ("site".into(), site)));
        Ok(OutsideAlert {
            delivery: format!("cloudevents:{source}:{id}"),
            system: "cloudevents".into(),
            fingerprint: format!("{source}:{}", of_its_own.unwrap_or_else(|| read::id(&data.asset))),
            firing,
            labels: labels(&named),
            summary: read::line(&data.summary),
            severity: data.severity.as_deref().and_then(read::severity),
            starts_at,
        })
    }
}

#[cfg(test)]
mod tests;
