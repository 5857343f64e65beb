//! The health check of a unit: what it gave since the last one, and how many in a row it has failed. Pure.

use super::link::{LinkHealth, LinkState};
use chrono::TimeDelta;
use millwright_domain::reading::Quality;

/// Plant time between two checks.
pub const EVERY: TimeDelta = TimeDelta::seconds(60);
/// So many failed checks in a row raise an alert, and start the collector anew.
pub const PATIENCE: u32 = 3;
/// More bad values than this share, and a check has failed: the monitor's own measure of silence.
const MOST_BAD: f64 = 0.8;

/// Values that a unit gave, or should have given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Given {
    /// Not bad: good or doubtful.
    pub good: u64,
    pub bad: u64,
    /// Of the bad ones, how many for want of an answer.
    pub unanswered: u64,
}

impl Given {
    pub fn add(&mut self, quality: Quality) {
        self.good += u64::from(!quality.is_bad());
        self.bad += u64::from(quality.is_bad());
        self.unanswered += u64::from(quality == Quality::BadNoCommunication);
    }
    /// There should have been something, and nothing came.
    pub const fn is_nothing(&self) -> bool {
        self.good == 0 && self.bad > 0 && self.unanswered == self.bad
    }
}

impl FromIterator<Quality> for Given {
    fn from_iter<Q: IntoIterator<Item = Quality>>(qualities: Q) -> Self {
        let mut given = Self::default();
        qualities.into_iter().for_each(|quality| given.add(quality));
        given
    }
}

/// What a unit gave since it was checked last.
#[derive(Debug, Default)]
pub struct Checkup {
    given: Given,
    failures: u32,
}

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// In a row, this one included; 0 if it is well.
    pub failures: u32,
    pub why: Option<String>,
}

impl Checkup {
    pub fn count(&mut self, given: Given) {
        self.given.good += given.good;
        self.given.bad += given.bad;
        self.given.unanswered += given.unanswered;
    }

    /// `is_due` says that it should have given something since the last check; `ended` that nobody asks it any more, and why.
    pub fn judge(&mut self, link: &LinkHealth, is_due: bool, ended: Option<&str>) -> Verdict {
        let Self { given: Given { good, bad, unanswered }, failures } = std::mem::take(self);
        let last = || link.last_error.clone().unwrap_or_else(|| "no answer yet".into());
        let share = bad as f64 / (good + bad).max(1) as f64;
        let why = if let Some(ended) = ended {
            Some(format!("its collector has ended: {ended}"))
        } else if share > MOST_BAD && unanswered * 2 >= bad {
            Some(format!("{:.0} % of its values are missing: {}", share * 100.0, last()))
        } else if share > MOST_BAD {
            Some(format!("{:.0} % of its values are bad though it answers; its configuration or the device itself is at fault", share * 100.0))
        } else if good == 0 && link.state != LinkState::Connected {
            Some(format!("it is not connected: {}", last()))
        } else if good + bad == 0 && is_due {
            Some("it was not read once".into())
        } else {
            None
        };
        self.failures = if why.is_some() { failures.saturating_add(1) } else { 0 };
        Verdict { failures: self.failures, why }
    }

    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

/// Whether a collector that has failed so many checks is to be started anew now: after three, six, twelve, … and then every hour.
pub fn is_restart_due(failures: u32) -> bool {
    const HOURLY: u32 = 60;
    let doubled = failures.is_multiple_of(PATIENCE) && (failures / PATIENCE).is_power_of_two() && failures < HOURLY;
    doubled || (failures >= HOURLY && failures.is_multiple_of(HOURLY))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(state: LinkState) -> LinkHealth {
        LinkHealth { state, last_error: Some("timeout".into()), ..LinkHealth::default() }
    }

    fn given(good: u64, bad: u64, unanswered: u64) -> Given {
        Given { good, bad, unanswered }
    }

    #[test]
    fn a_unit_fails_when_nearly_all_of_it_is_missing_and_is_well_again_with_the_first_good_check() {
        let mut checkup = Checkup::default();
        for failures in 1..=3 {
            checkup.count(given(1, 9, 9));
            let verdict = checkup.judge(&link(LinkState::Suspended), true, None);
            assert_eq!((verdict.failures, verdict.why.as_deref()), (failures, Some("90 % of its values are missing: timeout")));
        }
        checkup.count(given(2, 8, 8));
        assert_eq!(checkup.judge(&link(LinkState::Connected), true, None), Verdict { failures: 0, why: None });
    }

    #[test]
    fn bad_values_nothing_read_and_an_ended_collector_are_failures_of_their_own() {
        let mut checkup = Checkup::default();
        checkup.count([Quality::BadConfiguration; 5].into_iter().collect());
        let mut why = |is_due, ended, state| checkup.judge(&link(state), is_due, ended).why.unwrap_or_default();
        assert!(why(true, None, LinkState::Connected).contains("bad though it answers"));
        assert!(why(true, None, LinkState::Connected).contains("not read once"));
        assert!(why(true, Some("panic"), LinkState::Connected).contains("panic"));
        assert!(why(false, None, LinkState::Reconnecting).contains("not connected: timeout"));
        assert_eq!(why(false, None, LinkState::Connected), "", "a slow class, or a device that tells only what changes");
    }

    #[test]
    fn a_collector_that_goes_on_failing_is_started_anew_ever_more_rarely() {
        let due: Vec<u32> = (0..200).filter(|failures| is_restart_due(*failures)).collect();
        assert_eq!(due, [3, 6, 12, 24, 48, 60, 120, 180]);
    }
}
