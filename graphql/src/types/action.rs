//! A proposed action: exactly what would be done, what a yes has to name, and what came of it.

use crate::{
    notes,
    scalars::{id, time},
    state::AppState,
    types::{
        case::Case,
        evidence::{Observed, observed},
    },
};
use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{action::Order, approval, ids::SignalId, policy};
use millwright_projections::{
    actions::{self, ActionRow},
    experience::Attempt,
    summary::what,
};

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "actions::Stage")]
pub enum ActionStage {
    AwaitingApproval,
    Approved,
    Started,
    Completed,
    Unverified,
    Rejected,
    Expired,
    Superseded,
    Voided,
    Failed,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "policy::Ruling")]
pub enum Ruling {
    AutoApprove,
    RequireApproval,
    Never,
}

/// What a wrong yes could cost. HIGH takes two persons, at the page.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "approval::Risk")]
pub enum Risk {
    Low,
    Medium,
    High,
}

#[derive(SimpleObject)]
pub struct WriteOrder {
    device: ID,
    signal: ID,
    value: f64,
    unit: Option<String>,
    tolerance: f64,
}

#[derive(SimpleObject)]
pub struct MessageOrder {
    to: String,
    text: String,
}

#[derive(SimpleObject)]
pub struct TrackRecord {
    tried: u32,
    /// The case then ended as repaired or mitigated.
    helped: u32,
    /// Share of good ends to be expected; null with fewer than five tries.
    rate: Option<f64>,
}

pub struct Action(pub(crate) ActionRow);

impl Action {
    fn unit(&self, state: &AppState, signal: &SignalId) -> Option<String> {
        let plants = state.projections.plants();
        let plant = plants.iter().filter_map(|row| row.plant.as_ref()).find(|plant| plant.site == self.0.site)?;
        plant.signal(signal).map(|(_, signal)| signal.unit.to_string())
    }
}

#[Object]
impl Action {
    async fn id(&self) -> ID {
        id(self.0.proposal.action)
    }
    async fn site(&self) -> ID {
        id(&self.0.site)
    }
    async fn case_id(&self) -> ID {
        id(self.0.case)
    }
    async fn case(&self, ctx: &Context<'_>) -> Result<Option<Case>> {
        let state = ctx.data::<AppState>()?;
        let row = state.loaders.case(self.0.case).await?;
        Ok(row.map(Case))
    }
    /// What it has done so far for that cause on machines of that class. Null while the case has no diagnosis.
    #[graphql(complexity = "300 + child_complexity")]
    async fn track_record(&self, ctx: &Context<'_>) -> Result<Option<TrackRecord>> {
        let state = ctx.data::<AppState>()?;
        let case = state.loaders.case(self.0.case).await?;
        let Some((asset, cause)) = case.and_then(|row| Some((row.asset.clone(), row.case.file()?.cause()?.clone()))) else { return Ok(None) };
        let attempt = Attempt { site: self.0.site.clone(), asset, cause, action: self.0.proposal.name.clone() };
        let track = state.loaders.track_record(attempt).await?;
        Ok(Some(TrackRecord { tried: track.tried, helped: track.helped, rate: track.rate() }))
    }
    async fn name(&self) -> ID {
        id(&self.0.proposal.name)
    }
    async fn stage(&self) -> ActionStage {
        self.0.stage.into()
    }
    async fn ruling(&self) -> Ruling {
        self.0.proposal.ruling.into()
    }
    /// What exactly would be done or was done, for people: `write 870 to pump-1/speed_setpoint on plc-1`.
    async fn what(&self) -> String {
        what(&self.0.proposal.order)
    }
    /// Set when it writes to a machine.
    async fn write(&self, ctx: &Context<'_>) -> Result<Option<WriteOrder>> {
        let Order::Write(write) = &self.0.proposal.order else { return Ok(None) };
        let unit = self.unit(ctx.data()?, &write.signal);
        Ok(Some(WriteOrder { device: id(&write.device), signal: id(&write.signal), value: write.value, unit, tolerance: write.tolerance }))
    }
    /// Set when it sends a message.
    async fn message(&self) -> Option<MessageOrder> {
        let Order::Message(message) = &self.0.proposal.order else { return None };
        Some(MessageOrder { to: message.to.clone(), text: message.text.clone() })
    }
    /// What a yes has to name.
    async fn binding(&self) -> &str {
        &self.0.binding
    }
    async fn proposed_by(&self) -> ID {
        id(&self.0.proposal.proposed_by)
    }
    async fn proposed_at(&self) -> DateTime<Utc> {
        time(self.0.proposed_at)
    }
    /// Wall time after which a yes is refused.
    async fn expires_at(&self) -> DateTime<Utc> {
        time(self.0.proposal.expires_at)
    }
    /// The fact that it answers.
    async fn because(&self) -> ID {
        id(self.0.proposal.because)
    }
    /// Values that it rests on: it is void once they have moved on.
    #[graphql(complexity = "crate::query::times(4, child_complexity)")]
    async fn preconditions(&self) -> Vec<Observed> {
        observed(&self.0.proposal.preconditions)
    }
    async fn decided_by(&self) -> Option<ID> {
        self.0.decided_by.as_ref().map(id)
    }
    async fn decided_at(&self) -> Option<DateTime<Utc>> {
        self.0.decided_at.map(time)
    }
    async fn note(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        notes::opened(ctx.data()?, self.0.note.as_ref())
    }
    async fn risk(&self) -> Risk {
        self.0.proposal.risk.into()
    }
    /// How many persons have to say yes.
    async fn yes_needed(&self) -> usize {
        self.0.proposal.risk.yes_needed()
    }
    /// Who has said yes so far, while more than one is needed.
    async fn yes(&self) -> Vec<ID> {
        self.0.yes.iter().map(id).collect()
    }
    /// Who may answer beside those that policy names: delegates, and those it was escalated to.
    async fn also_asked(&self) -> Vec<ID> {
        self.0.also.iter().map(id).collect()
    }
    async fn reminders(&self) -> u32 {
        self.0.reminders
    }
    /// How often it was passed on because nobody had answered.
    async fn escalations(&self) -> u32 {
        self.0.level
    }
    /// The proposal in whose place a person wanted this one.
    async fn instead_of(&self) -> Option<ID> {
        self.0.proposal.instead_of.map(id)
    }
    /// The bytes that left for the device, hex.
    async fn sent(&self) -> Option<&str> {
        self.0.sent.as_deref()
    }
    /// Who looked at the machine, where nobody could vouch for a write.
    async fn verified_by(&self) -> Option<ID> {
        self.0.verified_by.as_ref().map(id)
    }
    async fn started_at(&self) -> Option<DateTime<Utc>> {
        self.0.started_at.map(time)
    }
    /// The fresh readings that limits and interlock were judged by when it began.
    #[graphql(complexity = "crate::query::times(4, child_complexity)")]
    async fn observed(&self) -> Vec<Observed> {
        observed(&self.0.observed)
    }
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.ended_at.map(time)
    }
    async fn read_back(&self) -> Option<f64> {
        self.0.read_back
    }
    /// Why it failed, was voided, or cannot be known.
    async fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }
}
