//! How a past is shown: as projections like any other, but with the newest readings of its time and no more facts to come.

use super::{NoPast, Pasts, cut::last_before};
use crate::{
    db::Db,
    live::Live,
    plant,
    projections::{NotReached, Projections},
    readings::Before,
    store::Store,
};
use millwright_domain::{
    Now, Timestamp,
    ports::event_log::{EventLog, LogError},
    position::Position,
};
use std::{sync::Arc, time::Duration};

/// What a past does not hold by itself.
pub(crate) struct Shown {
    pub present: Projections,
    pub at: Now,
}

impl Pasts {
    pub(super) async fn look(&self, store: Arc<Store>, cut: Position, as_of: Timestamp) -> Result<Projections, NoPast> {
        let present = &self.inner.present;
        let plants = plant::all(&store.readers()).await?;
        let at = Now { wall: as_of, plant: self.plant_time(&cut, as_of).await? };
        let live = Arc::new(Live::default());
        Before::reaching(at.plant).observed_by(&live, self.inner.log.as_ref(), &present.readings()).await?;
        Ok(Projections::as_they_were(store, live, plants, cut, Shown { present: present.clone(), at }))
    }

    /// What the plant's clock showed. It is the wall's but in a time-lapse; there it is reckoned from the last fact before.
    async fn plant_time(&self, cut: &Position, as_of: Timestamp) -> Result<Timestamp, LogError> {
        if self.inner.speed == 1.0 {
            return Ok(as_of);
        }
        let log: &dyn EventLog = self.inner.log.as_ref();
        let mut last = None;
        for (partition, next) in cut.partitions().filter(|(partition, _)| partition.as_site().is_some()) {
            if let Some(fact) = last_before(log, partition, next).await? {
                last = last.max(Some((fact.recorded_at, fact.occurred_at)));
            }
        }
        let Some((recorded_at, occurred_at)) = last else { return Ok(as_of) };
        let since = as_of.since(recorded_at).num_microseconds().unwrap_or_default() as f64 * self.inner.speed;
        Ok(Timestamp::from_micros(occurred_at.micros().saturating_add(since as i64)))
    }
}

impl Projections {
    /// The time that these show, if it is not the present.
    pub fn as_of(&self) -> Option<Now> {
        self.inner.shown.as_ref().map(|shown| shown.at)
    }

    /// Where the audit's lines are, and the last time of recording that belongs to what is shown. A past has the present's lines, as
    /// soon as the present has come as far.
    pub async fn facts(&self, within: Duration) -> Result<(Db, Option<Timestamp>), NotReached> {
        let Some(shown) = &self.inner.shown else { return Ok((self.ledger(), None)) };
        shown.present.reached(&self.position(), within).await?;
        Ok((shown.present.ledger(), Some(shown.at.wall)))
    }
}
