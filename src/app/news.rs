//! Tells the ledger what is noticed of the devices, gaps and alerts, until the ledger has taken it.

use millwright_agents::insist::insist;
use millwright_commands::{Ask, Commands};
use millwright_domain::{envelope::Answer, ids::ActorId, ports::clock::Clock, position::PartitionId};
use millwright_ingest::field::Field;
use std::{convert::Infallible, sync::Arc};
use tokio_util::sync::CancellationToken;

pub struct NewsReporter {
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub field: Arc<Field>,
}

impl NewsReporter {
    /// Runs until told to stop. What is not told by then is seen in the readings alone.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Infallible> {
        let by: ActorId = "svc-collector".parse().expect("a literal that is a name");
        loop {
            let items = tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                items = self.field.news() => items,
            };
            for item in items {
                let ask = Ask::new(by.clone(), item.command).with_id(item.id).occurred_at(item.occurred_at);
                let Some(answered) = insist(&self.commands, &*self.clock, &self.partition, ask, &stop).await else { return Ok(()) };
                if let Answer::Refused { reason, .. } = answered.answer {
                    tracing::warn!(reason, "what a collector noticed was refused: {reason}");
                }
                self.field.told(&item.id);
            }
        }
    }
}
