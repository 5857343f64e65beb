//! What a program sees while another one folds: how far the shared tables are, and what changed.

use crate::{
    db::NotRead,
    fact::Fact,
    follow::{
        FollowError,
        ledger::{self, Change, LedgerFold, change},
        readings::ReadingsFollower,
    },
    home::{LEDGER, READINGS},
    plant,
    projections::{Projections, read, write},
    readings::tables,
    store::Store,
};
use millwright_domain::{ports::event_log::EventLog, position::PartitionId};

/// Facts read at once to tell what changed.
const BATCH: usize = 10_000;

impl Projections {
    /// Tells what another program has folded since we last looked.
    pub(super) async fn look_at_ledger(&self, log: &dyn EventLog) -> Result<(), FollowError> {
        let shapes = ledger::shapes();
        {
            let mut fold = self.inner.ledger_fold.lock().await;
            if let Some(newer) = self.newer(&self.inner.ledger, LEDGER, &shapes).await? {
                *fold = LedgerFold::new(newer);
            }
        }
        let store = read(&self.inner.ledger);
        let (position, _) = store.position(&shapes).await.map_err(|cause| unread(&store, cause))?;
        if !self.position().covers(&position) {
            *write(&self.inner.parked) = ledger::parked_in(&store).await.map_err(|cause| unread(&store, cause))?;
        }
        for (partition, next) in position.partitions() {
            self.tell_up_to(log, partition, next).await?;
        }
        self.no_trouble(LEDGER);
        self.show_lag();
        Ok(())
    }

    /// Shows how far the tables are.
    pub(super) async fn look_at_readings(&self) -> Result<(), FollowError> {
        let shapes = tables::shapes();
        {
            let mut fold = self.inner.readings_fold.lock().await;
            if let Some(newer) = self.newer(&self.inner.readings, READINGS, &shapes).await? {
                *fold = ReadingsFollower::new(newer);
            } else if fold.due().is_some() {
                // It was our turn until now: what was not written is the other's to fold.
                fold.forget();
            }
        }
        let store = read(&self.inner.readings);
        let (position, _) = store.position(&shapes).await.map_err(|cause| unread(&store, cause))?;
        self.no_trouble(READINGS);
        self.inner.seen.send_modify(|seen| seen.merge(&position));
        Ok(())
    }

    /// Tells of facts that are in the tables and were not told of yet.
    pub(super) async fn tell_up_to(&self, log: &dyn EventLog, partition: &PartitionId, next: u64) -> Result<(), FollowError> {
        loop {
            let from = self.position().next(partition);
            let room = usize::try_from(next.saturating_sub(from)).unwrap_or(usize::MAX).min(BATCH);
            if room == 0 {
                return Ok(());
            }
            let batch = log.read_ledger(partition, from, room).await?;
            if batch.is_empty() {
                // The log is not as far here as it is there: next time.
                return Ok(());
            }
            let facts = Fact::read_all(partition, batch.iter().map(|(_, record)| record));
            self.tell(change(partition, batch.next(), &facts)).await;
        }
    }

    pub(super) async fn tell(&self, change: Change) {
        if change.plant
            && let Err(cause) = self.refresh_plants().await
        {
            tracing::warn!(cause = %cause, "the description of the plant could not be read again; the former one is shown");
        }
        self.inner.seen.send_modify(|seen| seen.merge(&change.position));
        // Nobody listening is no error.
        drop(self.inner.changes.send(change));
    }

    pub(crate) async fn refresh_plants(&self) -> Result<(), NotRead> {
        let plants = plant::all(&self.ledger()).await?;
        *write(&self.inner.plants) = std::sync::Arc::new(plants);
        Ok(())
    }
}

fn unread(store: &Store, cause: sqlx::Error) -> FollowError {
    FollowError::Write { place: store.place.clone(), cause }
}
