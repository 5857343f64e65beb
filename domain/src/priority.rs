//! How pressing a piece of work or a letter is, and that what waits grows more pressing, so that nothing waits for ever.

use crate::Timestamp;
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    Low,
    #[default]
    Medium,
    High,
    Critical,
}

impl Priority {
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// How pressing it is after waiting since then, in microseconds; the more the sooner. Each `step` of waiting counts like the next priority.
    pub fn aged(self, since: Timestamp, now: Timestamp, step: TimeDelta) -> i64 {
        let waited = now.since(since).num_microseconds().unwrap_or(i64::MAX).max(0);
        (self as i64).saturating_mul(step.num_microseconds().unwrap_or(i64::MAX)).saturating_add(waited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_long_enough_comes_before_what_is_new_and_critical() {
        let (then, step) = (Timestamp::from_secs(0), TimeDelta::hours(8));
        let now = then + TimeDelta::hours(25);
        assert!(Priority::Low.aged(then, now, step) > Priority::Critical.aged(now, now, step));
        assert!(Priority::Low.aged(then, now, step) < Priority::Critical.aged(then, now, step));
        assert_eq!(Priority::Low.aged(now, then, step), 0, "a clock that was set back takes nothing away");
    }
}
