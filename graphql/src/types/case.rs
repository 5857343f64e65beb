//! A case: one fault from its first alert to its outcome, as people see it.

use crate::{
    errors::storage,
    notes,
    scalars::{id, time},
    state::AppState,
    types::{
        action::Action,
        evidence::{self, Evidence},
        plant::Asset,
    },
};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{
    case::{self, CaseFile},
    sealed::Sealed,
};
use millwright_projections::{
    actions,
    case_timeline::{self, TimelineRow},
    open_cases::CaseRow,
};

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum CaseStatus {
    Open,
    Closed,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "case::Severity")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "case::Outcome")]
pub enum Outcome {
    Repaired,
    Mitigated,
    SelfRecovered,
    FalseAlarm,
    NoEffect,
}

pub struct Case(pub(crate) CaseRow);

impl Case {
    fn file(&self) -> Option<&CaseFile> {
        self.0.case.file()
    }
}

#[Object]
impl Case {
    async fn id(&self) -> ID {
        id(self.0.id)
    }
    async fn site(&self) -> ID {
        id(&self.0.site)
    }
    async fn asset_id(&self) -> ID {
        id(&self.0.asset)
    }
    async fn asset(&self, ctx: &Context<'_>) -> Result<Option<Asset>> {
        let state = ctx.data::<AppState>()?;
        Ok(Asset::find(state, &self.0.site, &self.0.asset))
    }
    async fn status(&self) -> CaseStatus {
        if self.0.is_open() { CaseStatus::Open } else { CaseStatus::Closed }
    }
    /// One word for where the case stands: `open`, `diagnosed`, `awaiting_approval`, `acting`, `verifying`, `mitigated`, `unverified`, `closed`.
    async fn stage(&self) -> &str {
        self.0.stage()
    }
    async fn opened_at(&self) -> DateTime<Utc> {
        time(self.0.opened_at)
    }
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.closed_at.map(time)
    }
    /// Plant time of the latest fact.
    async fn changed_at(&self) -> DateTime<Utc> {
        time(self.0.changed_at)
    }
    async fn alerts(&self) -> u32 {
        self.file().map_or(0, |file| file.alerts)
    }
    async fn last_alert_at(&self) -> Option<DateTime<Utc>> {
        self.file().filter(|file| file.alerts > 0).map(|file| time(file.last_alert_at))
    }
    async fn detector(&self) -> Option<&str> {
        self.0.detector.as_deref()
    }
    /// The worst so far.
    async fn severity(&self) -> Option<Severity> {
        self.0.severity.map(Severity::from)
    }
    /// Every alert so far was late: shown, never acted upon by itself.
    async fn only_late(&self) -> bool {
        self.file().is_some_and(|file| file.only_late)
    }
    /// Of the latest alert.
    async fn evidence(&self) -> Vec<Evidence> {
        evidence::shown(self.file().map_or(&[], |file| &file.evidence))
    }
    async fn diagnosis(&self) -> Option<Diagnosis> {
        let diagnosis = self.file()?.diagnosis.as_ref()?;
        Some(Diagnosis {
            cause: id(&diagnosis.cause),
            confidence: diagnosis.confidence,
            by: diagnosis.by.clone(),
            at: time(self.0.diagnosed_at.unwrap_or(self.0.changed_at)),
            explanation: diagnosis.explanation.clone(),
            evidence_for: evidence::shown(&diagnosis.evidence_for),
            evidence_against: evidence::shown(&diagnosis.evidence_against),
            suggests: diagnosis.suggests.iter().map(id).collect(),
        })
    }
    async fn actions(&self, ctx: &Context<'_>) -> Result<Vec<Action>> {
        let state = ctx.data::<AppState>()?;
        let rows = actions::of_case(&state.projections.ledger(), self.0.id).await.map_err(storage)?;
        Ok(rows.into_iter().map(Action).collect())
    }
    async fn outcome(&self, ctx: &Context<'_>) -> Result<Option<CaseOutcome>> {
        let Some((outcome, at)) = &self.0.outcome else { return Ok(None) };
        Ok(Some(CaseOutcome {
            outcome: outcome.outcome.into(),
            by: id(&outcome.by),
            at: time(*at),
            note: notes::opened(ctx.data()?, outcome.note.as_ref())?,
            true_cause: outcome.true_cause.as_ref().map(id),
            credited: outcome.credited.map(id),
            closes: outcome.closes,
        }))
    }
    /// The case whose asset this other cause was found on.
    async fn branched_from(&self) -> Option<ID> {
        self.0.branched_from.map(id)
    }
    async fn timeline(&self, ctx: &Context<'_>) -> Result<Vec<TimelineEntry>> {
        let state = ctx.data::<AppState>()?;
        let rows = case_timeline::of_case(&state.projections.ledger(), self.0.id).await.map_err(storage)?;
        Ok(rows.into_iter().map(TimelineEntry).collect())
    }
}

#[derive(SimpleObject)]
pub struct CaseOutcome {
    outcome: Outcome,
    by: ID,
    at: DateTime<Utc>,
    note: Option<String>,
    true_cause: Option<ID>,
    credited: Option<ID>,
    closes: bool,
}

#[derive(SimpleObject)]
pub struct Diagnosis {
    cause: ID,
    /// 0 to 1.
    confidence: f64,
    /// `rules@<digest>`, `person`, …
    by: String,
    at: DateTime<Utc>,
    explanation: String,
    evidence_for: Vec<Evidence>,
    evidence_against: Vec<Evidence>,
    /// Names of actions, best first.
    suggests: Vec<ID>,
}

pub struct TimelineEntry(TimelineRow);

/// One fact of a case.
#[Object]
impl TimelineEntry {
    async fn partition(&self) -> String {
        self.0.partition.to_string()
    }
    async fn seq(&self) -> u64 {
        self.0.seq
    }
    /// `AlertRaised`, `ActionApproved`, …
    async fn kind(&self) -> &str {
        &self.0.kind
    }
    /// Plant time.
    async fn occurred_at(&self) -> DateTime<Utc> {
        time(self.0.occurred_at)
    }
    /// Wall time.
    async fn recorded_at(&self) -> DateTime<Utc> {
        time(self.0.recorded_at)
    }
    async fn actor(&self) -> ID {
        id(&self.0.actor)
    }
    /// One sentence for people.
    async fn summary(&self) -> &str {
        &self.0.summary
    }
    async fn action(&self) -> Option<ID> {
        self.0.action.map(id)
    }
    /// `(forgotten)` once the person who wrote it was forgotten.
    async fn note(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let note: Option<&Sealed> = self.0.note.as_ref();
        notes::opened(ctx.data()?, note)
    }
    async fn evidence(&self) -> Vec<Evidence> {
        evidence::shown(&self.0.evidence)
    }
}
