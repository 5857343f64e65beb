//! Every minute, ask the ticket systems what people did there: what no webhook told, or told while nobody listened. The same deed is recorded once.

use crate::{
    checkpoint::{self, CannotGoOn},
    insist::insist,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_commands::{Ask, Command, Commands};
use millwright_domain::{
    envelope::Answer,
    ids::CommandId,
    ports::{
        clock::Clock,
        messenger::NotTaken,
        ticket_system::{OutsideDeed, TicketSystem},
    },
    position::PartitionId,
};
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};
use tokio_util::sync::CancellationToken;

/// How often each system is asked.
const ASK_EVERY: TimeDelta = TimeDelta::minutes(1);

/// Makes a deed a command: whose account it is, and what the words mean. The door does the same for what comes by webhook.
#[async_trait]
pub trait Reader: Send + Sync {
    /// `None` where nothing here has such a ticket.
    async fn read(&self, deed: &OutsideDeed) -> Result<Option<(CommandId, Command)>, Box<dyn std::error::Error + Send + Sync>>;
}

pub struct TicketPoll {
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub systems: Vec<(String, Arc<dyn TicketSystem>)>,
    pub reader: Arc<dyn Reader>,
    /// Where it keeps how far each system was heard.
    pub checkpoint: PathBuf,
}

impl TicketPoll {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), CannotGoOn> {
        let mut heard: BTreeMap<String, String> = checkpoint::load(&self.checkpoint)?.unwrap_or_default();
        loop {
            for (name, system) in &self.systems {
                let since = heard.get(name).cloned().unwrap_or_default();
                match system.news(&since).await {
                    Ok(None) => {}
                    Ok(Some(news)) => {
                        if self.record(&news.deeds, &stop).await {
                            heard.insert(name.clone(), news.next);
                            checkpoint::save(&self.checkpoint, &heard)?;
                        }
                    }
                    Err(NotTaken::Away(reason) | NotTaken::ForNow(reason) | NotTaken::Busy { reason, .. }) => {
                        tracing::debug!(system = name, reason, "{name} cannot be asked now");
                    }
                    Err(error) => tracing::warn!(system = name, %error, "{name} does not say what people did there"),
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = self.clock.wall_reaches(self.clock.now().wall + ASK_EVERY) => {}
            }
        }
    }

    /// Whether all of it is on record, or need not be.
    async fn record(&self, deeds: &[OutsideDeed], stop: &CancellationToken) -> bool {
        for deed in deeds {
            let (id, command) = match self.reader.read(deed).await {
                Ok(Some(read)) => read,
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(%error, "what somebody did in a ticket cannot be looked up now");
                    return false;
                }
            };
            let ask = Ask::new("svc-door".parse().expect("a literal that is a name"), command).with_id(id);
            let Some(answered) = insist(&self.commands, &*self.clock, &self.partition, ask, stop).await else { return false };
            if let Answer::Refused { reason, .. } = answered.answer {
                tracing::debug!(reason, "what somebody did in a ticket is not recorded here");
            }
        }
        true
    }
}
