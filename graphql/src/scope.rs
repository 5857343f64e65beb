//! Which sites an answer may speak of: those that whoever asks may look at.

use crate::{
    errors::bad_input,
    scalars::{maybe, parse},
    state::AppState,
};
use async_graphql::{ID, Result};
use millwright_domain::{
    access::{Deed, Place},
    ids::SiteId,
    position::PartitionId,
};

impl AppState {
    /// The site that is asked about.
    pub(crate) async fn sited(&self, site: &ID, asked: &str) -> Result<SiteId> {
        let site: SiteId = parse(site, "site")?;
        self.allow(Deed::Look, Place { site: Some(&site), area: None }, asked).await?;
        Ok(site)
    }

    /// The site that is asked about, or all of them; for those who may look at one alone, that one.
    pub(crate) async fn scope(&self, site: Option<&ID>, asked: &str) -> Result<Option<SiteId>> {
        if let Some(site) = site {
            return self.sited(site, asked).await.map(Some);
        }
        if self.caller.sees_all() {
            return Ok(None);
        }
        let plants = self.projections.plants();
        let seen: Vec<SiteId> =
            plants.iter().filter_map(|row| row.plant.as_ref()).map(|plant| plant.site.clone()).filter(|site| self.caller.sees(site)).collect();
        match seen.as_slice() {
            [] => self.allow(Deed::Look, Place::default(), asked).await.map(|()| None),
            [only] => Ok(Some(only.clone())),
            several => {
                let named = several.iter().map(SiteId::as_str).collect::<Vec<_>>().join(", ");
                Err(bad_input(format!("give `site`; you may look at {named}")))
            }
        }
    }

    /// Partitions whose facts may be shown; `None`: every one.
    pub(crate) async fn partition_scope(&self, partition: Option<&str>, asked: &str) -> Result<Option<String>> {
        let Some(named) = partition else {
            return Ok(self.scope(None, asked).await?.map(|site| PartitionId::site(&site).to_string()));
        };
        let known: Option<PartitionId> = maybe(Some(&ID::from(named)), "partition")?;
        let site = known.and_then(|partition| partition.as_site());
        self.allow(Deed::Look, Place { site: site.as_ref(), area: None }, asked).await?;
        Ok(Some(named.to_string()))
    }
}
