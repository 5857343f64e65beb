//! What the crew found out about a case.

use crate::scalars::time;
use async_graphql::{Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{Timestamp, investigation, investigation::ReportDelivered};
use millwright_projections::investigations::{InvestigationRow, PartRow};

/// Asked once a case, each agent in parallel, gathered into one report within a minute. Advice for people.
#[derive(SimpleObject)]
pub struct Investigation {
    opened_at: DateTime<Utc>,
    /// What is there by then is delivered.
    due_at: DateTime<Utc>,
    #[graphql(complexity = "crate::query::times(8, child_complexity)")]
    parts: Vec<InvestigationPart>,
    report: Option<InvestigationReport>,
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum PartState {
    Awaited,
    Delivered,
    Missed,
}

#[derive(SimpleObject)]
pub struct InvestigationPart {
    agent: ID,
    state: PartState,
    text: Option<String>,
    /// Why there is no text.
    why: Option<String>,
    #[graphql(complexity = "crate::query::times(4, child_complexity)")]
    citations: Vec<Citation>,
    /// The model that wrote it; null: it came by rules.
    model: Option<String>,
    /// What the model named that the rules had not found: left out.
    dropped: u32,
    took_ms: Option<u64>,
    at: Option<DateTime<Utc>>,
}

/// Where something is written.
#[derive(SimpleObject)]
pub struct Citation {
    document: String,
    /// SHA-256 of the document's text as it was imported.
    revision: String,
    page: u32,
    quote: String,
}

#[derive(SimpleObject)]
pub struct InvestigationReport {
    by: ID,
    text: String,
    model: Option<String>,
    /// Asked, and not heard in time.
    missing: Vec<ID>,
    at: DateTime<Utc>,
}

impl From<InvestigationRow> for Investigation {
    fn from(row: InvestigationRow) -> Self {
        Self {
            opened_at: time(row.opened_at),
            due_at: time(row.due_at),
            parts: row.parts.into_iter().map(InvestigationPart::from).collect(),
            report: row.report.map(|(report, at)| InvestigationReport::of(report, at)),
        }
    }
}

impl From<PartRow> for InvestigationPart {
    fn from(row: PartRow) -> Self {
        let state = match (&row.said, &row.missed) {
            (Some(_), _) => PartState::Delivered,
            (None, Some(_)) => PartState::Missed,
            (None, None) => PartState::Awaited,
        };
        let (agent, at) = (ID(row.agent.to_string()), row.at.map(time));
        match row.said {
            None => Self { agent, state, text: None, why: row.missed, citations: vec![], model: None, dropped: 0, took_ms: None, at },
            Some(said) => Self {
                agent,
                state,
                text: Some(said.text),
                why: None,
                citations: said.citations.into_iter().map(Citation::from).collect(),
                model: said.model,
                dropped: said.dropped,
                took_ms: Some(said.took_ms),
                at,
            },
        }
    }
}

impl From<investigation::Citation> for Citation {
    fn from(cited: investigation::Citation) -> Self {
        Self { document: cited.document, revision: cited.revision, page: cited.page, quote: cited.quote }
    }
}

impl InvestigationReport {
    fn of(report: ReportDelivered, at: Timestamp) -> Self {
        let missing = report.missing.iter().map(|agent| ID(agent.to_string())).collect();
        Self { by: ID(report.by.to_string()), text: report.text, model: report.model, missing, at: time(at) }
    }
}
