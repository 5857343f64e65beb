//! What an auditor asks: the facts themselves, what was signed of them, and how the program's own look through them went.

use crate::{
    errors::{not_found, not_reached, storage},
    query::{nodes, present, ready},
    scalars::Position,
    state::{AppState, WAIT_FOR_POSITION},
    types::{
        audit::{AuditEntry, AuditFilter},
        connection::{Asked, connection},
        proof::{self, AuditLook, AuditVerification, Checkpoint, Proof},
    },
};
use async_graphql::{Context, ID, Object, Result, connection::Connection};
use chrono::{DateTime, Utc};
use millwright_domain::{
    Event,
    access::{Deed, Place},
};
use millwright_projections::audit;

#[derive(Default)]
pub struct Auditing;

#[Object]
impl Auditing {
    /// Every fact on the ledger: who, what, when, why; last recorded first.
    #[allow(clippy::too_many_arguments, reason = "they are the question's arguments, each named by whoever asks")]
    #[graphql(complexity = "crate::query::times(nodes(first, last), child_complexity)")]
    async fn audit(
        &self,
        ctx: &Context<'_>,
        filter: Option<AuditFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        at_least: Option<Position>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Connection<String, AuditEntry>> {
        let state = ready(ctx, at_least, as_of).await?;
        let window = Asked { first, after, last, before }.window()?;
        let (facts, until) = state.projections.facts(WAIT_FOR_POSITION).await.map_err(not_reached)?;
        let filter: audit::AuditFilter = filter.unwrap_or_default().into();
        let partition = state.partition_scope(filter.partition.as_deref(), "audit").await?;
        let filter = audit::AuditFilter { until, partition, ..filter };
        let page = audit::page(&facts, &filter, &window).await.map_err(storage)?;
        Ok(connection(page, AuditEntry))
    }

    /// The kinds of facts that this program writes, by name.
    async fn audit_kinds(&self) -> Vec<&'static str> {
        let mut kinds: Vec<&str> = Event::TYPES.iter().map(|(kind, _)| *kind).collect();
        kinds.sort_unstable();
        kinds
    }

    /// From a fact to the latest signed checkpoint over it; null while there is none. `json` is a file that can be checked anywhere.
    #[graphql(complexity = "20 + child_complexity")]
    async fn proof(&self, ctx: &Context<'_>, event_id: ID, at_least: Option<Position>) -> Result<Option<Proof>> {
        let state = present(ctx, at_least, "what was signed").await?;
        let proof = proof::of_fact(state, &event_id).await?;
        if let Some(proof) = &proof
            && state.partition_scope(Some(&proof.partition), "proof").await.is_err()
        {
            return Err(not_found("there is no such fact, as far as can be seen here"));
        }
        Ok(proof)
    }

    /// What was signed of a partition, last first.
    #[graphql(complexity = "crate::query::times(first, child_complexity)")]
    async fn checkpoints(
        &self,
        ctx: &Context<'_>,
        partition: String,
        #[graphql(default = 10)] first: usize,
        at_least: Option<Position>,
    ) -> Result<Vec<Checkpoint>> {
        let state = present(ctx, at_least, "what was signed").await?;
        state.partition_scope(Some(&partition), "checkpoints").await?;
        proof::checkpoints(state, partition, first).await
    }

    /// How the program's own last look through the ledger went; null until the first one has ended.
    async fn audit_verification(&self, ctx: &Context<'_>) -> Result<Option<AuditVerification>> {
        let state = present(ctx, None, "the last look through the ledger").await?;
        Ok(state.auditor.verification().map(AuditVerification::from))
    }

    /// How far the program's own look through the ledger is; null while none is under way.
    async fn audit_look(&self, ctx: &Context<'_>) -> Result<Option<AuditLook>> {
        let state = present(ctx, None, "a look that is under way").await?;
        Ok(state.auditor.looking().map(|looking| AuditLook::told(looking, false)))
    }
}

#[derive(Default)]
pub struct Verifying;

#[Object]
impl Verifying {
    /// Has the program look through its whole ledger now, for those who may look at every site; `auditVerification` says what it found.
    /// One at a time: while one is under way the answer is how far that is.
    async fn verify_audit(&self, ctx: &Context<'_>) -> Result<AuditLook> {
        let state = ctx.data::<AppState>()?;
        state.allow(Deed::Look, Place::default(), "verifyAudit").await?;
        let (looking, begun) = state.auditor.look().await.map_err(storage)?;
        if begun {
            tracing::info!(who = %state.caller.who, records = looking.of, "a look through the ledger was asked for");
        }
        Ok(AuditLook::told(looking, begun))
    }
}
