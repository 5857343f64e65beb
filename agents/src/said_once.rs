//! What is wrong for a while is said when it begins, when the reason changes, and once an hour; not at each try.

use chrono::TimeDelta;
use millwright_domain::Timestamp;
use std::collections::BTreeSet;

const SAY_AGAIN: TimeDelta = TimeDelta::hours(1);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SaidOnce(Option<(String, Timestamp)>);

impl SaidOnce {
    /// Whether it is to be said now; then it counts as said.
    pub fn is_news(&mut self, why: &str, now: Timestamp) -> bool {
        if self.0.as_ref().is_some_and(|(said, at)| is_same(said, why) && now < *at + SAY_AGAIN) {
            return false;
        }
        self.0 = Some((why.to_string(), now));
        true
    }
}

/// Reasons name a ticket's number and how many seconds are left; that alone makes no other reason.
fn is_same(one: &str, other: &str) -> bool {
    let words = |text: &str| text.split_whitespace().filter(|word| !word.contains(|c: char| c.is_ascii_digit())).map(str::to_string).collect();
    let (one, other): (BTreeSet<String>, BTreeSet<String>) = (words(one), words(other));
    one == other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_said_at_first_when_it_changes_and_once_an_hour() {
        let mut said = SaidOnce::default();
        let mut news = |why: &str, second: i64| said.is_news(why, Timestamp::from_secs(second));
        assert!(news("issues/17 answered 401: Bad credentials", 1));
        assert!(!news("issues/18 answered 401: Bad credentials", 2));
        assert!(news("nobody listens", 3));
        assert!(!news("nobody listens", 3_602));
        assert!(news("nobody listens", 3_603));
    }
}
