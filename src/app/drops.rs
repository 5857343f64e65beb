//! Tells the ledger what a collector measured and could not keep, until the ledger has taken it.

use millwright_agents::insist::insist;
use millwright_commands::{Ask, Commands, ReportReadingsDropped};
use millwright_domain::{ids::ActorId, ports::clock::Clock, position::PartitionId};
use millwright_ingest::field::Field;
use std::{convert::Infallible, sync::Arc};
use tokio_util::sync::CancellationToken;

pub struct DropReporter {
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub field: Arc<Field>,
}

impl DropReporter {
    /// Runs until told to stop. What is not told by then is told after the next start.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Infallible> {
        let by: ActorId = "svc-collector".parse().expect("a literal that is a name");
        loop {
            let reports = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                reports = self.field.drop_reports() => reports,
            };
            for report in reports {
                let ask = Ask::new(by.clone(), ReportReadingsDropped { dropped: report.dropped }).with_id(report.command);
                match insist(&self.commands, &*self.clock, &self.partition, ask, &stop).await {
                    Some(_) => self.field.drop_reported(&report.command),
                    None => return Ok(()),
                }
            }
        }
    }
}
