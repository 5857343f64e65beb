//! A daily stretch of hours, such as a night: `22:00-06:00`, or with an offset from UTC, `22:00-06:00 +02:00`. No daylight saving.

use crate::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use thiserror::Error;

const DAY_MIN: i64 = 24 * 60;

/// From `from` up to, not including, `to`; over midnight where `to` is not later. Equal ends are the whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]( [+-][0-1][0-9]:[0-5][0-9])?$"))]
pub struct Hours {
    /// Minutes of the day there.
    from: i64,
    to: i64,
    /// Minutes that the clock there is ahead of UTC.
    ahead: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no daily stretch of hours; write it as `22:00-06:00` for UTC, or `22:00-06:00 +02:00`")]
pub struct BadHours(String);

impl Hours {
    pub fn holds(&self, at: Timestamp) -> bool {
        let minute = (at.micros().div_euclid(60_000_000) + self.ahead).rem_euclid(DAY_MIN);
        if self.from < self.to { (self.from..self.to).contains(&minute) } else { minute >= self.from || minute < self.to }
    }

    /// The next time after `at` at which the stretch is over.
    pub fn end_after(&self, at: Timestamp) -> Timestamp {
        let minute = at.micros().div_euclid(60_000_000) + self.ahead;
        let to_go = (self.to - minute).rem_euclid(DAY_MIN);
        let to_go = if to_go == 0 { DAY_MIN } else { to_go };
        Timestamp::from_secs((minute + to_go - self.ahead) * 60)
    }
}

/// `06:30` as minutes.
fn clock(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |text: &str| (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<i64>().ok()).flatten();
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    (hour < 24 && minute < 60).then_some(hour * 60 + minute)
}

fn read(text: &str) -> Option<Hours> {
    let (stretch, ahead) = match text.trim().split_once(' ') {
        None => (text.trim(), 0),
        Some((stretch, offset)) => {
            let offset = offset.trim();
            let size = clock(offset.get(1..)?)?;
            let ahead = match offset.get(..1)? {
                "+" => size,
                "-" => -size,
                _ => return None,
            };
            (stretch, ahead)
        }
    };
    let (from, to) = stretch.split_once('-')?;
    Some(Hours { from: clock(from)?, to: clock(to)?, ahead })
}

impl FromStr for Hours {
    type Err = BadHours;
    fn from_str(text: &str) -> Result<Self, BadHours> {
        read(text).ok_or_else(|| BadHours(text.chars().take(60).collect()))
    }
}
impl TryFrom<String> for Hours {
    type Error = BadHours;
    fn try_from(text: String) -> Result<Self, BadHours> {
        text.parse()
    }
}
impl From<Hours> for String {
    fn from(hours: Hours) -> String {
        hours.to_string()
    }
}
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = |minutes: i64| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        write!(f, "{}-{}", clock(self.from), clock(self.to))?;
        if self.ahead != 0 {
            write!(f, " {}{}", if self.ahead < 0 { '-' } else { '+' }, clock(self.ahead.abs()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(clock: &str) -> Timestamp {
        format!("2026-01-15T{clock}:00Z").parse().unwrap()
    }
    fn hours(text: &str) -> Hours {
        text.parse().unwrap()
    }

    #[test]
    fn a_night_goes_over_midnight_and_an_offset_moves_it() {
        let night = hours("22:00-06:00");
        assert!(night.holds(at("22:00")) && night.holds(at("03:00")) && !night.holds(at("06:00")) && !night.holds(at("12:00")));
        let in_berlin = hours("22:00-06:00 +01:00");
        assert!(in_berlin.holds(at("21:00")) && !in_berlin.holds(at("05:00")));
        assert_eq!(night.end_after(at("03:00")), at("06:00"));
        assert_eq!(in_berlin.end_after(at("03:00")), at("05:00"));
    }

    #[test]
    fn what_is_no_stretch_is_refused_with_how_to_write_one() {
        for bad in ["", "22-6", "24:00-06:00", "22:00", "22:00-06:60", "22:00-06:00 02:00", "22:00-06:00 +2", "a:b-c:d", "+1:00-02:00"] {
            assert!(bad.parse::<Hours>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn hours_read_as_written_and_end_after_they_held(from in 0..1440i64, to in 0..1440i64, ahead in -719..720i64, second in 0..2_000_000_000i64) {
            let hours = Hours { from, to, ahead };
            prop_assert_eq!(hours.to_string().parse::<Hours>().unwrap(), hours);
            let at = Timestamp::from_secs(second);
            let end = hours.end_after(at);
            prop_assert!(end > at && end.since(at) <= chrono::TimeDelta::days(1));
            prop_assert!(from == to || !hours.holds(end));
        }
    }
}
