//! What many fields of an answer, or many listeners at once, want by key: gathered for a moment and read in one question.
//! Nothing is kept: whoever wants it later gets it as it is later.

mod agents;
mod cases;
mod experience;

use crate::errors::storage;
use async_graphql::{
    Result,
    dataloader::{DataLoader, Loader},
};
use millwright_domain::ids::{AssetId, CaseId, SiteId};
use millwright_projections::{
    NotRead, Projections,
    actions::ActionRow,
    asset_health::{self, HealthRow},
    open_cases::{self, CaseRow},
    pending_approvals,
};
use std::{collections::HashMap, sync::Arc};

/// Of the tables of one state. Cheap to clone.
#[derive(Clone)]
pub struct Loaders(Arc<DataLoader<Tables>>);

impl Loaders {
    pub fn of(projections: &Projections) -> Self {
        Self(Arc::new(DataLoader::new(Tables(projections.clone()), tokio::spawn)))
    }
    pub(crate) async fn case(&self, case: CaseId) -> Result<Option<CaseRow>> {
        self.0.load_one(case).await.map_err(storage)
    }
    /// The next of a site's cases that changed behind a place of its ledger. Listeners that have heard equally much ask the same.
    pub(crate) async fn changed_behind(&self, site: &SiteId, next: u64, case: Option<CaseId>) -> Result<Arc<Vec<CaseRow>>> {
        let behind = ChangedBehind { site: site.clone(), next, case };
        Ok(self.0.load_one(behind).await.map_err(storage)?.unwrap_or_default())
    }
    pub(crate) async fn health(&self, site: &SiteId, asset: &AssetId) -> Result<Option<HealthRow>> {
        self.0.load_one(HealthOf(site.clone(), asset.clone())).await.map_err(storage)
    }
    pub(crate) async fn pending(&self, site: Option<&SiteId>) -> Result<Arc<Vec<ActionRow>>> {
        Ok(self.0.load_one(PendingAt(site.cloned())).await.map_err(storage)?.unwrap_or_default())
    }
}

struct Tables(Projections);

/// Cases that a listener is told of before it is looked for more.
pub(crate) const CHANGED_AT_ONCE: usize = 100;

#[derive(Clone, PartialEq, Eq, Hash)]
struct ChangedBehind {
    site: SiteId,
    next: u64,
    case: Option<CaseId>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct HealthOf(SiteId, AssetId);
/// Of one site or of all.
#[derive(Clone, PartialEq, Eq, Hash)]
struct PendingAt(Option<SiteId>);

impl Loader<CaseId> for Tables {
    type Value = CaseRow;
    type Error = Arc<NotRead>;
    async fn load(&self, cases: &[CaseId]) -> Result<HashMap<CaseId, CaseRow>, Self::Error> {
        let rows = open_cases::find_all(&self.0.ledger(), cases).await?;
        Ok(rows.into_iter().map(|row| (row.id, row)).collect())
    }
}

impl Loader<ChangedBehind> for Tables {
    type Value = Arc<Vec<CaseRow>>;
    type Error = Arc<NotRead>;
    async fn load(&self, asked: &[ChangedBehind]) -> Result<HashMap<ChangedBehind, Self::Value>, Self::Error> {
        let mut changed = HashMap::new();
        for behind in asked {
            let ChangedBehind { site, next, case } = behind;
            let rows = open_cases::changed_behind(&self.0.ledger(), site, *next, *case, CHANGED_AT_ONCE).await?;
            changed.insert(behind.clone(), Arc::new(rows));
        }
        Ok(changed)
    }
}

impl Loader<HealthOf> for Tables {
    type Value = HealthRow;
    type Error = Arc<NotRead>;
    async fn load(&self, assets: &[HealthOf]) -> Result<HashMap<HealthOf, HealthRow>, Self::Error> {
        let assets: Vec<(SiteId, AssetId)> = assets.iter().map(|HealthOf(site, asset)| (site.clone(), asset.clone())).collect();
        let rows = asset_health::find_all(&self.0.ledger(), &assets).await?;
        Ok(rows.into_iter().map(|row| (HealthOf(row.site.clone(), row.asset.clone()), row)).collect())
    }
}

impl Loader<PendingAt> for Tables {
    type Value = Arc<Vec<ActionRow>>;
    type Error = Arc<NotRead>;
    async fn load(&self, sites: &[PendingAt]) -> Result<HashMap<PendingAt, Self::Value>, Self::Error> {
        let mut pending = HashMap::new();
        for site in sites {
            let rows = pending_approvals::all(&self.0.ledger(), site.0.as_ref()).await?;
            pending.insert(site.clone(), Arc::new(rows));
        }
        Ok(pending)
    }
}
