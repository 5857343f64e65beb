//! What an answer, or none, means for whoever delivers: one reading of status codes for every adapter.

use super::{Reply, SendFailed};
use millwright_domain::ports::messenger::NotTaken;
use serde_json::Value;
use std::time::Duration;

/// How long to leave a service alone that says "too often" and not for how long.
const USUAL_WAIT: Duration = Duration::from_secs(60);

/// Whether a request may be made again when nobody knows what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// The target knows a key, or is asked first.
    Safe,
    /// Chat and mail: a second one is a second one.
    Unsafe,
}

impl SendFailed {
    pub fn not_taken(self, again: Again) -> NotTaken {
        match (&self, again) {
            (Self::NotSent { .. }, _) => NotTaken::Away(self.to_string()),
            (Self::NoAnswer { .. }, Again::Safe) => NotTaken::ForNow(self.to_string()),
            (Self::NoAnswer { .. }, Again::Unsafe) => NotTaken::Unknown(self.to_string()),
        }
    }
}

impl Reply {
    /// The reply itself if it is a success, else what it means.
    pub fn taken(self, again: Again) -> Result<Self, NotTaken> {
        if self.is_success() { Ok(self) } else { Err(self.not_taken(again)) }
    }

    /// What a reply that is no success means.
    pub fn not_taken(&self, again: Again) -> NotTaken {
        let said = self.said();
        if let Some(wait) = self.asks_to_wait() {
            return NotTaken::Busy { reason: format!("{said}; it is asked again in {} s", wait.as_secs()), wait };
        }
        match (self.status, again) {
            (401 | 403, _) => NotTaken::Away(format!("{said}; mend the credentials or their permissions")),
            (300..=399, _) => NotTaken::Away(format!("{said}: it has moved, and redirects are not followed; put its new address into the settings")),
            (408 | 425 | 500.., Again::Safe) => NotTaken::ForNow(said),
            (408 | 500.., Again::Unsafe) => NotTaken::Unknown(said),
            (425, Again::Unsafe) => NotTaken::ForNow(said),
            _ => NotTaken::ForGood(said),
        }
    }

    /// For how long, if it wants to be left alone. GitHub says so with 403 as well, and by when its hourly limit begins anew.
    fn asks_to_wait(&self) -> Option<Duration> {
        match self.status {
            429 => Some(self.retry_after().or_else(|| self.limit_begins_anew()).unwrap_or(USUAL_WAIT)),
            503 => self.retry_after(),
            403 => {
                let secondary = self.words().to_ascii_lowercase().contains("secondary rate limit");
                self.retry_after().or_else(|| self.limit_begins_anew()).or(secondary.then_some(USUAL_WAIT))
            }
            _ => None,
        }
    }

    fn limit_begins_anew(&self) -> Option<Duration> {
        let used_up = self.header("x-ratelimit-remaining")? == "0";
        let at: i64 = self.header("x-ratelimit-reset")?.parse().ok()?;
        let wait = u64::try_from(at - self.time().timestamp()).unwrap_or(0);
        used_up.then(|| Duration::from_secs(wait.clamp(1, 3_600)))
    }

    fn said(&self) -> String {
        let words = self.words();
        let colon = if words.is_empty() { "" } else { ": " };
        format!("{} answered {}{colon}{words}", self.place, self.status)
    }
}

/// Where services put their words: GitHub, Salesforce, Meta, Telegram, OAuth.
pub(super) fn in_json(body: &Value) -> Option<String> {
    if let Some(first) = body.as_array().and_then(|list| list.first()) {
        return in_json(first);
    }
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(inner) = body.get("error").filter(|inner| inner.is_object()) {
        return in_json(inner);
    }
    let words = text("message").or_else(|| text("description")).or_else(|| text("error_description"));
    match (text("errorCode").or_else(|| text("error")), words) {
        (Some(code), Some(words)) => Some(format!("{code}: {words}")),
        (Some(code), None) => Some(code.to_string()),
        (None, Some(words)) => Some(format!("{words}{}", fields(body))),
        (None, None) => None,
    }
}

/// GitHub's list of what exactly is wrong.
fn fields(body: &Value) -> String {
    let Some(errors) = body.get("errors").and_then(Value::as_array) else { return String::new() };
    let of = |error: &Value| {
        let parts = ["field", "code", "message"].map(|key| error.get(key).and_then(Value::as_str).unwrap_or_default());
        parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ")
    };
    let listed: Vec<String> = errors.iter().map(of).filter(|error| !error.is_empty()).collect();
    if listed.is_empty() { String::new() } else { format!(" ({})", listed.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(not_taken: &NotTaken) -> String {
        match not_taken {
            NotTaken::Away(_) => "away".into(),
            NotTaken::Busy { wait, .. } => format!("busy {}", wait.as_secs()),
            NotTaken::ForNow(_) => "for now".into(),
            NotTaken::Unknown(_) => "unknown".into(),
            NotTaken::ForGood(_) => "for good".into(),
        }
    }

    #[test]
    fn every_status_means_the_same_to_every_adapter() {
        let date = ("date", "Thu, 01 Jan 2026 00:00:00 GMT");
        let (used_up, anew) = (("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1767225720"));
        for (status, headers, body, safe, unsafe_) in [
            (401, vec![], "", "away", "away"),
            (403, vec![], "", "away", "away"),
            (403, vec![("retry-after", "30")], "", "busy 30", "busy 30"),
            (403, vec![date, used_up, anew], "", "busy 120", "busy 120"),
            (403, vec![], r#"{"message":"You have exceeded a secondary rate limit."}"#, "busy 60", "busy 60"),
            (301, vec![], "", "away", "away"),
            (404, vec![], "", "for good", "for good"),
            (408, vec![], "", "for now", "unknown"),
            (409, vec![], "", "for good", "for good"),
            (422, vec![], "", "for good", "for good"),
            (429, vec![("retry-after", "7")], "", "busy 7", "busy 7"),
            (429, vec![], "", "busy 60", "busy 60"),
            (500, vec![], "", "for now", "unknown"),
            (503, vec![], "", "for now", "unknown"),
            (503, vec![("retry-after", "9")], "", "busy 9", "busy 9"),
        ] {
            let reply = Reply::of(status, &headers, body);
            assert_eq!((kind(&reply.not_taken(Again::Safe)).as_str(), kind(&reply.not_taken(Again::Unsafe)).as_str()), (safe, unsafe_), "{status}");
        }
        let place = || "https://a.example".to_string();
        let (not_sent, no_answer) =
            (SendFailed::NotSent { place: place(), reason: "x".into() }, SendFailed::NoAnswer { place: place(), reason: "x".into() });
        assert_eq!(kind(&not_sent.clone().not_taken(Again::Unsafe)), "away");
        assert_eq!(kind(&no_answer.clone().not_taken(Again::Safe)), "for now");
        assert_eq!(kind(&no_answer.not_taken(Again::Unsafe)), "unknown");
    }

    #[test]
    fn a_failure_carries_the_services_own_words_and_what_to_do() {
        let NotTaken::Away(why) = Reply::of(401, &[], r#"{"message":"Bad credentials"}"#).not_taken(Again::Safe) else { panic!("not away") };
        assert_eq!(why, "https://a.example/x answered 401: Bad credentials; mend the credentials or their permissions");
    }
}
