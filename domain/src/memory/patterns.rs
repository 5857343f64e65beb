//! Universal patterns: one fault that shows the same face on machines of several vendors or classes ("seen on 3 vendors").

use super::signature::Signature;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A past case that ended with a known cause.
#[derive(Debug, Clone, PartialEq)]
pub struct Witness<K> {
    pub key: K,
    /// As confirmed, not as guessed.
    pub cause: String,
    pub vendor: String,
    /// Equipment class: `centrifugal_pump`, …
    pub class: String,
    pub signature: Signature,
}

/// Cases of one cause that look alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pattern<K> {
    pub cause: String,
    /// Ascending.
    pub cases: Vec<K>,
    pub vendors: BTreeSet<String>,
    pub classes: BTreeSet<String>,
    /// The case that is likest to the others: the one to show.
    pub face: K,
    /// Mean similarity of the face to the others; 1 for a single case.
    pub cohesion: f64,
}

impl<K> Pattern<K> {
    /// Whether it was seen on machines of more than one make or class.
    pub fn is_universal(&self) -> bool {
        self.vendors.len() > 1 || self.classes.len() > 1
    }
}

/// Clusters of the cases of each cause: cases belong together when a chain of cases, each at least `alike` to the next, joins them.
/// The most widely seen pattern first, then by cause and case.
pub fn patterns<K: Ord + Clone>(witnesses: &[Witness<K>], alike: f64) -> Vec<Pattern<K>> {
    let mut by_cause: BTreeMap<&str, Vec<&Witness<K>>> = BTreeMap::new();
    for witness in witnesses {
        by_cause.entry(&witness.cause).or_default().push(witness);
    }
    let mut found = Vec::new();
    for cases in by_cause.values_mut() {
        cases.sort_by(|one, other| one.key.cmp(&other.key));
        found.extend(chained(cases, alike).iter().filter_map(|group| pattern(group)));
    }
    found.sort_by(|one, other| {
        let width = |pattern: &Pattern<K>| (pattern.vendors.len(), pattern.classes.len(), pattern.cases.len());
        width(other).cmp(&width(one)).then_with(|| (&one.cause, &one.cases).cmp(&(&other.cause, &other.cases)))
    });
    found
}

fn chained<'a, K>(cases: &[&'a Witness<K>], alike: f64) -> Vec<Vec<&'a Witness<K>>> {
    let mut left: Vec<&Witness<K>> = cases.to_vec();
    let mut groups = Vec::new();
    while !left.is_empty() {
        let mut group = vec![left.remove(0)];
        let mut reached = 0;
        while let Some(from) = group.get(reached).copied() {
            let (near, far): (Vec<_>, Vec<_>) = left.into_iter().partition(|case| from.signature.similarity(&case.signature) >= alike);
            group.extend(near);
            left = far;
            reached += 1;
        }
        groups.push(group);
    }
    groups
}

fn pattern<K: Ord + Clone>(group: &[&Witness<K>]) -> Option<Pattern<K>> {
    let others = group.len().saturating_sub(1);
    let likeness = |case: &Witness<K>| {
        let sum: f64 = group.iter().filter(|other| other.key != case.key).map(|other| case.signature.similarity(&other.signature)).sum();
        if others == 0 { 1.0 } else { sum / others as f64 }
    };
    let likenesses = group.iter().map(|case| (likeness(case), *case));
    let (cohesion, face) = likenesses.max_by(|one, other| one.0.total_cmp(&other.0).then_with(|| other.1.key.cmp(&one.1.key)))?;
    let mut cases: Vec<K> = group.iter().map(|case| case.key.clone()).collect();
    cases.sort();
    Some(Pattern {
        cause: face.cause.clone(),
        cases,
        vendors: group.iter().map(|case| case.vendor.clone()).collect(),
        classes: group.iter().map(|case| case.class.clone()).collect(),
        face: face.key.clone(),
        cohesion,
    })
}
