//! What inspections found, and the figures that they look at.

use crate::scalars::{Position, time};
use async_graphql::{Enum, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{
    ids::SiteId,
    inspection::{self, InspectionMade, InspectionsReported, PageLook},
    position::{self, PartitionId},
};
use millwright_projections::standing::Standing;

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "inspection::FindingKind")]
pub enum FindingKind {
    /// The tables say something else than the ledger.
    WrongFigure,
    /// The newest value of a signal is not the one that was read last.
    StaleValue,
    /// What is shown does not move on while the log does.
    Stalled,
    /// The page shows something else than the ledger.
    WrongOnPage,
    /// A stream is followed no further.
    Parked,
    /// Nothing was heard of an agent that should be up.
    SilentAgent,
}

#[derive(SimpleObject)]
pub struct Finding {
    kind: FindingKind,
    /// A person is told of it at once.
    urgent: bool,
    /// Which figure, signal, stream or agent.
    what: String,
    /// What follows from the ledger.
    expected: String,
    shown: String,
}

/// What people are shown was held against the ledger.
#[derive(SimpleObject)]
pub struct Inspection {
    slot: DateTime<Utc>,
    /// The seq behind the last fact that both sides knew.
    position: u64,
    /// Figures that were compared; 0 where none could be.
    compared: u32,
    findings: Vec<Finding>,
    /// So many more are not listed.
    more: u32,
    /// What was urgent and is right again.
    cleared: Vec<String>,
    /// Where the picture of the page is, if a browser looked: `/inspections/<SHA-256>.png`. It is kept for a while only.
    picture: Option<String>,
    /// Why no browser looked, if none did.
    not_seen: Option<String>,
}

/// What the inspections of a day came to.
#[derive(SimpleObject)]
pub struct InspectionDay {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    made: u32,
    with_findings: u32,
    pages: u32,
    /// One line for people.
    line: String,
    details: Vec<String>,
}

/// How many there are of what a person looks for first, all at one place of the ledger.
#[derive(SimpleObject)]
pub struct Figures {
    site: async_graphql::ID,
    position: Position,
    open_cases: u64,
    waiting_approvals: u64,
    /// Not over yet.
    open_tasks: u64,
    tasks_in_review: u64,
}

impl From<InspectionMade> for Inspection {
    fn from(made: InspectionMade) -> Self {
        let (picture, not_seen) = match made.page {
            PageLook::Seen { picture, .. } => (Some(format!("/inspections/{picture}.png")), None),
            PageLook::NotSeen { why } => (None, Some(why)),
        };
        let finding = |one: inspection::Finding| Finding {
            urgent: one.kind.is_urgent(),
            kind: one.kind.into(),
            what: one.what,
            expected: one.expected,
            shown: one.shown,
        };
        let findings = made.findings.into_iter().map(finding).collect();
        let InspectionMade { position, compared, more, cleared, .. } = made;
        Self { slot: time(made.slot), position, compared, findings, more, cleared, picture, not_seen }
    }
}

impl InspectionDay {
    pub fn of(site: &SiteId, day: &InspectionsReported) -> Self {
        Self {
            from: time(day.from),
            to: time(day.to),
            made: day.tally.made,
            with_findings: day.tally.with_findings,
            pages: day.tally.pages,
            line: day.line(site),
            details: day.lines(),
        }
    }
}

impl Figures {
    pub fn of(site: &SiteId, standing: &Standing) -> Self {
        Self {
            site: site.as_str().into(),
            position: Position(position::Position::at(PartitionId::site(site), standing.next)),
            open_cases: standing.counts.open_cases,
            waiting_approvals: standing.counts.waiting_approvals,
            open_tasks: standing.counts.open_tasks,
            tasks_in_review: standing.counts.tasks_in_review,
        }
    }
}
