//! What a stretch of time came to.

use crate::scalars::time;
use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{
    ids::SiteId,
    parts::{self, SummaryReported},
};

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "parts::SummaryKind")]
pub enum SummaryKind {
    Daily,
    Progress,
}

#[derive(SimpleObject)]
pub struct Summary {
    kind: SummaryKind,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// One line for people: "demo: all healthy, 47 alerts, 3 resolved by themselves, 1 open".
    line: String,
    /// The rest, a line each.
    details: Vec<String>,
    alerts: u32,
    resolved_by_themselves: u32,
    cases_open: u32,
}

impl Summary {
    pub fn of(site: &SiteId, summary: &SummaryReported) -> Self {
        Self {
            kind: summary.kind.into(),
            from: time(summary.from),
            to: time(summary.to),
            line: summary.line(site),
            details: summary.lines(),
            alerts: summary.figures.alerts,
            resolved_by_themselves: summary.figures.resolved_by_themselves,
            cases_open: summary.figures.cases_open,
        }
    }
}
