//! Time: UTC in microseconds, and the two clocks that a time-lapse drives apart.

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, ops};

/// A UTC instant in microseconds since 1970. Stored as an integer, shown as RFC 3339.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * 1_000_000)
    }
    pub const fn micros(self) -> i64 {
        self.0
    }
    pub fn secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
    /// The start of the period of `seconds` that this instant lies in, counted from 1970.
    pub const fn floor_to(self, seconds: i64) -> Self {
        let period = seconds * 1_000_000;
        Self(self.0.div_euclid(period) * period)
    }
    pub const fn since(self, earlier: Self) -> TimeDelta {
        TimeDelta::microseconds(self.0.saturating_sub(earlier.0))
    }
    /// `None` outside chrono's range of years.
    pub fn to_datetime(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }
}
/// A text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no time; write it like 2026-01-15T08:30:00Z")]
pub struct BadTime {
    text: String,
    #[source]
    cause: chrono::ParseError,
}

impl std::str::FromStr for Timestamp {
    type Err = BadTime;
    fn from_str(text: &str) -> Result<Self, BadTime> {
        let bad = |cause| BadTime { text: text.chars().take(60).collect(), cause };
        DateTime::parse_from_rfc3339(text).map(|time| time.with_timezone(&Utc).into()).map_err(bad)
    }
}
impl ops::Add<TimeDelta> for Timestamp {
    type Output = Self;
    fn add(self, delta: TimeDelta) -> Self {
        Self(self.0.saturating_add(delta.num_microseconds().unwrap_or(i64::MAX)))
    }
}
impl ops::Sub<TimeDelta> for Timestamp {
    type Output = Self;
    fn sub(self, delta: TimeDelta) -> Self {
        Self(self.0.saturating_sub(delta.num_microseconds().unwrap_or(i64::MAX)))
    }
}
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_datetime() {
            Some(time) => f.write_str(&time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)),
            None => write!(f, "{}us", self.0),
        }
    }
}
impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What time it is when something is decided. The two differ only in a time-lapse:
/// people's deadlines run on `wall`, machines and their readings on `plant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    pub wall: Timestamp,
    pub plant: Timestamp,
}

impl Now {
    pub const fn both(time: Timestamp) -> Self {
        Self { wall: time, plant: time }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_at_multiples_also_before_1970() {
        assert_eq!(Timestamp::from_secs(119).floor_to(60), Timestamp::from_secs(60));
        assert_eq!(Timestamp::from_secs(-1).floor_to(60), Timestamp::from_secs(-60));
    }

    #[test]
    fn a_time_is_shown_as_people_write_it_and_read_back() {
        let time = Timestamp::from_micros(1_700_000_000_123_456);
        assert_eq!(time.to_string(), "2023-11-14T22:13:20.123456Z");
        assert_eq!(time.to_string().parse(), Ok(time));
    }
}
