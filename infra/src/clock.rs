//! Three clocks: the machine's, one whose plant runs faster than its people, and one that a test moves by hand.

use async_trait::async_trait;
use chrono::{TimeDelta, Utc};
use millwright_domain::{Now, Timestamp, ports::clock::Clock};
use std::time::Duration;
use tokio::sync::watch;

/// No single sleep is longer, so that a machine whose clock is set anew, or that was suspended, is noticed soon.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

fn wall_now() -> Timestamp {
    Utc::now().into()
}

/// Sleeps until `shown` reaches `at`, on a clock that runs `factor` times as fast as ours.
async fn reaches(at: Timestamp, factor: f64, shown: impl Fn() -> Timestamp) {
    loop {
        let missing = at.since(shown()).num_microseconds().unwrap_or(i64::MAX);
        if missing <= 0 {
            return;
        }
        // Up to one microsecond more than asked: waking early would only sleep again.
        let rest = Duration::from_micros((missing as f64 / factor).ceil() as u64 + 1);
        tokio::time::sleep(rest.min(LONGEST_SLEEP)).await;
    }
}

/// Plant and people share the machine's time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now::both(wall_now())
    }
    async fn plant_reaches(&self, at: Timestamp) {
        reaches(at, 1.0, wall_now).await;
    }
    async fn wall_reaches(&self, at: Timestamp) {
        reaches(at, 1.0, wall_now).await;
    }
}

/// A time-lapse: the plant's time begins at `start` and runs `factor` times as fast, people's time stays theirs.
#[derive(Debug, Clone, Copy)]
pub struct ScaledClock {
    start: Timestamp,
    factor: f64,
    begun: tokio::time::Instant,
}

/// A time-lapse must move forward.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("time cannot run {0} times as fast; give a number above 0")]
pub struct BadFactor(f64);

impl ScaledClock {
    pub fn new(start: Timestamp, factor: f64) -> Result<Self, BadFactor> {
        if factor.is_finite() && factor > 0.0 { Ok(Self { start, factor, begun: tokio::time::Instant::now() }) } else { Err(BadFactor(factor)) }
    }
    fn plant(&self) -> Timestamp {
        let elapsed = self.begun.elapsed().as_micros() as f64 * self.factor;
        self.start + TimeDelta::microseconds(elapsed as i64)
    }
}

#[async_trait]
impl Clock for ScaledClock {
    fn now(&self) -> Now {
        Now { wall: wall_now(), plant: self.plant() }
    }
    async fn plant_reaches(&self, at: Timestamp) {
        reaches(at, self.factor, || self.plant()).await;
    }
    async fn wall_reaches(&self, at: Timestamp) {
        reaches(at, 1.0, wall_now).await;
    }
}

/// Stands still until it is moved. Clones share the time.
#[derive(Debug, Clone)]
pub struct ManualClock(watch::Sender<Now>);

impl ManualClock {
    pub fn at(now: Now) -> Self {
        Self(watch::Sender::new(now))
    }
    /// Moves both times forward.
    pub fn advance(&self, by: TimeDelta) {
        self.0.send_modify(|now| *now = Now { wall: now.wall + by, plant: now.plant + by });
    }
    /// Sets both times, also backwards.
    pub fn set(&self, now: Now) {
        self.0.send_replace(now);
    }
    async fn until(&self, reached: impl FnMut(&Now) -> bool) {
        // The sender lives in `self`, so the channel is open as long as we wait.
        self.0.subscribe().wait_for(reached).await.map(drop).unwrap_or_default();
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Now {
        *self.0.borrow()
    }
    async fn plant_reaches(&self, at: Timestamp) {
        self.until(|now| now.plant >= at).await;
    }
    async fn wall_reaches(&self, at: Timestamp) {
        self.until(|now| now.wall >= at).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_hour_of_the_plant_passes_in_a_minute_of_a_time_lapse() {
        let start = Timestamp::from_secs(1_000_000);
        let clock = ScaledClock::new(start, 60.0).unwrap();
        let begun = tokio::time::Instant::now();
        clock.plant_reaches(start + TimeDelta::hours(1)).await;
        let slept = begun.elapsed().as_secs_f64();
        assert!((59.99..60.1).contains(&slept), "{slept}");
        assert!(clock.now().plant >= start + TimeDelta::hours(1));
        assert!(clock.now().wall > start + TimeDelta::hours(2), "people live in their own year");
    }

    #[test]
    fn time_does_not_stand_or_run_backwards() {
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(ScaledClock::new(Timestamp::default(), factor).is_err(), "{factor}");
        }
    }

    #[tokio::test]
    async fn whoever_waits_wakes_when_the_hand_has_moved_far_enough() {
        let clock = ManualClock::at(Now::both(Timestamp::from_secs(10)));
        clock.wall_reaches(Timestamp::from_secs(10)).await;
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.plant_reaches(Timestamp::from_secs(12)).await }
        });
        clock.advance(TimeDelta::seconds(1));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(TimeDelta::seconds(1));
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn a_time_that_has_passed_is_not_waited_for() {
        SystemClock.wall_reaches(wall_now()).await;
        SystemClock.plant_reaches(Timestamp::default()).await;
    }
}
