//! How soon somebody may try again: each wrong password doubles the wait, for a name from an address, for an address, and for a name at all.

use chrono::TimeDelta;
use millwright_domain::Timestamp;
use std::{collections::HashMap, net::IpAddr};

/// Wrong tries that cost no wait: a person's typing mistakes.
const FREE: u32 = 4;
/// Many people may sit behind one address.
const FREE_AN_ADDRESS: u32 = 30;
/// From many addresses at once; high, so that a stranger cannot easily keep somebody out.
const FREE_A_NAME: u32 = 100;
const LONGEST: TimeDelta = TimeDelta::minutes(15);
/// After so long without a try, all is forgotten.
const FORGOTTEN_AFTER: TimeDelta = TimeDelta::hours(1);
/// Strangers decide how many names there are; we, how many are remembered.
const MOST_KEPT: usize = 20_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    NameFrom(String, Option<IpAddr>),
    Address(IpAddr),
    Name(String),
}

impl Key {
    fn free(&self) -> u32 {
        match self {
            Self::NameFrom(..) => FREE,
            Self::Address(_) => FREE_AN_ADDRESS,
            Self::Name(_) => FREE_A_NAME,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    wrong: u32,
    last: Timestamp,
    until: Timestamp,
}

/// Wrong tries of late, in memory.
#[derive(Debug, Default)]
pub struct Throttle {
    tries: HashMap<Key, Tries>,
    unread: u32,
}

impl Throttle {
    /// Counts a try before it is looked at, so that many at once are many; a right one takes it back by [`Throttle::was_right`].
    ///
    /// # Errors
    /// With the time to wait, if it comes too soon.
    pub fn begin(&mut self, name: &str, from: Option<IpAddr>, now: Timestamp) -> Result<(), TimeDelta> {
        let keys = keys(name, from);
        let wait = keys.iter().filter_map(|key| self.tries.get(key)).map(|tries| tries.until.since(now)).max();
        if let Some(wait) = wait.filter(|wait| *wait > TimeDelta::zero()) {
            self.unread = self.unread.saturating_add(1);
            return Err(wait);
        }
        self.make_room(now);
        for key in keys {
            let free = key.free();
            let tries = self.tries.entry(key).or_insert(Tries { wrong: 0, last: now, until: now });
            if now.since(tries.last) > FORGOTTEN_AFTER {
                tries.wrong = 0;
            }
            tries.wrong = tries.wrong.saturating_add(1);
            tries.last = now;
            tries.until = now + wait_after(tries.wrong, free);
        }
        Ok(())
    }

    pub fn was_right(&mut self, name: &str, from: Option<IpAddr>) {
        for key in keys(name, from) {
            if let Key::Address(_) = key {
                // Others behind that address have not shown anything.
                if let Some(tries) = self.tries.get_mut(&key) {
                    tries.wrong = tries.wrong.saturating_sub(1);
                    tries.until = tries.last;
                }
            } else {
                self.tries.remove(&key);
            }
        }
    }

    /// Wrong tries that are left before somebody has to wait.
    pub fn left(&self, name: &str, from: Option<IpAddr>) -> u32 {
        let left = keys(name, from).into_iter().filter_map(|key| Some(key.free().saturating_sub(self.tries.get(&key)?.wrong)));
        left.min().unwrap_or(FREE)
    }

    /// Tries turned away unread since this was asked last.
    pub fn take_unread(&mut self) -> u32 {
        std::mem::take(&mut self.unread)
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.tries.len() < MOST_KEPT {
            return;
        }
        self.tries.retain(|_, tries| now.since(tries.last) <= FORGOTTEN_AFTER && tries.until > now);
        if self.tries.len() >= MOST_KEPT {
            // Those who wait the least lose the least by it.
            let mut ends: Vec<Timestamp> = self.tries.values().map(|tries| tries.until).collect();
            ends.sort_unstable();
            let middle = ends[ends.len() / 2];
            self.tries.retain(|_, tries| tries.until > middle);
        }
    }
}

fn keys(name: &str, from: Option<IpAddr>) -> Vec<Key> {
    let name: String = name.chars().take(64).collect();
    let mut keys = vec![Key::NameFrom(name.clone(), from), Key::Name(name)];
    keys.extend(from.map(Key::Address));
    keys
}

fn wait_after(wrong: u32, free: u32) -> TimeDelta {
    match wrong.saturating_sub(free) {
        0 => TimeDelta::zero(),
        over => LONGEST.min(TimeDelta::seconds(1_i64 << over.min(20))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
    const HOME: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(std::net::Ipv4Addr::from(number)))
    }

    #[test]
    fn typing_mistakes_cost_nothing_and_more_than_these_double_the_wait() {
        let mut throttle = Throttle::default();
        for _ in 0..5 {
            throttle.begin("ann", HOME, NOW).unwrap();
        }
        assert_eq!(throttle.begin("ann", HOME, NOW), Err(TimeDelta::seconds(2)));
        throttle.begin("ann", HOME, NOW + TimeDelta::seconds(2)).unwrap();
        assert_eq!(throttle.begin("ann", HOME, NOW + TimeDelta::seconds(2)), Err(TimeDelta::seconds(4)));
        throttle.begin("bob", HOME, NOW + TimeDelta::seconds(2)).unwrap();
        assert_eq!((throttle.take_unread(), throttle.take_unread()), (2, 0));
    }

    #[test]
    fn somebody_elsewhere_is_not_kept_out_by_a_stranger_who_guesses_her_password() {
        let mut throttle = Throttle::default();
        for _ in 0..5 {
            throttle.begin("ann", address(1), NOW).unwrap();
        }
        assert!(throttle.begin("ann", address(1), NOW).is_err());
        throttle.begin("ann", address(2), NOW).unwrap();
    }

    #[test]
    fn a_right_password_begins_anew_but_not_for_the_others_at_that_address() {
        let mut throttle = Throttle::default();
        for number in 0..30 {
            throttle.begin(&format!("name-{number}"), HOME, NOW).unwrap();
        }
        throttle.begin("ann", HOME, NOW).unwrap();
        throttle.was_right("ann", HOME);
        throttle.begin("bob", HOME, NOW).unwrap();
        assert!(throttle.begin("carl", HOME, NOW).is_err());
    }

    #[test]
    fn what_strangers_make_up_does_not_fill_the_memory() {
        let mut throttle = Throttle::default();
        for number in 0..50_000_u32 {
            let _tried = throttle.begin(&format!("name-{number}"), address(number), NOW);
        }
        assert!(throttle.tries.len() <= MOST_KEPT + 3, "{}", throttle.tries.len());
    }

    proptest! {
        /// However the tries are spread over a day, no more are looked at than the waits allow.
        #[test]
        fn guessing_a_day_long_gets_nowhere(gaps in prop::collection::vec(0_i64..5_000, 1..400)) {
            let (mut throttle, mut now, mut looked_at) = (Throttle::default(), NOW, 0);
            for gap in gaps {
                now = now + TimeDelta::milliseconds(gap);
                looked_at += i32::from(throttle.begin("ann", HOME, now).is_ok());
            }
            let seconds = now.since(NOW).num_seconds();
            // 4 free, then waits of 2, 4, 8, … seconds.
            let allowed = 5 + (0..30).take_while(|tries| (2_i64 << tries) - 2 <= seconds).count() as i32;
            prop_assert!(looked_at <= allowed, "{looked_at} in {seconds} s, {allowed} allowed");
        }
    }
}
