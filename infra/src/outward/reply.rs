//! An answer, read up to a bound, and what it says about itself.

use super::{request::hide, verdict::in_json};
use chrono::{DateTime, Utc};
use millwright_domain::plain::cleaned;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Whoever asks to be left alone for longer is asked again after a day.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3_600);
/// So much of what a service says about a failure is passed on.
const LONGEST_WORDS: usize = 300;

#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// The answer was longer than what was read of it.
    pub cut: bool,
    /// Where it came from, as it may be shown.
    pub place: String,
    hidden: Vec<String>,
}

impl Reply {
    pub(super) fn new(status: u16, headers: HeaderMap, place: String, hidden: Vec<String>) -> Self {
        Self { status, headers, body: Vec::new(), cut: false, place, hidden }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON, or why it is none.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.body).map_err(|cause| {
            let why = if self.cut { format!("it is longer than {} bytes", self.body.len()) } else { cleaned(&cause.to_string(), LONGEST_WORDS) };
            format!("{} answered what cannot be read: {why}", self.place)
        })
    }

    /// How long it asks to be left alone: seconds, or a time that is compared with the service's own clock.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.header(RETRY_AFTER.as_str())?.trim();
        let wait = match text.parse::<u64>() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_no_number) => (http_date(text)? - self.time()).to_std().unwrap_or_default(),
        };
        Some(wait.min(LONGEST_WAIT))
    }

    /// What the service's clock showed; ours if it does not say.
    pub fn time(&self) -> DateTime<Utc> {
        self.header(DATE.as_str()).and_then(http_date).unwrap_or_else(Utc::now)
    }

    /// What the service says itself, cleaned, cut and without secrets; empty if it says nothing.
    pub fn words(&self) -> String {
        let text = serde_json::from_slice(&self.body).ok().and_then(|body| in_json(&body)).unwrap_or_else(|| self.text());
        cleaned(&hide(&text, &self.hidden), LONGEST_WORDS)
    }

    /// A page of HTML is for a browser and says nothing to us.
    fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        if text.trim_start().starts_with('<') { String::new() } else { text.into_owned() }
    }
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text).ok().map(|time| time.with_timezone(&Utc))
}

#[cfg(test)]
impl Reply {
    pub(crate) fn of(status: u16, headers: &[(&'static str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(name, value)| (reqwest::header::HeaderName::from_static(name), value.parse().unwrap())).collect();
        Self { status, headers, body: body.into(), cut: false, place: "https://a.example/x".into(), hidden: vec!["s3cret".into()] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_to_wait_is_seconds_or_a_time_on_the_services_clock() {
        let wait = |headers: &[(&'static str, &str)]| Reply::of(429, headers, "").retry_after();
        assert_eq!(wait(&[("retry-after", "7")]), Some(Duration::from_secs(7)));
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(wait(&[date, ("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]), Some(Duration::from_secs(60)));
        assert_eq!(wait(&[date, ("retry-after", "Sun, 06 Nov 1994 08:40:00 GMT")]), Some(Duration::ZERO));
        assert_eq!(wait(&[("retry-after", "99999999")]), Some(LONGEST_WAIT));
        assert_eq!(wait(&[("retry-after", "soon")]), None);
        assert_eq!(wait(&[]), None);
    }

    #[test]
    fn what_a_service_says_is_found_cleaned_and_shows_no_secret() {
        for (body, words) in [
            (r#"{"message":"Validation Failed","errors":[{"field":"title","code":"missing"}]}"#, "Validation Failed (title missing)"),
            (r#"[{"message":"bad s3cret","errorCode":"INVALID_FIELD"}]"#, "INVALID_FIELD: bad …"),
            (r#"{"error":{"message":"(#100) no","code":100}}"#, "(#100) no"),
            (r#"{"ok":false,"description":"Bad Request: chat not found"}"#, "Bad Request: chat not found"),
            (r#"{"error":"invalid_grant","error_description":"no user"}"#, "invalid_grant: no user"),
            ("invalid\u{7} id\n", "invalid id"),
            ("<html>oh", ""),
            ("", ""),
        ] {
            assert_eq!(Reply::of(400, &[], body).words(), words, "{body}");
        }
        assert!(Reply::of(400, &[], &"x".repeat(5_000)).words().chars().count() <= LONGEST_WORDS + 1);
    }
}
