//! What belongs to agents of the crew: what they hold, and what they reported hour by hour.

use super::{Loaders, Tables, cases::gathered};
use crate::errors::storage;
use async_graphql::{Result, dataloader::Loader};
use millwright_domain::{
    Timestamp,
    ids::{ActorId, SiteId},
};
use millwright_projections::{
    NotRead,
    agents::{self, AgentHourRow},
    tasks::{self, TaskRow},
};
use std::{collections::HashMap, sync::Arc};

impl Loaders {
    pub(crate) async fn held_by(&self, site: &SiteId, agent: &ActorId) -> Result<Vec<TaskRow>> {
        Ok(self.0.load_one(HeldBy(site.clone(), agent.clone())).await.map_err(storage)?.unwrap_or_default())
    }
    /// The latest first.
    pub(crate) async fn hours_of(&self, site: &SiteId, agent: &ActorId, since: Timestamp, most: usize) -> Result<Vec<AgentHourRow>> {
        let hours = HoursOf { site: site.clone(), agent: agent.clone(), stretch: (since, most) };
        Ok(self.0.load_one(hours).await.map_err(storage)?.unwrap_or_default())
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct HeldBy(SiteId, ActorId);

#[derive(Clone, PartialEq, Eq, Hash)]
struct HoursOf {
    site: SiteId,
    agent: ActorId,
    /// Since when, and how many.
    stretch: (Timestamp, usize),
}

impl Loader<HeldBy> for Tables {
    type Value = Vec<TaskRow>;
    type Error = Arc<NotRead>;
    async fn load(&self, asked: &[HeldBy]) -> Result<HashMap<HeldBy, Self::Value>, Self::Error> {
        let agents: Vec<(SiteId, ActorId)> = asked.iter().map(|HeldBy(site, agent)| (site.clone(), agent.clone())).collect();
        let mut held: HashMap<HeldBy, Vec<TaskRow>> = HashMap::new();
        for row in tasks::held_by(&self.0.ledger(), &agents).await? {
            let Some(agent) = row.agent().cloned() else { continue };
            held.entry(HeldBy(row.site.clone(), agent)).or_default().push(row);
        }
        Ok(held)
    }
}

impl Loader<HoursOf> for Tables {
    type Value = Vec<AgentHourRow>;
    type Error = Arc<NotRead>;
    async fn load(&self, asked: &[HoursOf]) -> Result<HashMap<HoursOf, Self::Value>, Self::Error> {
        let mut found = HashMap::new();
        // A question asks all agents of a list for the same stretch, so that there is one read for each that it names.
        for (stretch, asked) in gathered(asked.to_vec(), |of| of.stretch) {
            let agents: Vec<(SiteId, ActorId)> = asked.into_iter().map(|of| (of.site, of.agent)).collect();
            let (since, most) = stretch;
            let rows = agents::hours(&self.0.ledger(), &agents, since, most).await?;
            found.extend(gathered(rows, |row| HoursOf { site: row.site.clone(), agent: row.name.clone(), stretch }));
        }
        Ok(found)
    }
}
