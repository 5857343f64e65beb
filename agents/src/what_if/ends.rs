//! Cases of which people said what they were, so that rules can be judged by what was really so.

use super::Said;
use chrono::TimeDelta;
use millwright_domain::{
    Event, Timestamp,
    case::{Outcome, OutcomeRecorded},
    envelope::Recorded,
    ids::{AssetId, CaseId, CauseId},
    site::Site,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A fault is older than its first alert.
const BEFORE: TimeDelta = TimeDelta::minutes(10);

/// A case that ended, by a person's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEnd {
    pub asset: AssetId,
    pub from: Timestamp,
    pub to: Timestamp,
    /// `None`: it was a false alarm.
    pub cause: Option<CauseId>,
}

/// What a set of rules made of the known ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Score {
    /// The confirmed cause was named.
    pub hits: usize,
    /// It was not.
    pub misses: usize,
    /// Something else was named beside or instead of it.
    pub wrong: usize,
    /// A false alarm was raised again.
    pub false_alarms: usize,
}

/// Takes facts in, in their order.
#[derive(Debug, Default)]
pub struct KnownEnds(BTreeMap<CaseId, (Timestamp, OutcomeRecorded)>);

impl KnownEnds {
    pub fn see(&mut self, fact: &Recorded) {
        let (Event::OutcomeRecorded(outcome), Some(case)) = (&fact.event, fact.stream.as_case()) else { return };
        if outcome.closes && !outcome.by.is_service() {
            self.0.insert(case, (fact.occurred_at, outcome.clone()));
        }
    }

    /// `site` is the state after the last fact seen.
    pub fn on(self, site: &Site) -> Vec<KnownEnd> {
        let end = |(case, (to, outcome)): (CaseId, (Timestamp, OutcomeRecorded))| {
            let file = site.case(case).file()?;
            let cause = outcome.confirmed_cause(file.cause()).cloned();
            // Nothing is known of one that was neither found to be something nor to be nothing.
            if cause.is_none() && outcome.outcome != Outcome::FalseAlarm {
                return None;
            }
            Some(KnownEnd { asset: file.asset.clone(), from: file.opened_at - BEFORE, to, cause })
        };
        self.0.into_iter().filter_map(end).collect()
    }
}

pub(super) fn score(said: &[Said], ends: &[KnownEnd]) -> Score {
    let mut score = Score::default();
    for end in ends {
        let span = end.from..=end.to;
        let of_it = || said.iter().filter(|said| span.contains(&said.at()) && *said.asset() == end.asset);
        match &end.cause {
            None => score.false_alarms += usize::from(of_it().any(|said| matches!(said, Said::Alert { .. }))),
            Some(cause) => {
                let named = || of_it().filter_map(Said::cause);
                let is_hit = named().any(|known| known == cause);
                score.hits += usize::from(is_hit);
                score.misses += usize::from(!is_hit);
                score.wrong += usize::from(named().any(|known| known != cause));
            }
        }
    }
    score
}
