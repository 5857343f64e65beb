//! How punctual polling is: p50, p99, the share past a tenth of the period, and what was skipped.

use serde::Serialize;
use std::{collections::VecDeque, time::Duration};

/// Polls that the percentiles look back on.
const WINDOW: usize = 1_024;

#[derive(Debug)]
pub struct Lateness {
    recent_us: VecDeque<u32>,
    polls: u64,
    late: u64,
    overruns: u64,
    skipped: u64,
}

/// As it stands, for metrics and pages.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Punctuality {
    pub polls: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Polls that began more than a tenth of their period late, and their share of all.
    pub late: u64,
    pub late_share: f64,
    /// Polls that took longer than their period.
    pub overruns: u64,
    /// Polls that were left out because their time had passed.
    pub skipped: u64,
}

impl Default for Lateness {
    fn default() -> Self {
        Self { recent_us: VecDeque::with_capacity(WINDOW), polls: 0, late: 0, overruns: 0, skipped: 0 }
    }
}

impl Lateness {
    pub fn polled(&mut self, late_by: Duration, took: Duration, period: Duration, skipped: u64) {
        self.polls += 1;
        self.late += u64::from(late_by > period / 10);
        self.overruns += u64::from(took > period);
        self.skipped += skipped;
        if self.recent_us.len() == WINDOW {
            self.recent_us.pop_front();
        }
        self.recent_us.push_back(u32::try_from(late_by.as_micros()).unwrap_or(u32::MAX));
    }
    pub fn now(&self) -> Punctuality {
        let mut sorted: Vec<u32> = self.recent_us.iter().copied().collect();
        sorted.sort_unstable();
        let percentile = |share: f64| {
            let rank = (sorted.len().saturating_sub(1) as f64 * share).round() as usize;
            sorted.get(rank).map_or(0.0, |us| f64::from(*us) / 1_000.0)
        };
        Punctuality {
            polls: self.polls,
            p50_ms: percentile(0.50),
            p99_ms: percentile(0.99),
            late: self.late,
            late_share: if self.polls == 0 { 0.0 } else { self.late as f64 / self.polls as f64 },
            overruns: self.overruns,
            skipped: self.skipped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_shares_and_overruns_are_what_was_polled() {
        let mut lateness = Lateness::default();
        let second = Duration::from_secs(1);
        for ms in 1..=100 {
            lateness.polled(Duration::from_millis(ms), Duration::from_millis(5), second, 0);
        }
        lateness.polled(Duration::from_millis(101), second * 2, second, 1);
        let now = lateness.now();
        assert_eq!((now.polls, now.p50_ms, now.p99_ms, now.overruns, now.skipped), (101, 51.0, 100.0, 1, 1));
        assert_eq!(now.late_share, 1.0 / 101.0);
    }
}
