//! When a unit had no answer: each gap found, those close together told as one, so that a device that flaps does not flood the ledger. Pure.
//!
//! ```text
//! answers ──none for 5 s──▶ FellSilent ──answers for 10 s──▶ Answered
//!    └──none for less──▶ answers for 60 s ───────────────────▶ Answered (and those in between with it, five minutes at most)
//! ```

use chrono::TimeDelta;
use millwright_domain::Timestamp;

/// A silence that lasts so long is told before it is over.
const TOLD_AFTER: TimeDelta = TimeDelta::seconds(5);
/// A silence that was told is over after so long without another …
const SETTLED_AFTER: TimeDelta = TimeDelta::seconds(10);
/// … and short ones are gathered until none has come for so long …
const QUIET_AFTER: TimeDelta = TimeDelta::seconds(60);
/// … but no longer than this.
const GATHERED_FOR: TimeDelta = TimeDelta::seconds(300);
/// Between two answers, less than this is no gap.
const LEAST: TimeDelta = TimeDelta::seconds(1);
const HELD_UP: &str = "the collector was held up and did not ask in time";

#[derive(Debug)]
pub struct Silence {
    /// How often it is asked, if it is asked.
    period: Option<TimeDelta>,
    /// The last answer; at first, when collecting began.
    heard: Timestamp,
    now: Option<Run>,
    gathered: Option<Gathered>,
}

/// Questions without an answer, in a row.
#[derive(Debug)]
struct Run {
    missed: u64,
    why: String,
}

/// Gaps that are over and not told yet, or told while they lasted.
#[derive(Debug)]
struct Gathered {
    since: Timestamp,
    /// The end of the first of them.
    first_over: Option<Timestamp>,
    until: Timestamp,
    gaps: u32,
    missed: u64,
    why: String,
    told: bool,
}

/// What is worth a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Noticed {
    FellSilent { since: Timestamp, why: String },
    Answered { since: Timestamp, until: Timestamp, gaps: u32, missed: Option<u64>, why: String },
}

impl Silence {
    pub fn beginning(at: Timestamp, period: Option<TimeDelta>) -> Self {
        Self { period, heard: at, now: None, gathered: None }
    }

    /// Nobody answered. With no room to tell it, it is told later.
    pub fn unanswered(&mut self, at: Timestamp, missed: u64, why: impl FnOnce() -> String, room: bool) -> Option<Noticed> {
        let run = self.now.get_or_insert_with(|| Run { missed: 0, why: why() });
        run.missed += missed;
        let is_told = self.gathered.as_ref().is_some_and(|gathered| gathered.told);
        if is_told || !room || at.since(self.heard) < TOLD_AFTER {
            return None;
        }
        let (since, why) = (self.heard, run.why.clone());
        // What was gathered before belongs to it: all of it is told once it is over.
        let opened = || Gathered { since, first_over: None, until: since, gaps: 0, missed: 0, why: why.clone(), told: true };
        self.gathered.get_or_insert_with(opened).told = true;
        Some(Noticed::FellSilent { since, why })
    }

    /// It answered, at least in part.
    pub fn answered(&mut self, at: Timestamp, room: bool) -> Option<Noticed> {
        let hole = at.since(self.heard);
        let held_up = self.period.filter(|period| hole >= LEAST && hole > *period * 3);
        let run = self.now.take().or_else(|| {
            let period = held_up?.num_microseconds().filter(|micros| *micros > 0)?;
            let missed = hole.num_microseconds().unwrap_or(i64::MAX) / period - 1;
            Some(Run { missed: missed.max(1) as u64, why: HELD_UP.into() })
        });
        if let Some(run) = run {
            self.gather(at, run);
        }
        self.heard = self.heard.max(at);
        let due = self.gathered.as_ref().is_some_and(|gathered| {
            let settled = if gathered.told { SETTLED_AFTER } else { QUIET_AFTER };
            at.since(gathered.until) >= settled || gathered.first_over.is_some_and(|first| at.since(first) >= GATHERED_FOR)
        });
        if due && room { self.take() } else { None }
    }

    /// Collecting ends here: what is known by now.
    pub fn over(&mut self, at: Timestamp) -> Vec<Noticed> {
        let lasting = self.now.take();
        if lasting.is_some() && self.gathered.as_ref().is_some_and(|gathered| gathered.told) {
            // It was told, and lasts.
            self.gathered = None;
            return vec![];
        }
        let lasting = lasting.map(|run| Noticed::FellSilent { since: self.heard.min(at), why: run.why });
        self.take().into_iter().chain(lasting).collect()
    }

    /// Since when there has been no answer, while there is none.
    pub fn since(&self) -> Option<Timestamp> {
        self.now.as_ref().map(|_| self.heard)
    }

