//! When a diagnosis is said aloud: once it has held long enough, and again only when it has become surer.

use super::{judge::Diagnosis, rule::Rules};
use crate::monitor::AssetFeatures;
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    ids::{ActionName, CauseId, SignalId},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The same cause is named again no sooner than this …
const AGAIN_AFTER: TimeDelta = TimeDelta::seconds(60);
/// … and only when surer by more than this, or when it asks for something else.
const SURER_BY: f64 = 0.1;

/// What one machine's figures have been held to be, and what of it was named.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Nominations {
    holding: BTreeMap<CauseId, Timestamp>,
    named: BTreeMap<CauseId, Named>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Named {
    at: Timestamp,
    confidence: f64,
    suggests: Vec<ActionName>,
    explained: BTreeSet<SignalId>,
}

/// A diagnosis to be recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Naming {
    pub diagnosis: Diagnosis,
    /// Causes named before that this one explains better: it takes their place.
    pub instead_of: Vec<CauseId>,
}

impl Nominations {
    /// What is to be said now.
    pub fn consider(&mut self, rules: &Rules, features: &AssetFeatures) -> Vec<Naming> {
        let now = features.at;
        let roots = rules.root_causes(features);
        let holding = roots.iter().map(|root| (root.cause.clone(), self.holding.get(&root.cause).copied().unwrap_or(now)));
        self.holding = holding.collect();
        let held_long_enough = |root: &Diagnosis| {
            let since = self.holding.get(&root.cause).copied().unwrap_or(now);
            now.since(since) >= TimeDelta::seconds(i64::from(root.hold_s))
        };
        let present: BTreeSet<CauseId> = roots.iter().map(|root| root.cause.clone()).collect();
        let ripe: Vec<Diagnosis> = roots.into_iter().filter(held_long_enough).collect();
        ripe.into_iter().filter_map(|root| self.name(root, now, &present)).collect()
    }

    fn name(&mut self, diagnosis: Diagnosis, now: Timestamp, present: &BTreeSet<CauseId>) -> Option<Naming> {
        if self.named.get(&diagnosis.cause).is_some_and(|known| !known.is_outdone_by(&diagnosis, now)) {
            return None;
        }
        let explains_better = |(cause, named): (&CauseId, &Named)| {
            let replaced = *cause != diagnosis.cause && !present.contains(cause) && named.explained.is_subset(&diagnosis.explained);
            replaced.then(|| cause.clone())
        };
        let instead_of: Vec<CauseId> = self.named.iter().filter_map(explains_better).collect();
        self.named.retain(|cause, _| !instead_of.contains(cause));
        let Diagnosis { confidence, suggests, explained, .. } = diagnosis.clone();
        let named = Named { at: now, confidence, suggests, explained };
        self.named.insert(diagnosis.cause.clone(), named);
        Some(Naming { diagnosis, instead_of })
    }

    /// A case of that cause is over: if it is seen again, it is news.
    pub fn forget(&mut self, cause: &CauseId) {
        self.named.remove(cause);
    }
}

impl Named {
    fn is_outdone_by(&self, diagnosis: &Diagnosis, now: Timestamp) -> bool {
        let is_news = diagnosis.confidence > self.confidence + SURER_BY || diagnosis.suggests != self.suggests;
        is_news && now.since(self.at) >= AGAIN_AFTER
    }
}
