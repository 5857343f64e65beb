//! Past cases that looked like this one, and faults that look the same on several machines.

use crate::{scalars::id, types::case::Case};
use async_graphql::{ID, SimpleObject};
use millwright_domain::{ids::CaseId, memory::Pattern};
use millwright_projections::similar;

#[derive(SimpleObject)]
pub struct SimilarCases {
    /// Whether the case has a signature yet: it is made ten minutes of plant time after the case began.
    remembered: bool,
    /// Past cases that it was compared with.
    compared_with: usize,
    /// Outcomes of this installation that `likelyTheSame` rests on; 0 while it rests on what was measured on simulated plants.
    calibrated_on: usize,
    /// Likest first.
    cases: Vec<SimilarCase>,
}

#[derive(SimpleObject)]
pub struct SimilarCase {
    case: Case,
    /// Cosine of the two signatures, -1 to 1.
    similarity: f64,
    /// Share of such likenesses that were the same fault, 0 to 1.
    likely_the_same: f64,
}

impl From<similar::SimilarCases> for SimilarCases {
    fn from(found: similar::SimilarCases) -> Self {
        let one = |one: similar::SimilarCase| SimilarCase { case: Case(one.case), similarity: one.similarity, likely_the_same: one.likely_the_same };
        Self {
            remembered: found.remembered,
            compared_with: found.compared_with,
            calibrated_on: found.calibrated_on,
            cases: found.cases.into_iter().map(one).collect(),
        }
    }
}

/// Confirmed cases of one cause that look alike.
#[derive(SimpleObject)]
pub struct FaultPattern {
    cause: ID,
    cases: Vec<ID>,
    vendors: Vec<String>,
    classes: Vec<String>,
    /// The case that is likest to the others.
    face: ID,
    /// Mean similarity of that case to the others; 1 for a single case.
    cohesion: f64,
    /// Seen on machines of more than one vendor or class.
    universal: bool,
}

impl From<Pattern<CaseId>> for FaultPattern {
    fn from(pattern: Pattern<CaseId>) -> Self {
        let named = |names: &std::collections::BTreeSet<String>| names.iter().filter(|name| !name.is_empty()).cloned().collect();
        Self {
            universal: pattern.is_universal(),
            cause: id(&pattern.cause),
            cases: pattern.cases.iter().map(id).collect(),
            vendors: named(&pattern.vendors),
            classes: named(&pattern.classes),
            face: id(pattern.face),
            cohesion: pattern.cohesion,
        }
    }
}
