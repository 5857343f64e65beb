//! Every fact, as an auditor sees it.

use crate::{
    errors::storage,
    scalars::{id, time},
    state::AppState,
};
use async_graphql::{Context, ID, InputObject, Object, Result};
use chrono::{DateTime, Utc};
use millwright_domain::Timestamp;
use millwright_projections::audit::{self, AuditRow};

/// All given have to hold.
#[derive(InputObject, Default)]
pub struct AuditFilter {
    /// `ledger/demo`, `ledger/_platform`
    partition: Option<String>,
    /// `case/<id>`, `site`, …
    stream: Option<String>,
    kind: Option<String>,
    actor: Option<ID>,
    /// Recorded at this or later.
    from: Option<DateTime<Utc>>,
    /// Recorded before this.
    to: Option<DateTime<Utc>>,
}

impl From<AuditFilter> for audit::AuditFilter {
    fn from(filter: AuditFilter) -> Self {
        let AuditFilter { partition, stream, kind, actor, from, to } = filter;
        let (from, to) = (from.map(Timestamp::from), to.map(Timestamp::from));
        Self { partition, stream, kind, actor: actor.map(String::from), from, to, until: None }
    }
}

pub struct AuditEntry(pub(crate) AuditRow);

/// One fact on the ledger: who, what, when, why.
#[Object]
impl AuditEntry {
    async fn partition(&self) -> String {
        self.0.partition.to_string()
    }
    async fn seq(&self) -> u64 {
        self.0.seq
    }
    async fn id(&self) -> ID {
        id(&self.0.id)
    }
    async fn stream(&self) -> &str {
        &self.0.stream
    }
    async fn version(&self) -> u64 {
        self.0.version
    }
    async fn kind(&self) -> &str {
        &self.0.kind
    }
    async fn schema(&self) -> u16 {
        self.0.schema
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
    async fn command(&self) -> Option<ID> {
        self.0.command.as_ref().map(id)
    }
    /// The fact that led to this one.
    async fn causation(&self) -> Option<ID> {
        self.0.causation.as_ref().map(id)
    }
    /// The same for all that one first cause led to.
    async fn correlation(&self) -> ID {
        id(&self.0.correlation)
    }
    /// Chains it to all facts before it.
    async fn hash(&self) -> &str {
        &self.0.hash
    }
    async fn summary(&self) -> &str {
        &self.0.summary
    }
    /// The fact as it is stored, read from the log itself.
    #[graphql(complexity = 10)]
    async fn json(&self, ctx: &Context<'_>) -> Result<String> {
        let state = ctx.data::<AppState>()?;
        let record = state.log.read_ledger(&self.0.partition, self.0.seq, 1).await.map_err(storage)?;
        let bytes = record.into_items().next().map(|(_, record)| record.bytes).unwrap_or_default();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}
