//! A case: one fault from its first alert to its outcome, as people see it.

use crate::{
    errors::storage,
    notes,
    scalars::{id, time},
    state::AppState,
    types::{
        action::Action,
        evidence::{self, Evidence},
        forecast::Forecast,
        investigation::Investigation,
        plant::Asset,
        similar::SimilarCases,
        ticket::Ticket,
    },
};
use async_graphql::{ComplexObject, Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{
    case::{self, CaseFile},
    change,
    ids::CauseId,
    sealed::Sealed,
};
use millwright_projections::{case_timeline::TimelineRow, experience, open_cases::CaseRow, similar};

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

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "change::ChangeKind")]
pub enum ChangeKind {
    /// One sensor's value no longer moves, and the others go on.
    SensorStuck,
    /// One sensor stands off from what the others imply, and these agree among themselves.
    SensorOffset,
    /// One sensor is noisier than it was, and the others are not.
    SensorNoise,
    /// Readings are missing.
    Communication,
    /// The machine is run otherwise: another speed, load or product.
    Regime,
    /// The signals left their places and no longer fit each other.
    Degradation,
    Unclear,
}

#[derive(SimpleObject)]
pub struct Change {
    kind: ChangeKind,
    because: String,
    at: DateTime<Utc>,
    #[graphql(complexity = "crate::query::times(8, child_complexity)")]
    evidence: Vec<Evidence>,
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
    #[graphql(complexity = "crate::query::times(8, child_complexity)")]
    async fn evidence(&self) -> Vec<Evidence> {
        evidence::shown(self.file().map_or(&[], |file| &file.evidence))
    }
    async fn diagnosis(&self) -> Option<Diagnosis> {
        let diagnosis = self.file()?.diagnosis.as_ref()?;
        Some(Diagnosis {
            known: diagnosis.cause.clone(),
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
    /// What kind of change it shows.
    async fn change(&self) -> Option<Change> {
        let (judged, at) = self.0.change.as_ref()?;
        Some(Change { kind: judged.change.into(), because: judged.because.clone(), at: time(*at), evidence: evidence::shown(&judged.evidence) })
    }
    /// Past cases that looked like it, likest first; at most five.
    #[graphql(complexity = "100 + crate::query::times(5, child_complexity)")]
    async fn similar(&self, ctx: &Context<'_>, #[graphql(default = 5)] first: usize) -> Result<SimilarCases> {
        let state = ctx.data::<AppState>()?;
        let mut found = state.projections.similar_cases(self.0.id, first.min(similar::SHOWN)).await.map_err(storage)?;
        // Other sites teach what a fault looks like; what became of their cases is for those who may look there.
        found.cases.retain(|similar| state.caller.sees(&similar.case.site));
        Ok(found.into())
    }
    /// When its signals reach their thresholds, soonest first. Empty when nothing drifts towards any.
    #[graphql(complexity = "20 + child_complexity")]
    async fn forecasts(&self, ctx: &Context<'_>) -> Result<Vec<Forecast>> {
        let state = ctx.data::<AppState>()?;
        let found = state.projections.forecasts(&self.0).await.map_err(storage)?;
        Ok(found.into_iter().map(Forecast::from).collect())
    }
    #[graphql(complexity = "crate::query::times(5, child_complexity)")]
    async fn actions(&self, ctx: &Context<'_>) -> Result<Vec<Action>> {
        let state = ctx.data::<AppState>()?;
        let rows = state.loaders.actions_of(self.0.id).await?;
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
    /// Where outside it is followed.
    #[graphql(complexity = "crate::query::times(3, child_complexity)")]
    async fn tickets(&self, ctx: &Context<'_>) -> Result<Vec<Ticket>> {
        let state = ctx.data::<AppState>()?;
        let rows = state.loaders.tickets_of(self.0.id).await?;
        Ok(rows.into_iter().map(Ticket::from).collect())
    }
    /// What the crew found out about it.
    async fn investigation(&self, ctx: &Context<'_>) -> Result<Option<Investigation>> {
        let state = ctx.data::<AppState>()?;
        let row = state.loaders.investigation_of(self.0.id).await?;
        Ok(row.map(Investigation::from))
    }
    #[graphql(complexity = "crate::query::times(50, child_complexity)")]
    async fn timeline(&self, ctx: &Context<'_>) -> Result<Vec<TimelineEntry>> {
        let state = ctx.data::<AppState>()?;
        let rows = state.loaders.timeline_of(self.0.id).await?;
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
#[graphql(complex)]
pub struct Diagnosis {
    #[graphql(skip)]
    known: CauseId,
    cause: ID,
    /// 0 to 1.
    confidence: f64,
    /// `rules@<digest>`, `person`, …
    by: String,
    at: DateTime<Utc>,
    explanation: String,
    #[graphql(complexity = "crate::query::times(8, child_complexity)")]
    evidence_for: Vec<Evidence>,
    #[graphql(complexity = "crate::query::times(8, child_complexity)")]
    evidence_against: Vec<Evidence>,
    /// Names of actions, best first.
    suggests: Vec<ID>,
}

#[ComplexObject]
impl Diagnosis {
    /// How such diagnoses have fared, by what people found.
    #[graphql(complexity = "500 + child_complexity")]
    async fn record(&self, ctx: &Context<'_>) -> Result<DiagnosisRecord> {
        let state = ctx.data::<AppState>()?;
        let record = state.loaders.record_of(&self.known, self.confidence).await?;
        let experience::Record { confirmed, refuted, calibrated, calibrated_on } = record;
        Ok(DiagnosisRecord { confirmed, refuted, calibrated, calibrated_on })
    }
}

#[derive(SimpleObject)]
pub struct DiagnosisRecord {
    /// A person repaired what was named.
    confirmed: u32,
    /// A person found something else, or nothing.
    refuted: u32,
    /// What a confidence of this size has come true at, over all causes; null until fifty outcomes are known.
    calibrated: Option<f64>,
    calibrated_on: usize,
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
    #[graphql(complexity = "crate::query::times(4, child_complexity)")]
    async fn evidence(&self) -> Vec<Evidence> {
        evidence::shown(&self.0.evidence)
    }
    async fn id(&self) -> ID {
        id(self.0.id)
    }
    /// The fact that led to this one, which may be on another stream.
    async fn causation(&self) -> Option<ID> {
        self.0.causation.map(id)
    }
}
