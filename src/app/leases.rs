//! Gives up a device as soon as the ledger says that it is another collector's, whatever the cluster has told this node by then.
//!
//! A node that is cut off goes on measuring into its store: as long as nobody took its devices, what it measures counts. Once somebody has,
//! what still waits from before counts nowhere: it is discarded, and reported, whether or not the device is held here at that moment.

use millwright_agents::fact_tail::{FactTail, TailError};
use millwright_domain::{Event, collecting::DeviceAssigned, envelope::Recorded, ids::NodeId, ports::event_log::EventLog, position::PartitionId};
use millwright_ingest::field::Field;
use std::{collections::BTreeMap, sync::Arc};
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
        // All of them, not how it stands now: between a former run of ours and this one another may have had the device.
        let mut others = BTreeMap::new();
        let see = |fact: &Recorded| {
            if let Event::DeviceAssigned(assigned) = &fact.event
                && assigned.collector != self.node
            {
                others.insert(assigned.device.clone(), assigned.clone());
            }
        };
        let mut tail = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            tail = FactTail::seen_to_the_end(self.log.clone(), self.partition.clone(), see) => tail?,
        };
        others.values().for_each(|assigned| self.judge(assigned));
        self.field.judged();
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

    /// A former run of this node is another collector, too: what it measured under its last assignment still counts, what is older does not.
    fn judge(&self, assigned: &DeviceAssigned) {
        let DeviceAssigned { device, epoch, collector } = assigned;
        if *collector != self.node && self.field.gone_to_another(device, *epoch) {
            tracing::warn!(%device, epoch, %collector, "{device} is collected by {collector} now; this node lets go of it");
        }
    }
}
