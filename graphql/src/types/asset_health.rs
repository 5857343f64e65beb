//! How a machine is.

use crate::{
    notes,
    scalars::{id, time},
    state::AppState,
    types::case::{Outcome, Severity},
};
use async_graphql::{ComplexObject, Context, Enum, ID, Result, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::{Timestamp, sealed::Sealed, site::AssetLockedOut};
use millwright_projections::asset_health;

#[derive(SimpleObject)]
pub struct AssetHealth {
    site: ID,
    asset: ID,
    state: HealthState,
    open_cases: usize,
    worst_severity: Option<Severity>,
    last_alert_at: Option<DateTime<Utc>>,
    locked_out: Option<LockOut>,
    closed_cases: u64,
    repaired: u64,
    false_alarms: u64,
    self_recovered: u64,
    last_outcome: Option<Outcome>,
    last_outcome_at: Option<DateTime<Utc>>,
}

/// FAULT: an open case. MITIGATED: open cases, all quiet for now. LOCKED_OUT: somebody works on it.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "asset_health::HealthState")]
pub enum HealthState {
    Ok,
    Mitigated,
    Fault,
    LockedOut,
}

#[derive(SimpleObject)]
#[graphql(complex)]
pub struct LockOut {
    by: ID,
    at: DateTime<Utc>,
    #[graphql(skip)]
    sealed: Sealed,
}

#[ComplexObject]
impl LockOut {
    /// What stands on the tag; `(forgotten)` once the person who wrote it was forgotten.
    async fn tag(&self, ctx: &Context<'_>) -> Result<String> {
        notes::words(ctx.data::<AppState>()?, &self.sealed)
    }
}

fn lock_out((locked, at): &(AssetLockedOut, Timestamp)) -> LockOut {
    LockOut { by: id(&locked.by), at: time(*at), sealed: locked.tag.clone() }
}

impl From<asset_health::HealthRow> for AssetHealth {
    fn from(row: asset_health::HealthRow) -> Self {
        Self {
            site: id(&row.site),
            asset: id(&row.asset),
            state: row.state().into(),
            open_cases: row.open.len(),
            worst_severity: row.worst().map(Severity::from),
            last_alert_at: row.last_alert_at.map(time),
            locked_out: row.locked_out.as_ref().map(lock_out),
            closed_cases: row.closed,
            repaired: row.repaired,
            false_alarms: row.false_alarms,
            self_recovered: row.self_recovered,
            last_outcome: row.last_outcome.map(|(outcome, _)| outcome.into()),
            last_outcome_at: row.last_outcome.map(|(_, at)| time(at)),
        }
    }
}
