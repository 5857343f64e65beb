//! What is common to all that is read at the door: bounds, and texts without what does not belong into texts.

use super::signature::{cannot_verify, header};
use crate::secret::{Secret, SecretSource};
use chrono::DateTime;
use millwright_domain::{
    Timestamp,
    case::Severity,
    plain::cleaned,
    ports::inbound::{Knock, KnockRefused, News},
};
use serde::de::DeserializeOwned;

pub use crate::tickets::mark::is_ours;
pub use millwright_domain::plain::{line, text};

/// A larger body is not looked at. Meta sends up to 3 MB, GitHub's issues with all their labels are far below.
pub const LARGEST_BODY: usize = 4 << 20;
/// What one request may say; Meta gathers up to 1,000.
pub const MOST_NEWS: usize = 1_000;
const LONGEST_ID: usize = 256;

/// The body as JSON. Nesting is bounded by the parser, at 128.
pub fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, KnockRefused> {
    serde_json::from_slice(body).map_err(|cause| unreadable(&cause.to_string()))
}

pub fn unreadable(why: &str) -> KnockRefused {
    KnockRefused::Unreadable(cleaned(why, 300))
}

pub fn only_post(knock: &Knock) -> Result<(), KnockRefused> {
    if knock.method == "POST" { Ok(()) } else { Err(unreadable("it must be sent by POST")) }
}

/// Whether the content type is this one, whatever follows it.
pub fn is_content_type(knock: &Knock, wanted: &str) -> bool {
    header(knock, "content-type").and_then(|value| value.split(';').next()).is_some_and(|value| value.trim().eq_ignore_ascii_case(wanted))
}

pub fn secrets(source: &SecretSource) -> Result<Vec<Secret>, KnockRefused> {
    source.read().map_err(|error| cannot_verify(&error))
}

pub fn not_too_many(news: Vec<News>) -> Result<Vec<News>, KnockRefused> {
    if news.len() > MOST_NEWS { Err(unreadable(&format!("it says more than {MOST_NEWS} things at once"))) } else { Ok(news) }
}

/// Of seconds since 1970; `None` of a time that no calendar has.
pub fn moment(seconds: i64) -> Option<Timestamp> {
    DateTime::from_timestamp(seconds, 0).map(Timestamp::from)
}

/// Part of a delivery's name, as an id should be: told apart even if somebody sends strange ones.
pub fn id(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(LONGEST_ID).collect()
}

/// As Prometheus, Grafana and their like name it; `None` for words of somebody's own.
pub fn severity(text: &str) -> Option<Severity> {
    match text.trim().to_ascii_lowercase().as_str() {
        "critical" | "emergency" | "page" => Some(Severity::Critical),
        "high" | "error" | "major" => Some(Severity::High),
        "warning" | "medium" | "minor" => Some(Severity::Medium),
        "info" | "low" => Some(Severity::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_told_apart_whatever_stands_in_it() {
        assert_eq!(id("a b\n:ü1"), "ab:1");
    }
}
