//! Stamps that never go back. Polling is scheduled on the monotonic clock and stamped with the plant's.
//!
//! A jump forward is believed: there is a gap. After a jump back, stamps go on from the last one at half the pace until the clock has
//! caught up, so that a device's scans stay in order of time; the jump is counted.

use chrono::TimeDelta;
use millwright_domain::Timestamp;
use std::time::{Duration, Instant};

/// Smaller steps are the clock's own trembling.
const STEP: TimeDelta = TimeDelta::milliseconds(1);

#[derive(Debug)]
pub struct Stamps {
    /// Simulated seconds per real second.
    speed: f64,
    last: Option<(Timestamp, Instant)>,
    behind: bool,
    jumps_back: u64,
}

impl Stamps {
    pub fn new(speed: f64) -> Self {
        Self { speed, last: None, behind: false, jumps_back: 0 }
    }
    /// The stamp for something that happens now, when the plant's clock shows `shown`.
    pub fn stamp(&mut self, shown: Timestamp, now: Instant) -> Timestamp {
        let stamp = match self.last {
            Some((last, at)) if shown <= last => {
                self.count_jump(last.since(shown));
                last + half_pace(now.saturating_duration_since(at), self.speed)
            }
            _ => shown,
        };
        let stamp = stamp.max(shown);
        self.behind = stamp > shown;
        self.last = Some((stamp, now));
        stamp
    }
    pub const fn jumps_back(&self) -> u64 {
        self.jumps_back
    }
    fn count_jump(&mut self, by: TimeDelta) {
        if !self.behind && by > STEP {
            self.jumps_back += 1;
        }
    }
}

fn half_pace(elapsed: Duration, speed: f64) -> TimeDelta {
    TimeDelta::microseconds((elapsed.as_secs_f64() * speed * 0.5e6) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_jump_back_stamps_go_on_in_order_until_the_clock_has_caught_up() {
        let (mut stamps, start) = (Stamps::new(1.0), Instant::now());
        let noon = Timestamp::from_secs(43_200);
        assert_eq!(stamps.stamp(noon, start), noon);
        let mut last = noon;
        // One minute back: the clock has caught up after two.
        for second in 1..=180u64 {
            let shown = noon + TimeDelta::seconds(second as i64 - 60);
            let stamp = stamps.stamp(shown, start + Duration::from_secs(second));
            assert!(stamp > last && stamp >= shown);
            last = stamp;
        }
        assert_eq!((last, stamps.jumps_back()), (noon + TimeDelta::seconds(120), 1));
    }

    #[test]
    fn a_jump_forward_is_believed() {
        let (mut stamps, start) = (Stamps::new(1.0), Instant::now());
        stamps.stamp(Timestamp::from_secs(10), start);
        assert_eq!(stamps.stamp(Timestamp::from_secs(4_000), start), Timestamp::from_secs(4_000));
        assert_eq!(stamps.jumps_back(), 0);
    }
}
