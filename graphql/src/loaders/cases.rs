//! What belongs to cases: their actions, tickets, timelines, what the crew found out, and the open ones of assets.

use super::{Loaders, Tables};
use crate::errors::storage;
use async_graphql::{Result, dataloader::Loader};
use millwright_domain::ids::{AssetId, CaseId, SiteId};
use millwright_projections::{
    NotRead, Window,
    actions::{self, ActionRow},
    case_timeline::{self, TimelineRow},
    investigations::{self, InvestigationRow},
    open_cases::{self, CaseRow},
    tickets::{self, TicketRow},
};
use std::{collections::HashMap, hash::Hash, sync::Arc};

impl Loaders {
    pub(crate) async fn actions_of(&self, case: CaseId) -> Result<Vec<ActionRow>> {
        Ok(self.0.load_one(ActionsOf(case)).await.map_err(storage)?.unwrap_or_default())
    }
    pub(crate) async fn tickets_of(&self, case: CaseId) -> Result<Vec<TicketRow>> {
        Ok(self.0.load_one(TicketsOf(case)).await.map_err(storage)?.unwrap_or_default())
    }
    pub(crate) async fn timeline_of(&self, case: CaseId) -> Result<Vec<TimelineRow>> {
        Ok(self.0.load_one(TimelineOf(case)).await.map_err(storage)?.unwrap_or_default())
    }
    pub(crate) async fn investigation_of(&self, case: CaseId) -> Result<Option<InvestigationRow>> {
        self.0.load_one(InvestigationOf(case)).await.map_err(storage)
    }
    /// Last opened first, 200 at most.
    pub(crate) async fn open_at(&self, site: &SiteId, asset: &AssetId) -> Result<Vec<CaseRow>> {
        Ok(self.0.load_one(OpenAt(site.clone(), asset.clone())).await.map_err(storage)?.unwrap_or_default())
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct ActionsOf(CaseId);
#[derive(Clone, PartialEq, Eq, Hash)]
struct TicketsOf(CaseId);
#[derive(Clone, PartialEq, Eq, Hash)]
struct TimelineOf(CaseId);
#[derive(Clone, PartialEq, Eq, Hash)]
struct InvestigationOf(CaseId);
#[derive(Clone, PartialEq, Eq, Hash)]
struct OpenAt(SiteId, AssetId);

/// Rows by what they belong to, in the order in which they came.
pub(super) fn gathered<K: Hash + Eq, R>(rows: Vec<R>, of: impl Fn(&R) -> K) -> HashMap<K, Vec<R>> {
    let mut by_owner: HashMap<K, Vec<R>> = HashMap::new();
    rows.into_iter().for_each(|row| by_owner.entry(of(&row)).or_default().push(row));
    by_owner
}

impl Loader<ActionsOf> for Tables {
    type Value = Vec<ActionRow>;
    type Error = Arc<NotRead>;
    async fn load(&self, asked: &[ActionsOf]) -> Result<HashMap<ActionsOf, Self::Value>, Self::Error> {
        let cases: Vec<CaseId> = asked.iter().map(|of| of.0).collect();
        Ok(gathered(actions::of_cases(&self.0.ledger(), &cases).await?, |row| ActionsOf(row.case)))
    }
}

impl Loader<TicketsOf> for Tables {
    type Value = Vec<TicketRow>;
    type Error = Arc<NotRead>;
    async fn load(&self, asked: &[TicketsOf]) -> Result<HashMap<TicketsOf, Self::Value>, Self::Error> {
        let cases: Vec<CaseId> = asked.iter().map(|of| of.0).collect();
        Ok(gathered(tickets::of_cases(&self.0.ledger(), &cases).await?, |row| TicketsOf(row.case)))
    }
}

impl Loader<TimelineOf> for Tables {
    type Value = Vec<TimelineRow>;
    type Error = Arc<NotRead>;
    async fn load(&self, asked: &[TimelineOf]) -> Result<HashMap<TimelineOf, Self::Value>, Self::Error> {
        let cases: Vec<CaseId> = asked.iter().map(|of| of.0).collect();
        Ok(gathered(case_timeline::of_cases(&self.0.ledger(), &cases).await?, |row| TimelineOf(row.case)))
    }
}

impl Loader<InvestigationOf> for Tables {
    type Value = InvestigationRow;
    type Error = Arc<NotRead>;
    async fn load(&self, asked: &[InvestigationOf]) -> Result<HashMap<InvestigationOf, Self::Value>, Self::Error> {
        let cases: Vec<CaseId> = asked.iter().map(|of| of.0).collect();
        let rows = investigations::of_cases(&self.0.ledger(), &cases).await?;
        Ok(rows.into_iter().map(|row| (InvestigationOf(row.case), row)).collect())
    }
}

impl Loader<OpenAt> for Tables {
    type Value = Vec<CaseRow>;
    type Error = Arc<NotRead>;
    async fn load(&self, asked: &[OpenAt]) -> Result<HashMap<OpenAt, Self::Value>, Self::Error> {
        let assets: Vec<(SiteId, AssetId)> = asked.iter().map(|OpenAt(site, asset)| (site.clone(), asset.clone())).collect();
        let rows = open_cases::open_at(&self.0.ledger(), &assets, Window::MOST).await?;
        Ok(gathered(rows, |row| OpenAt(row.site.clone(), row.asset.clone())))
    }
}
