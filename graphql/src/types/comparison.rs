//! Two times held against each other, and what times there are.

use super::{action::ActionStage, alarm::AlarmState, case::Severity};
use crate::{
    as_of::past,
    errors::storage,
    scalars::{id, time},
    state::AppState,
};
use async_graphql::{ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{Timestamp, case::CaseFile, ids::SiteId};
use millwright_projections::{
    actions::ActionRow,
    alarms::AlarmRow,
    open_cases::CaseRow,
    past::{self as compared, Difference},
};

/// By times of recording; empty while nothing is on the log.
#[derive(SimpleObject)]
pub struct LogExtent {
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
    facts: u64,
}

impl From<compared::Extent> for LogExtent {
    fn from(extent: compared::Extent) -> Self {
        Self { first: extent.first.map(time), last: extent.last.map(time), facts: extent.facts }
    }
}

/// Only what differs. `before` or `after` is null where it was not there at that time.
#[derive(SimpleObject)]
pub struct Comparison {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// By their stage.
    cases: Vec<CaseDifference>,
    /// What waited for a person at only one of the two times.
    approvals: Vec<ActionDifference>,
    actions: Vec<ActionDifference>,
    alarms: Vec<AlarmDifference>,
    /// More cases changed than one answer tells of; take a shorter span.
    truncated: bool,
}

#[derive(SimpleObject)]
pub struct CaseDifference {
    case: ID,
    site: ID,
    asset: ID,
    before: Option<String>,
    after: Option<String>,
    cause_before: Option<ID>,
    cause_after: Option<ID>,
}

#[derive(SimpleObject)]
pub struct ActionDifference {
    action: ID,
    case: ID,
    site: ID,
    name: String,
    before: Option<ActionStage>,
    after: Option<ActionStage>,
    decided_by: Option<ID>,
}

#[derive(SimpleObject)]
pub struct AlarmDifference {
    site: ID,
    asset: ID,
    detector: String,
    severity: Option<Severity>,
    before: Option<AlarmState>,
    after: Option<AlarmState>,
    raised_before: u64,
    raised_after: u64,
}

impl Comparison {
    pub(crate) async fn of(present: &AppState, site: Option<SiteId>, [from, to]: [Timestamp; 2]) -> Result<Self> {
        let (before, after) = (past(present, from).await?, past(present, to).await?);
        let found = compared::Comparison::of(&before.projections, &after.projections, site.as_ref()).await.map_err(storage)?;
        Ok(Self {
            from: time(from),
            to: time(to),
            cases: found.cases.iter().filter_map(CaseDifference::of).collect(),
            approvals: found.approvals.iter().filter_map(ActionDifference::of).collect(),
            actions: found.actions.iter().filter_map(ActionDifference::of).collect(),
            alarms: found.alarms.iter().filter_map(|alarm| AlarmDifference::of(alarm, [from, to])).collect(),
            truncated: found.truncated,
        })
    }
}

impl CaseDifference {
    fn of(found: &Difference<CaseRow>) -> Option<Self> {
        let row = found.after.as_ref().or(found.before.as_ref())?;
        let cause = |row: &Option<CaseRow>| row.as_ref().and_then(|row| row.case.file().and_then(CaseFile::cause).map(id));
        let stage = |row: &Option<CaseRow>| row.as_ref().map(|row| row.stage().to_string());
        Some(Self {
            case: id(row.id),
            site: id(&row.site),
            asset: id(&row.asset),
            before: stage(&found.before),
            after: stage(&found.after),
            cause_before: cause(&found.before),
            cause_after: cause(&found.after),
        })
    }
}

impl ActionDifference {
    fn of(found: &Difference<ActionRow>) -> Option<Self> {
        let row = found.after.as_ref().or(found.before.as_ref())?;
        let stage = |row: &Option<ActionRow>| row.as_ref().map(|row| row.stage.into());
        Some(Self {
            action: id(row.proposal.action),
            case: id(row.case),
            site: id(&row.site),
            name: row.proposal.name.to_string(),
            before: stage(&found.before),
            after: stage(&found.after),
            decided_by: row.decided_by.as_ref().map(id),
        })
    }
}

impl AlarmDifference {
    fn of(found: &Difference<AlarmRow>, [from, to]: [Timestamp; 2]) -> Option<Self> {
        let row = found.after.as_ref().or(found.before.as_ref())?;
        let state = |row: &Option<AlarmRow>, at| row.as_ref().map(|row| row.alarm.state(at, false).into());
        let raised = |row: &Option<AlarmRow>| row.as_ref().map_or(0, |row| row.raised);
        Some(Self {
            site: id(&row.site),
            asset: id(&row.asset),
            detector: row.detector.clone(),
            severity: row.alarm.severity.map(Severity::from),
            before: state(&found.before, from),
            after: state(&found.after, to),
            raised_before: raised(&found.before),
            raised_after: raised(&found.after),
        })
    }
}
