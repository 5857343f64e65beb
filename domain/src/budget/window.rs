//! The stretches of time that a limit counts in: an hour, a day and a month of the calendar (UTC), and the whole life of a scope.

use crate::Timestamp;
use chrono::{Datelike, Months, NaiveDate, NaiveTime, TimeDelta};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    Hour,
    Day,
    Month,
    /// All that the scope ever spends, as a task's.
    Whole,
}

impl Window {
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Month, Self::Whole];

    /// The number of the window that this instant lies in.
    pub fn epoch(self, at: Timestamp) -> i64 {
        match self {
            Self::Hour => at.micros().div_euclid(3_600_000_000),
            Self::Day => at.micros().div_euclid(86_400_000_000),
            Self::Month => month(at),
            Self::Whole => 0,
        }
    }
    /// When the next one begins; the whole has no next.
    pub fn resets_at(self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Hour => Some(at.floor_to(3_600) + TimeDelta::hours(1)),
            Self::Day => Some(at.floor_to(86_400) + TimeDelta::days(1)),
            Self::Month => next_month(at),
            Self::Whole => None,
        }
    }
    /// Whether a window of this number still decides anything at `now`.
    pub(super) fn matters(self, epoch: i64, now: Timestamp) -> bool {
        match self {
            Self::Hour | Self::Day => epoch >= self.epoch(now - TimeDelta::days(2)),
            Self::Month => epoch + 1 >= self.epoch(now),
            Self::Whole => true,
        }
    }
}

/// A time past what a calendar can say counts in the first month there is.
fn date(at: Timestamp) -> NaiveDate {
    at.to_datetime().unwrap_or_default().date_naive()
}

fn month(at: Timestamp) -> i64 {
    let date = date(at);
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

fn next_month(at: Timestamp) -> Option<Timestamp> {
    let date = date(at);
    let first = NaiveDate::from_ymd_opt(date.year(), date.month(), 1)?.checked_add_months(Months::new(1))?;
    Some(first.and_time(NaiveTime::MIN).and_utc().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_with_its_last_day() {
        let last: Timestamp = "2026-02-28T23:59:59Z".parse().unwrap();
        let next: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        assert_eq!(Window::Month.resets_at(last), Some(next));
        assert_eq!(Window::Month.epoch(last) + 1, Window::Month.epoch(next));
        let december: Timestamp = "2026-12-31T12:00:00Z".parse().unwrap();
        let january = Window::Month.resets_at(december).unwrap();
        assert_eq!(january, "2027-01-01T00:00:00Z".parse().unwrap());
        assert_eq!(Window::Month.epoch(january), Window::Month.epoch(december) + 1);
    }

    #[test]
    fn the_whole_never_ends() {
        let at: Timestamp = "2026-02-28T23:59:59Z".parse().unwrap();
        assert_eq!(Window::Whole.resets_at(at), None);
        assert_eq!(Window::Whole.epoch(at), Window::Whole.epoch(at + TimeDelta::days(4_000)));
    }
}
