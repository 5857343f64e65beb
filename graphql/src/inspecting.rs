//! What inspections found, what their days came to, and the figures of a site at one place of the ledger.

use crate::{
    errors::storage,
    query::ready,
    scalars::Position,
    types::inspection::{Figures, Inspection, InspectionDay},
};
use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};
use millwright_projections::{inspections, standing};

const MOST: usize = 500;

#[derive(Default)]
pub struct Inspecting;

#[Object]
impl Inspecting {
    /// The latest first.
    #[graphql(complexity = "crate::query::times(first, child_complexity)")]
    async fn inspections(
        &self,
        ctx: &Context<'_>,
        site: ID,
        #[graphql(default = 20)] first: usize,
        at_least: Option<Position>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Vec<Inspection>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.sited(&site, "inspections").await?;
        let made = inspections::latest(&state.projections.ledger(), &site, first.min(MOST)).await.map_err(storage)?;
        Ok(made.into_iter().map(Inspection::from).collect())
    }

    /// What the inspections of each day came to, the latest first.
    #[graphql(complexity = "crate::query::times(first, child_complexity)")]
    async fn inspection_days(
        &self,
        ctx: &Context<'_>,
        site: ID,
        #[graphql(default = 7)] first: usize,
        at_least: Option<Position>,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Vec<InspectionDay>> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.sited(&site, "inspectionDays").await?;
        let days = inspections::days(&state.projections.ledger(), &site, first.min(MOST)).await.map_err(storage)?;
        Ok(days.iter().map(|day| InspectionDay::of(&site, day)).collect())
    }

    /// What a person looks for first, counted, all of it at the place of the ledger that it names.
    async fn figures(&self, ctx: &Context<'_>, site: ID, at_least: Option<Position>, as_of: Option<DateTime<Utc>>) -> Result<Figures> {
        let state = ready(ctx, at_least, as_of).await?;
        let site = state.sited(&site, "figures").await?;
        let standing = standing::of_tables(&state.projections.ledger(), &site, state.clock.now().wall).await.map_err(storage)?;
        Ok(Figures::of(&site, &standing))
    }
}
