//! An inspection: now and then what people are shown is held against the ledger at one place of it, and what differs is a fact.

use crate::{Timestamp, ids::SiteId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What an inspection can find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The tables say something else than the ledger.
    WrongFigure,
    /// The newest value of a signal is not the one that was read last.
    StaleValue,
    /// What is shown does not move on while the log does.
    Stalled,
    /// The page shows something else than the ledger.
    WrongOnPage,
    /// A stream is followed no further.
    Parked,
    /// Nothing was heard of an agent that should be up.
    SilentAgent,
}

impl FindingKind {
    /// Worth telling a person at once: whoever trusts what is shown is misled.
    pub const fn is_urgent(self) -> bool {
        matches!(self, Self::WrongFigure | Self::StaleValue | Self::Stalled | Self::WrongOnPage)
    }
    pub const fn words(self) -> &'static str {
        match self {
            Self::WrongFigure => "a figure in the tables is wrong",
            Self::StaleValue => "the newest value of a signal is old",
            Self::Stalled => "what is shown does not move on",
            Self::WrongOnPage => "the page shows a wrong figure",
            Self::Parked => "a stream is followed no further",
            Self::SilentAgent => "an agent is not heard of",
        }
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    pub kind: FindingKind,
    /// Which figure, signal, stream or agent.
    pub what: String,
    /// What follows from the ledger.
    pub expected: String,
    pub shown: String,
}

impl Finding {
    /// The same thing found again has the same.
    pub fn key(&self) -> String {
        format!("{}: {}", self.kind.words(), self.what)
    }
}

/// How the page was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageLook {
    /// A browser opened it, read its figures, and made a picture.
    Seen {
        /// The seq behind the last fact of the site that it showed.
        position: u64,
        figures: u32,
        /// SHA-256 of the picture, hex.
        picture: String,
    },
    /// Nobody looked, and why.
    NotSeen { why: String },
}

/// What people are shown was held against the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InspectionMade {
    /// The stretch of time that it is the inspection of begins here (wall time).
    pub slot: Timestamp,
    /// The seq behind the last fact of the site that both sides knew.
    pub position: u64,
    /// Figures that were compared; 0 where none could be.
    pub compared: u32,
    /// At most [`MOST_LISTED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// So many more are not listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u32,
    /// What is urgent and was not so at the inspection before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub news: Vec<String>,
    /// What was urgent and is right again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleared: Vec<String>,
    pub page: PageLook,
}

/// What the inspections of a day came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InspectionsReported {
    /// Wall time, up to but not including `to`.
    pub from: Timestamp,
    pub to: Timestamp,
    pub tally: Tally,
    /// What is urgent and still not right.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<String>,
}

/// Findings that one fact lists at most.
pub const MOST_LISTED: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Tally {
    pub made: u32,
    pub compared: u64,
    /// Inspections that found something.
    pub with_findings: u32,
    pub by_kind: BTreeMap<FindingKind, u32>,
    /// Times that the page was looked at.
    pub pages: u32,
}

/// What is known of a site's inspections, folded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inspections {
    /// The slot of the last.
    pub last: Option<Timestamp>,
    /// What is urgent and still not right, by its key.
    pub standing: BTreeSet<String>,
    /// Since the last report.
    pub tally: Tally,
    /// When that stretch began.
    pub from: Option<Timestamp>,
}

impl Inspections {
    pub fn made(&mut self, fact: &InspectionMade) {
        self.last = Some(fact.slot);
        self.from.get_or_insert(fact.slot);
        for key in &fact.cleared {
            self.standing.remove(key);
        }
        self.standing.extend(fact.news.iter().cloned());
        let tally = &mut self.tally;
        tally.made += 1;
        tally.compared += u64::from(fact.compared);
        tally.with_findings += u32::from(!fact.findings.is_empty());
        tally.pages += u32::from(matches!(fact.page, PageLook::Seen { .. }));
        for finding in &fact.findings {
            *tally.by_kind.entry(finding.kind).or_default() += 1;
        }
    }

    pub fn reported(&mut self, fact: &InspectionsReported) {
        self.tally = Tally::default();
        self.from = Some(fact.to);
    }
}

impl InspectionsReported {
    /// One line for people.
    pub fn line(&self, site: &SiteId) -> String {
        let Tally { made, with_findings, pages, compared, .. } = &self.tally;
        let found = if *with_findings == 0 { "nothing was wrong".into() } else { format!("{with_findings} of them found something") };
        format!("{site}: {made} inspections of {compared} figures in all, {pages} with a look at the page; {found}")
    }

    /// The rest of it, a line each.
    pub fn lines(&self) -> Vec<String> {
        let often = |times: u32| if times == 1 { "once".into() } else { format!("{times} times") };
        let kinds = self.tally.by_kind.iter().map(|(kind, times)| format!("{}: {}", often(*times), kind.words()));
        kinds.chain(self.standing.iter().map(|key| format!("still so: {key}"))).collect()
    }
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(slot: i64, news: &[&str], cleared: &[&str]) -> InspectionMade {
        let page = PageLook::NotSeen { why: "no browser".into() };
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let slot = Timestamp::from_secs(slot);
        InspectionMade { slot, position: 1, compared: 3, findings: vec![], more: 0, news: names(news), cleared: names(cleared), page }
    }

    #[test]
    fn what_is_urgent_stands_until_it_is_cleared_and_a_report_begins_the_count_anew() {
        let mut known = Inspections::default();
        known.made(&made(900, &["a", "b"], &[]));
        known.made(&made(1_800, &[], &["a"]));
        assert_eq!((known.last, known.standing.iter().next().map(String::as_str)), (Some(Timestamp::from_secs(1_800)), Some("b")));
        let (from, to) = (known.from.unwrap(), Timestamp::from_secs(3_600));
        let day = InspectionsReported { from, to, tally: known.tally.clone(), standing: vec!["b".into()] };
        assert_eq!(day.line(&"demo".parse().unwrap()), "demo: 2 inspections of 6 figures in all, 0 with a look at the page; nothing was wrong");
        known.reported(&day);
        assert_eq!((known.tally.made, known.from), (0, Some(to)));
    }
}
