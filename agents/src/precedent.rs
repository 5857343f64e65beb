//! What helped last time: the likest past case that a person has closed, or else the latest of the same cause, with what was said of it.

use async_trait::async_trait;
use millwright_domain::{
    Timestamp,
    case::{Case, Outcome},
    effect::quote,
    ids::{AssetId, CaseId, CauseId},
    sealed::Sealed,
};
use millwright_projections::{
    Projections,
    open_cases::{self, CaseRow},
};
use std::fmt;

/// Less likely than this to be the same fault, a past case is not mentioned.
const LEAST_LIKELY: f64 = 0.5;
/// The latest closed cases of a cause that are looked through.
const LOOKED_THROUGH: usize = 50;

/// A past case, as far as it is worth mentioning.
#[derive(Debug, Clone, PartialEq)]
pub struct Precedent {
    /// Plant time when it was opened.
    pub at: Timestamp,
    pub asset: AssetId,
    /// Share of such likenesses that were the same fault; `None` if it is only the same cause.
    pub likely_the_same: Option<f64>,
    pub outcome: Outcome,
    /// What the person said. Never opened here: [`Precedent::quotes`] go into the effect, which is opened when it leaves.
    pub words: Option<Sealed>,
}

impl Precedent {
    /// The words that its text leaves a place for.
    pub fn quotes(&self) -> Vec<Sealed> {
        self.words.iter().cloned().collect()
    }
}

impl fmt::Display for Precedent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.at.to_datetime().map_or_else(String::new, |at| at.format("%-d %b %Y").to_string());
        write!(f, "Last time ({day}, {}", self.asset)?;
        match self.likely_the_same {
            Some(likely) => write!(f, ", {:.0} % the same)", likely * 100.0)?,
            None => write!(f, ", same cause)")?,
        }
        let outcome = match self.outcome {
            Outcome::Repaired => "repaired",
            Outcome::Mitigated => "mitigated",
            Outcome::SelfRecovered => "recovered by itself",
            Outcome::FalseAlarm => "a false alarm",
            Outcome::NoEffect => "nothing helped",
        };
        write!(f, ": {outcome}")?;
        self.words.as_ref().map_or(Ok(()), |_| write!(f, ", \"{}\"", quote(0)))
    }
}

/// Where precedents are looked up.
#[async_trait]
pub trait Precedents: Send + Sync {
    async fn of(&self, case: CaseId, asset: &AssetId, cause: Option<&CauseId>) -> Option<Precedent>;
}

pub struct PastCases(pub Projections);

#[async_trait]
impl Precedents for PastCases {
    /// A message that cannot say what helped last time is still worth sending.
    async fn of(&self, case: CaseId, asset: &AssetId, cause: Option<&CauseId>) -> Option<Precedent> {
        match self.found(case, asset, cause).await {
            Ok(found) => found,
            Err(cause) => {
                tracing::warn!(%case, %cause, "what helped last time cannot be looked up");
                None
            }
        }
    }
}

impl PastCases {
    async fn found(
        &self,
        case: CaseId,
        asset: &AssetId,
        cause: Option<&CauseId>,
    ) -> Result<Option<Precedent>, Box<dyn std::error::Error + Send + Sync>> {
        let alike = self.0.similar_cases(case, 5).await?.cases;
        let likest = alike.into_iter().find(|one| one.likely_the_same >= LEAST_LIKELY && ended_by_a_person(&one.case));
        if let Some(one) = likest {
            return Ok(told(&one.case, Some(one.likely_the_same)));
        }
        let Some(cause) = cause else { return Ok(None) };
        let past = open_cases::closed(&self.0.ledger(), Some(cause), LOOKED_THROUGH).await?;
        let mut past: Vec<&CaseRow> = past.iter().filter(|row| row.id != case && ended_by_a_person(row)).collect();
        // The machine itself before its sisters, the latest first; the sort keeps the order of equals.
        past.sort_by_key(|row| (row.asset != *asset, std::cmp::Reverse(row.closed_at)));
        Ok(past.first().and_then(|row| told(row, None)))
    }
}

fn told(row: &CaseRow, likely_the_same: Option<f64>) -> Option<Precedent> {
    let Case::Closed(_, outcome) = row.case else { return None };
    let words = row.outcome.as_ref().and_then(|(outcome, _)| outcome.note.clone());
    Some(Precedent { at: row.opened_at, asset: row.asset.clone(), likely_the_same, outcome, words })
}

fn ended_by_a_person(row: &CaseRow) -> bool {
    row.outcome.as_ref().is_some_and(|(outcome, _)| !outcome.by.is_service())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precedent_says_when_where_how_alike_and_what_helped() {
        let at = "2026-01-15T08:00:00Z".parse().unwrap();
        let sealed = Sealed { subject: "ann".parse().unwrap(), nonce: String::new(), text: String::new() };
        let one = Precedent { at, asset: "pump-1".parse().unwrap(), likely_the_same: Some(0.87), outcome: Outcome::Repaired, words: Some(sealed) };
        assert_eq!(one.to_string(), "Last time (15 Jan 2026, pump-1, 87 % the same): repaired, \"⟦0⟧\"");
        let other = Precedent { likely_the_same: None, words: None, outcome: Outcome::FalseAlarm, ..one };
        assert_eq!(other.to_string(), "Last time (15 Jan 2026, pump-1, same cause): a false alarm");
    }
}
