//! What other rules, or another policy, would have said to what was recorded.

use super::action::{Risk, Ruling};
use crate::scalars::{id, time};
use async_graphql::{ID, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::ports::rules_trial::{Fit, OtherRuling, Tried, Verdict};

/// How far a trial is; with `report` at its end, and then no more.
#[derive(SimpleObject)]
pub struct TrialStep {
    /// Records looked at.
    pub(crate) done: u64,
    pub(crate) of: u64,
    pub(crate) eta_s: Option<u64>,
    pub(crate) report: Option<TrialReport>,
}

#[derive(SimpleObject)]
pub struct TrialReport {
    /// The first reading that is still there (plant time): nothing can be said of alerts and diagnoses before it.
    reaches_back_to: Option<DateTime<Utc>>,
    scans: u64,
    /// What the rules in force say and the others do not; 1,000 at most are listed.
    only_before: Vec<TrialVerdict>,
    only_after: Vec<TrialVerdict>,
    gone: usize,
    new: usize,
    same: usize,
    /// Cases that people have judged; before and after are held against these.
    known_ends: usize,
    before: RulesFit,
    after: RulesFit,
    /// Proposals that the other policy would have treated otherwise; 1,000 at most are listed.
    rulings: Vec<TrialRuling>,
    same_rulings: usize,
}

/// An alert, or a diagnosis.
#[derive(SimpleObject)]
pub struct TrialVerdict {
    at: DateTime<Utc>,
    asset: ID,
    /// The detector of an alert, the cause of a diagnosis.
    what: String,
    diagnosis: bool,
    confidence: Option<f64>,
    suggests: Vec<String>,
}

#[derive(SimpleObject)]
pub struct RulesFit {
    /// Confirmed causes that were named.
    hits: usize,
    misses: usize,
    /// Cases with another cause named.
    wrong: usize,
    /// False alarms raised again.
    false_alarms: usize,
}

#[derive(SimpleObject)]
pub struct TrialRuling {
    /// Wall time of the proposal.
    at: DateTime<Utc>,
    case: ID,
    action: ID,
    name: String,
    asset: Option<ID>,
    before: Ruling,
    after: Ruling,
    risk_before: Risk,
    risk_after: Risk,
    /// A person's answer that came in time would have been too late.
    answer_too_late: bool,
}

/// Of each list.
const MOST_LISTED: usize = 1_000;

impl From<Tried> for TrialReport {
    fn from(tried: Tried) -> Self {
        let listed = |verdicts: &[Verdict]| verdicts.iter().take(MOST_LISTED).map(TrialVerdict::from).collect();
        Self {
            reaches_back_to: tried.reaches_back_to.map(time),
            scans: tried.scans,
            only_before: listed(&tried.only_before),
            only_after: listed(&tried.only_after),
            gone: tried.only_before.len(),
            new: tried.only_after.len(),
            same: tried.same,
            known_ends: tried.known_ends,
            before: tried.before.into(),
            after: tried.after.into(),
            rulings: tried.rulings.iter().take(MOST_LISTED).map(TrialRuling::from).collect(),
            same_rulings: tried.same_rulings,
        }
    }
}

impl From<&Verdict> for TrialVerdict {
    fn from(verdict: &Verdict) -> Self {
        Self {
            at: time(verdict.at),
            asset: id(&verdict.asset),
            what: verdict.what.clone(),
            diagnosis: verdict.is_diagnosis,
            confidence: verdict.confidence,
            suggests: verdict.suggests.clone(),
        }
    }
}

impl From<Fit> for RulesFit {
    fn from(Fit { hits, misses, wrong, false_alarms }: Fit) -> Self {
        Self { hits, misses, wrong, false_alarms }
    }
}

impl From<&OtherRuling> for TrialRuling {
    fn from(ruling: &OtherRuling) -> Self {
        Self {
            at: time(ruling.at),
            case: id(ruling.case),
            action: id(ruling.action),
            name: ruling.name.to_string(),
            asset: ruling.asset.as_ref().map(id),
            before: ruling.before.into(),
            after: ruling.after.into(),
            risk_before: ruling.risk_before.into(),
            risk_after: ruling.risk_after.into(),
            answer_too_late: ruling.answer_too_late,
        }
    }
}
