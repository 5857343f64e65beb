//! Trying other rules, or another policy, on what was recorded, before a plant adopts them. Nothing is decided by it.

use crate::{
    Timestamp,
    approval::Risk,
    ids::{ActionId, ActionName, AssetId, CaseId, SiteId},
    policy::Ruling,
};
use async_trait::async_trait;
use serde::Serialize;
use thiserror::Error;

/// What is to be tried. What is left away stays as it is in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    pub site: SiteId,
    /// A rule file.
    pub rules: Option<String>,
    /// A policy file.
    pub policy: Option<String>,
    /// Only what is said from here on counts; the readings before are looked at all the same, for what is normal is learned from them.
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

/// Why nothing was tried, for the person who asked.
#[derive(Debug, Error)]
pub enum NotTried {
    #[error("{0}")]
    Refused(String),
    #[error("could not try the rules on what was recorded")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tried {
    /// The first reading that is still there, on the plant's clock: nothing can be said of the time before.
    pub reaches_back_to: Option<Timestamp>,
    pub scans: u64,
    pub only_before: Vec<Verdict>,
    pub only_after: Vec<Verdict>,
    /// Said by both.
    pub same: usize,
    /// Cases of which people said what they were.
    pub known_ends: usize,
    pub before: Fit,
    pub after: Fit,
    /// Proposals that the policy would have treated otherwise.
    pub rulings: Vec<OtherRuling>,
    pub same_rulings: usize,
    /// For how long normal was learned when these readings came, in seconds, as the ledger has it of late. Whoever tries with another time
    /// judges other readings.
    pub learned_in_s: Option<i64>,
}

/// An alert, or a diagnosis if it names a cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Plant time.
    pub at: Timestamp,
    pub asset: AssetId,
    /// The detector that raised the alert, or the cause that was named.
    pub what: String,
    pub is_diagnosis: bool,
    pub confidence: Option<f64>,
    pub suggests: Vec<String>,
}

/// How well what was said fits what people found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Fit {
    pub hits: usize,
    pub misses: usize,
    pub wrong: usize,
    pub false_alarms: usize,
}

/// One proposal, as it was ruled on and as it would be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OtherRuling {
    /// Wall time of the proposal.
    pub at: Timestamp,
    pub case: CaseId,
    pub action: ActionId,
    pub name: ActionName,
    pub asset: Option<AssetId>,
    pub before: Ruling,
    pub after: Ruling,
    pub risk_before: Risk,
    pub risk_after: Risk,
    /// The answer of a person came within the time that was given, and would have been too late.
    pub answer_too_late: bool,
}

#[async_trait]
pub trait RulesTrial: Send + Sync {
    /// `told` hears how many records of how many were looked at. Dropping the answer ends the trial.
    async fn run(&self, trial: Trial, told: &(dyn Fn(u64, u64) + Send + Sync)) -> Result<Tried, NotTried>;
}
