//! Whoever watches cases is told each change once, in the order of the ledger, and can go on behind any push.

use crate::{errors::storage, loaders::CHANGED_AT_ONCE, scalars::Position, state::AppState, types::case::Case};
use async_graphql::{Result, SimpleObject};
use millwright_domain::{
    ids::{CaseId, SiteId},
    position::{self, PartitionId},
};
use millwright_projections::{
    Change,
    open_cases::{self, CaseRow},
};
use std::collections::{BTreeSet, VecDeque};
use tokio::sync::broadcast;

#[derive(SimpleObject)]
pub struct CaseChange {
    position: Position,
    case: Case,
}

pub(crate) struct Wanted {
    pub site: Option<SiteId>,
    pub case: Option<CaseId>,
}

/// What changed is read from the tables behind what was told, not taken from the changes: a case that changed twice is told as it is, and
/// what is read is in the order of the ledger, so that the place of the case told last is the place that everything was told up to.
pub(crate) struct CaseWatch {
    state: AppState,
    wanted: Wanted,
    changes: broadcast::Receiver<Change>,
    /// Everything up to here was told.
    told: position::Position,
    /// Read and not told yet, each site's in the order of its ledger.
    waiting: VecDeque<CaseRow>,
    /// Where there may be something behind what was told and what waits.
    due: BTreeSet<SiteId>,
    /// It may be anywhere.
    due_everywhere: bool,
    /// What could not be read is tried again when something changes.
    failed: bool,
}

impl CaseWatch {
    pub fn new(state: AppState, wanted: Wanted, after: Option<position::Position>) -> Self {
        // Listening begins before the position is taken: what comes in between is heard of, and known to be told already.
        let changes = state.projections.subscribe();
        let due_everywhere = after.is_some();
        let told = after.unwrap_or_else(|| state.projections.position());
        Self { state, wanted, changes, told, waiting: VecDeque::new(), due: BTreeSet::new(), due_everywhere, failed: false }
    }

    pub async fn next(&mut self) -> Option<Result<CaseChange>> {
        loop {
            if let Some(row) = self.waiting.pop_front() {
                self.told.advance(&PartitionId::site(&row.site), row.changed_to);
                return Some(Ok(CaseChange { position: Position(self.told.clone()), case: Case(row) }));
            }
            let is_due = self.due_everywhere || !self.due.is_empty();
            if !is_due || std::mem::take(&mut self.failed) {
                self.hear().await?;
            } else if let Err(error) = self.look().await {
                self.failed = true;
                return Some(Err(error));
            }
        }
    }

    /// `None` when nothing will change any more.
    async fn hear(&mut self) -> Option<()> {
        match self.changes.recv().await {
            Ok(change) => self.due.extend(self.place_of(&change)),
            Err(broadcast::error::RecvError::Lagged(_)) => self.due_everywhere = true,
            Err(broadcast::error::RecvError::Closed) => return None,
        }
        Some(())
    }

    /// The site to look at for it.
    fn place_of(&self, change: &Change) -> Option<SiteId> {
        let is_of_it = self.wanted.case.map_or(!change.cases.is_empty(), |wanted| change.cases.contains(&wanted));
        let site = change.position.partitions().find_map(|(partition, _)| partition.as_site());
        site.filter(|site| is_of_it && self.wanted.site.as_ref().is_none_or(|wanted| wanted == site))
    }

    async fn look(&mut self) -> Result<()> {
        if self.due_everywhere {
            match &self.wanted.site {
                Some(site) => self.due.extend([site.clone()]),
                // Also the sites that came after the position was taken.
                None => self.due.extend(open_cases::sites(&self.state.projections.ledger()).await.map_err(storage)?),
            }
            self.due_everywhere = false;
        }
        let Some(site) = self.due.first().cloned() else { return Ok(()) };
        let next = self.told.next(&PartitionId::site(&site));
        let rows = self.state.loaders.changed_behind(&site, next, self.wanted.case).await?;
        if rows.len() < CHANGED_AT_ONCE {
            self.due.remove(&site);
        }
        self.waiting.extend(rows.iter().cloned());
        Ok(())
    }
}
