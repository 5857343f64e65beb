//! How often the server of a class looks, tells, and shows that it is still there. Pure.

use crate::classes::Class;
use std::time::Duration;

/// A server that has nothing to tell says so about this often.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// Changes that a server keeps for a point, at least and at most.
const SOME: u32 = 10;
const MANY: u32 = 1_000;
/// While we are held up for so long, nothing is lost: the server keeps what changes meanwhile, if it has the room.
const HELD_UP: Duration = Duration::from_secs(10);
/// How long a server keeps telling nobody before it gives the subscription up.
const LIFETIME: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rhythm {
    pub publishing: Duration,
    pub sampling: Duration,
    pub queue: u32,
    /// In publishing intervals.
    pub keep_alive_count: u32,
    pub lifetime_count: u32,
    /// A value that was not told for so long is told again, while the server shows that it is there.
    pub told_again_after: Option<Duration>,
    timeout: Duration,
}

impl Rhythm {
    pub(super) fn of(class: &Class, sampling: Option<Duration>, queue: Option<u32>) -> Self {
        let publishing = class.interval;
        let sampling = sampling.unwrap_or(publishing);
        let told_again_after = class.stale_after.map(|stale| stale / 4);
        let keep_alive_count = count(told_again_after.map_or(KEEP_ALIVE, |again| again.min(KEEP_ALIVE)), publishing);
        let lifetime_count = count(LIFETIME, publishing).max(keep_alive_count.saturating_mul(10));
        let held_up = (publishing * 2).max(HELD_UP);
        let changes = if sampling.is_zero() { SOME * 10 } else { count(held_up, sampling) };
        let queue = queue.unwrap_or(changes.clamp(SOME, MANY));
        Self { publishing, sampling, queue, keep_alive_count, lifetime_count, told_again_after, timeout: class.timeout }
    }

    /// How long a server may say nothing until it is taken for gone: one sign of life may be missed. It is asked with what it granted.
    pub(super) fn longest_silence(&self, publishing: Duration, keep_alive_count: u32) -> Duration {
        publishing.saturating_mul(keep_alive_count.max(1)).saturating_mul(2).saturating_add(self.timeout)
    }
}

/// How many of `each` it takes to reach `whole`, at least one.
fn count(whole: Duration, each: Duration) -> u32 {
    let count = whole.as_nanos().div_ceil(each.as_nanos().max(1));
    u32::try_from(count).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{classes::PollClass, protocol::Manner};

    fn rhythm(interval_ms: u64, stale_after_ms: Option<u64>, sampling_ms: Option<u64>) -> Rhythm {
        let class = PollClass { stale_after_ms, ..PollClass::every(interval_ms) };
        Rhythm::of(&Class::checked(&[class], Manner::Told).unwrap()[0], sampling_ms.map(Duration::from_millis), None)
    }

    #[test]
    fn a_quiet_server_shows_that_it_is_there_before_its_values_are_stale() {
        for (interval, stale) in [(100, None), (100, Some(2_000)), (1_000, Some(2_000)), (10_000, Some(20_000)), (1, Some(2))] {
            let rhythm = rhythm(interval, stale, None);
            let again = rhythm.told_again_after.unwrap();
            let longest = again + rhythm.publishing * rhythm.keep_alive_count;
            assert!(longest <= Duration::from_millis(stale.unwrap_or(60_000)), "{interval} {stale:?}: {longest:?}");
            assert!(rhythm.lifetime_count >= 3 * rhythm.keep_alive_count);
        }
        let fast = rhythm(100, None, None);
        assert_eq!(fast.longest_silence(fast.publishing, fast.keep_alive_count), Duration::from_secs(3));
        assert_eq!(rhythm(100, Some(0), None).told_again_after, None);
    }

    #[test]
    fn the_queue_holds_what_changes_between_two_messages_and_while_we_are_held_up() {
        assert_eq!(rhythm(1_000, None, None).queue, 10);
        assert_eq!(rhythm(50, None, None).queue, 200);
        assert_eq!(rhythm(1_000, None, Some(10)).queue, 1_000);
        assert_eq!(rhythm(10_000, None, Some(100)).queue, 200);
        assert_eq!(rhythm(1_000, None, Some(0)).queue, 100);
        assert_eq!(rhythm(60_000, None, Some(1)).queue, 1_000);
    }
}