    fn gather(&mut self, until: Timestamp, Run { missed, why }: Run) {
        let since = self.heard;
        let gathered = self.gathered.get_or_insert(Gathered { since, first_over: None, until, gaps: 0, missed: 0, why, told: false });
        gathered.first_over.get_or_insert(until);
        gathered.until = until;
        gathered.gaps += 1;
        gathered.missed += missed;
    }

    fn take(&mut self) -> Option<Noticed> {
        let Gathered { since, until, gaps, missed, why, .. } = self.gathered.take()?;
        Some(Noticed::Answered { since, until, gaps, missed: self.period.map(|_| missed), why })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(1_800_000_000 + second)
    }

    fn asked() -> Silence {
        Silence::beginning(at(0), Some(TimeDelta::seconds(1)))
    }

    /// A second each: `.` answers, `x` does not. What was noticed, with the second.
    fn noticed(silence: &mut Silence, course: &str) -> Vec<(i64, Noticed)> {
        let step = |(second, answer): (usize, char)| {
            let second = second as i64 + 1;
            let noticed = match answer {
                '.' => silence.answered(at(second), true),
                _ => silence.unanswered(at(second), 1, || "timeout".into(), true),
            };
            Some((second, noticed?))
        };
        course.chars().enumerate().filter_map(step).collect()
    }

    fn answered(since: i64, until: i64, gaps: u32, missed: u64) -> Noticed {
        Noticed::Answered { since: at(since), until: at(until), gaps, missed: Some(missed), why: "timeout".into() }
    }

    #[test]
    fn a_silence_that_lasts_is_told_while_it_lasts_and_when_it_is_over() {
        let course = ["...", &"x".repeat(40), &".".repeat(20)].concat();
        let fell = Noticed::FellSilent { since: at(3), why: "timeout".into() };
        assert_eq!(noticed(&mut asked(), &course), [(8, fell), (54, answered(3, 44, 1, 40))]);
    }

    #[test]
    fn a_long_silence_is_over_only_once_it_has_settled() {
        let course = ["x".repeat(4_000), "..x...x".into(), ".".repeat(20)].concat();
        let told = noticed(&mut asked(), &course);
        assert_eq!((told.len(), told[1].1.clone()), (2, answered(0, 4_008, 3, 4_002)));
    }

    #[test]
    fn a_short_silence_is_told_once_it_is_known_not_to_come_back() {
        let course = [".x..xx", &".".repeat(80)].concat();
        assert_eq!(noticed(&mut asked(), &course), [(67, answered(1, 7, 2, 3))]);
    }

    #[test]
    fn a_unit_that_flaps_for_an_hour_is_told_every_five_minutes() {
        let told = noticed(&mut asked(), &"..x".repeat(1_200));
        assert!((11..=13).contains(&told.len()), "{}", told.len());
        let gaps = told.iter().map(|(_, noticed)| if let Noticed::Answered { gaps, .. } = noticed { *gaps } else { panic!("{noticed:?}") });
        assert!(gaps.sum::<u32>() >= 1_100);
    }

    #[test]
    fn a_collector_that_was_held_up_notices_what_it_did_not_ask() {
        let mut silence = asked();
        silence.answered(at(1), true);
        let noticed = (9..80).find_map(|second| silence.answered(at(second), true));
        let gap = Noticed::Answered { since: at(1), until: at(9), gaps: 1, missed: Some(7), why: HELD_UP.into() };
        assert_eq!(noticed, Some(gap));
    }

    #[test]
    fn a_device_that_tells_by_itself_may_be_quiet() {
        let mut silence = Silence::beginning(at(0), None);
        assert_eq!((silence.answered(at(1), true), silence.answered(at(3_000), true)), (None, None));
    }

    #[test]
    fn without_room_nothing_is_told_and_nothing_is_forgotten() {
        let mut silence = asked();
        for second in 1..40 {
            assert_eq!(silence.unanswered(at(second), 1, || "timeout".into(), false), None);
        }
        for second in 40..400 {
            assert_eq!(silence.answered(at(second), false), None);
        }
        assert_eq!(silence.answered(at(400), true), Some(answered(0, 40, 1, 39)));
    }

    #[test]
    fn when_collecting_ends_what_is_known_is_told() {
        let mut silence = asked();
        noticed(&mut silence, ".x.xx");
        assert_eq!(silence.over(at(6)), [answered(1, 3, 1, 1), Noticed::FellSilent { since: at(3), why: "timeout".into() }]);
        let mut silence = asked();
        noticed(&mut silence, &"x".repeat(30));
        assert_eq!(silence.over(at(31)), [], "it was told, and lasts");
    }
}
