//! Who owns the site, as the ledger says: nobody else knows for certain.

use anyhow::{Result, ensure};
use millwright_domain::{
    codec::decode,
    event::Event,
    ids::{CommandId, SiteId},
    ports::event_log::EventLog,
    position::PartitionId,
};
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

const LIMIT: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

pub struct OwnerOnLedger {
    log: Arc<dyn EventLog>,
    partition: PartitionId,
    next: u64,
    epoch: u64,
    owner: String,
}

impl OwnerOnLedger {
    pub fn of(log: Arc<dyn EventLog>, site: &SiteId) -> Self {
        Self { log, partition: PartitionId::site(site), next: 0, epoch: 0, owner: String::new() }
    }

    /// Reads on until a command's answer. What is known then was so when it was answered.
    pub async fn read_to(&mut self, command: CommandId) -> Result<()> {
        let limit = Instant::now() + LIMIT;
        loop {
            let page = self.log.read_ledger(&self.partition, self.next, 1_024).await?;
            self.next = page.next();
            let mut answered = false;
            for (_, stored) in page.iter() {
                match decode(&stored.bytes)?.event {
                    Event::PartitionOwned(fact) => (self.epoch, self.owner) = (fact.epoch, fact.owner),
                    Event::CommandAnswered(fact) => answered |= fact.command == command,
                    _ => {}
                }
            }
            if answered {
                return Ok(());
            }
            ensure!(Instant::now() < limit, "the answer to {command} is not on the ledger");
            if page.is_empty() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }

    /// Owners name their process.
    pub fn is(&self, pid: u32) -> bool {
        self.owner.ends_with(&format!("pid {pid}"))
    }
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}

impl fmt::Debug for OwnerOnLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} since epoch {}", self.owner, self.epoch)
    }
}
