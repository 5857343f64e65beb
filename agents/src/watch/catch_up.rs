//! The same watch, once over what the log holds already: for recordings that were imported as a whole.

use super::{Stopped, Watch, WatchError, described, reactions::Reactions, take_in};
use crate::site_tail::SiteTail;
use millwright_domain::position::{PartitionId, Position};
use tokio_util::sync::CancellationToken;

impl Watch {
    /// Takes in every scan before `until`, asks for what it finds, and saves where it stands.
    pub async fn catch_up(self, until: &Position) -> Result<(), WatchError> {
        let never = CancellationToken::new();
        let mut tail = SiteTail::at_the_end(self.log.clone(), PartitionId::site(&self.site)).await?;
        let Some(plant) = described(&mut tail, &never).await? else { return Ok(()) };
        let mut followed = self.resume(&plant)?;
        followed.take_in(&tail.site);
        while !followed.position.covers(until) {
            let (partition, page) = self.next_scans(&followed.position).await.map_err(WatchError::Readings)?;
            let reactions = Reactions { watch: &self, site: &tail.site, stop: &never };
            if let Err(Stopped) = take_in(&mut followed, &partition, page, &reactions).await {
                break;
            }
            tail.up_to_now().await?;
            followed.take_in(&tail.site);
        }
        self.save(&followed)
    }
}
