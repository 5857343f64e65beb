//! What is common to all that is read at the door: bounds, and texts without what does not belong into texts.

use super::signature::{cannot_verify, header};
use crate::{
    outward::cleaned,
    secret::{Secret, SecretSource},
};
use chrono::DateTime;
use millwright_domain::{
    Timestamp,
    case::Severity,
    ports::inbound::{Knock, KnockRefused, News},
};
use serde::de::DeserializeOwned;

/// A larger body is not looked at. Meta sends up to 3 MB, GitHub's issues with all their labels are far below.
pub const LARGEST_BODY: usize = 4 << 20;
/// What one request may say; Meta gathers up to 1,000.
pub const MOST_NEWS: usize = 1_000;
const LONGEST_TEXT: usize = 4_096;
const LONGEST_LINE: usize = 256;
/// Hidden in what we write into tickets, so that we know it again.
const OUR_MARK: &str = "<!-- millwright:";

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

/// Lines as somebody wrote them: without control characters but the ends of lines, without what turns text around, and not too long.
pub fn text(text: &str) -> String {
    let goes = |c: char| c != '\n' && c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let unified = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let plain: String = unified.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !goes(*c)).collect();
    plain.trim().chars().take(LONGEST_TEXT).collect()
}

/// Of seconds since 1970; `None` of a time that no calendar has.
pub fn moment(seconds: i64) -> Option<Timestamp> {
    DateTime::from_timestamp(seconds, 0).map(Timestamp::from)
}

/// One line: a name, a label, a summary.
pub fn line(text: &str) -> String {
    cleaned(text, LONGEST_LINE)
}

/// Part of a delivery's name, as an id should be: told apart even if somebody sends strange ones.
pub fn id(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(LONGEST_LINE).collect()
}

pub fn is_ours(text: &str) -> bool {
    text.contains(OUR_MARK)
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
    fn a_text_keeps_its_lines_and_nothing_that_moves_a_cursor() {
        assert_eq!(text(" a\r\nb\rc\u{2028}d\te\u{1b}[31m\0\u{7} "), "a\nb\nc\nd e[31m");
        assert_eq!(text(&"ä".repeat(5_000)).chars().count(), LONGEST_TEXT);
        assert_eq!(line("a\nb\u{202e}c"), "a bc");
        assert_eq!(id("a b\n:ü1"), "ab:1");
    }
}
