//! The servers' own time: it begins in 2026 and moves only when something happens, so that every run tells the same times.

use chrono::DateTime;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

const BEGINNING: i64 = 1_767_225_600;

/// Whole seconds. Clones share it.
#[derive(Debug, Clone)]
pub struct Time(Arc<AtomicI64>);

impl Default for Time {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(BEGINNING)))
    }
}

impl Time {
    pub fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
    /// A second later: no two things happen at once.
    pub fn tick(&self) -> i64 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }
    /// For servers that a program on the real clock talks to.
    pub fn turn_to(&self, seconds: i64) {
        self.0.store(seconds, Ordering::SeqCst);
    }
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// `2026-01-01T00:00:00Z`
pub fn iso(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-01-01T00:00:00.000+0000`, as Salesforce writes it, or with `Z` as Trello does.
pub fn iso_millis(seconds: i64, zone: &str) -> String {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().format("%Y-%m-%dT%H:%M:%S.000").to_string() + zone
}

/// `Thu, 01 Jan 2026 00:00:00 GMT`
pub fn http_date(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Of a time as any of them writes it; 0 for what is none.
pub fn seconds(text: &str) -> i64 {
    let with_zone = text.strip_suffix("+0000").map(|time| format!("{time}Z"));
    DateTime::parse_from_rfc3339(with_zone.as_deref().unwrap_or(text)).map_or(0, |time| time.timestamp())
}
