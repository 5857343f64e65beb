//! Destroys the keys to what was said to models once it is older than it is kept. What remains on the ledger is a hash and what nobody can read.

use crate::insist::{insist, reaction_id, service};
use chrono::TimeDelta;
use millwright_commands::{Ask, Commands, ShredCallWords};
use millwright_domain::{
    ids::SiteId,
    kept_call::Shredding,
    ports::{
        clock::Clock,
        vault::{Vault, VaultError},
    },
    position::PartitionId,
};
use millwright_projections::{NotRead, Projections, kept_calls};
use std::sync::Arc;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

/// Keys are by day, so more often is no use.
const EVERY: TimeDelta = TimeDelta::hours(1);
const AT_ONCE: usize = 200;

#[derive(Debug, Error)]
pub enum ShredError {
    #[error("could not look for words that are old enough to be destroyed")]
    NotRead(#[from] NotRead),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

pub struct Shredder {
    pub commands: Commands,
    pub vault: Arc<dyn Vault>,
    pub projections: Projections,
    pub clock: Arc<dyn Clock>,
    pub site: SiteId,
    /// `None`: they are kept until a person has them destroyed.
    pub keep: Option<TimeDelta>,
}

impl Shredder {
    pub async fn run(self, stop: CancellationToken) -> Result<(), ShredError> {
        let Some(keep) = self.keep else {
            stop.cancelled().await;
            return Ok(());
        };
        while !stop.is_cancelled() {
            while self.shred(keep, &stop).await? == AT_ONCE {}
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.wall_reaches(self.clock.now().wall + EVERY) => {}
            }
        }
        Ok(())
    }

    /// How many keys were destroyed. The key first: a fact that says so must be true.
    async fn shred(&self, keep: TimeDelta, stop: &CancellationToken) -> Result<usize, ShredError> {
        let before = self.clock.now().wall - keep;
        let old = kept_calls::keys_before(&self.projections.ledger(), &self.site, before, AT_ONCE).await?;
        let partition = PartitionId::site(&self.site);
        let mut position = None;
        for row in &old {
            self.vault.forget(&row.key)?;
            let shred = ShredCallWords { key: row.key.clone(), agent: row.agent.clone(), case: row.case, why: Shredding::Age };
            let ask = Ask::new(service("svc-shredder"), shred).with_id(reaction_id(&row.key, "shred", 0));
            let Some(answered) = insist(&self.commands, &*self.clock, &partition, ask, stop).await else { return Ok(0) };
            position = Some(answered.position);
        }
        if let Some(position) = position {
            // Before it is looked again; if it takes longer, the next hour does.
            drop(self.projections.reached(&position, std::time::Duration::from_secs(30)).await);
        }
        Ok(old.len())
    }
}
