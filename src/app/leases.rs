//! Gives up a device as soon as the ledger says that it is another collector's, whatever the cluster has told this node by then.
//!
//! A node that is cut off goes on measuring into its store: as long as nobody took its devices, what it measures counts.

use millwright_agents::site_tail::{SiteTail, TailError};
use millwright_domain::{
    Event,
    collecting::DeviceAssigned,
    ids::NodeId,
    ports::{event_log::EventLog, write_device::WriteDevice},
    position::PartitionId,
};
use millwright_ingest::field::Field;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub struct Leases {
    pub log: Arc<dyn EventLog>,
    pub partition: PartitionId,
    pub node: NodeId,
    pub field: Arc<Field>,
}

impl Leases {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), TailError> {
        let mut tail = SiteTail::at_the_end(self.log.clone(), self.partition.clone()).await?;
        for assigned in tail.site.collectors.values() {
            self.judge(assigned);
        }
        loop {
            let facts = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                facts = tail.next() => facts?,
            };
            for fact in &facts {
                if let Event::DeviceAssigned(assigned) = &fact.event {
                    self.judge(assigned);
                }
            }
        }
    }

    fn judge(&self, assigned: &DeviceAssigned) {
        let DeviceAssigned { device, epoch, collector } = assigned;
        if *collector != self.node && self.field.held_under(device).is_some_and(|held| held < *epoch) {
            tracing::warn!(%device, epoch, %collector, "{device} is collected by {collector} now; this node lets go of it");
            self.field.lose(device);
        }
    }
}
