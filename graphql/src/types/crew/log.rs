//! What was worked on, and what it cost by day.

use super::agent::AgentSums;
use crate::scalars::{id, time};
use async_graphql::{Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_projections::{
    agent_days::AgentDayRow,
    work_log::{self, WorkRow},
};

/// What a step of work belongs to.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "work_log::Work")]
pub enum WorkKind {
    /// Who is on the crew, and how it is.
    Agent,
    Task,
    Investigation,
    ModelCall,
    Action,
    Letter,
    /// What a day or four hours came to.
    Report,
}

/// One step of work: who did what, when.
#[derive(SimpleObject)]
pub struct WorkStep {
    /// Names it for ever: the site and its place on the site's ledger.
    id: ID,
    site: ID,
    at: DateTime<Utc>,
    /// An agent, a part of Millwright, or a person.
    agent: ID,
    what: WorkKind,
    /// The fact that it is from: `TaskDelivered`.
    kind: String,
    case_id: Option<ID>,
    task_id: Option<ID>,
    /// For people: what happened, as data.
    summary: String,
}

impl From<WorkRow> for WorkStep {
    fn from(row: WorkRow) -> Self {
        Self {
            id: ID(format!("{}/{}", row.site, row.seq)),
            site: id(&row.site),
            at: time(row.at),
            agent: id(&row.agent),
            what: row.what.into(),
            kind: row.kind,
            case_id: row.case.map(id),
            task_id: row.task.map(id),
            summary: row.summary,
        }
    }
}

/// What an agent used of a model on a day.
#[derive(SimpleObject)]
pub struct AgentDay {
    /// When it began, UTC.
    day: DateTime<Utc>,
    agent: ID,
    /// Null where nothing was answered, or nobody said which.
    model: Option<String>,
    sums: AgentSums,
}

impl From<AgentDayRow> for AgentDay {
    fn from(row: AgentDayRow) -> Self {
        Self { day: time(row.day), agent: id(&row.agent), model: Some(row.model).filter(|model| !model.is_empty()), sums: row.sums.into() }
    }
}

/// What calls to models cost a site, and how that goes.
#[derive(SimpleObject)]
pub struct CrewCosts {
    /// By day, agent and model, the earliest first; what used nothing is left out.
    pub(crate) days: Vec<AgentDay>,
    pub(crate) cost_nano_dollars: u64,
    pub(crate) tokens: u64,
    /// By how much a day costs more (or, below 0, less) than the day before it, along a straight line through all days. A billionth of a
    /// dollar is 1; null before there are three days.
    pub(crate) trend_nano_dollars_a_day: Option<f64>,
}
