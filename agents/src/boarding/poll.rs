//! Ask a board every few seconds what people did there: what no webhook told, or told while nobody listened. The same deed is one command, however it came.

use crate::{
    checkpoint::{self, CannotGoOn},
    insist::{insist, service},
    said_once::SaidOnce,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_commands::{Ask, Commands, ReceiveCard};
use millwright_domain::{
    Timestamp,
    envelope::Answer,
    ids::CommandId,
    ports::{
        clock::Clock,
        messenger::NotTaken,
        task_board::{BoardNews, OutsideCard, TaskBoard},
    },
    position::PartitionId,
};
use std::{path::PathBuf, sync::Arc};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Makes a deed a command: whose account it is, and what a new card asks for.
#[async_trait]
pub trait CardReader: Send + Sync {
    /// `None` for what is about no task.
    async fn read(&self, deed: &OutsideCard) -> Result<Option<(CommandId, ReceiveCard)>, Box<dyn std::error::Error + Send + Sync>>;
}

pub struct BoardPoll {
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub board: Arc<dyn TaskBoard>,
    pub reader: Arc<dyn CardReader>,
    /// Where it keeps how far the board was heard.
    pub checkpoint: PathBuf,
    pub every: TimeDelta,
    /// Rung when the board says that something happened there: it is asked at once.
    pub bell: Arc<Notify>,
}

impl BoardPoll {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), CannotGoOn> {
        let mut heard: String = checkpoint::load(&self.checkpoint)?.unwrap_or_default();
        let (mut busy_until, mut said) = (Timestamp::default(), SaidOnce::default());
        loop {
            let now = self.clock.now().wall;
            if now >= busy_until {
                match self.board.news(&heard).await {
                    Ok(BoardNews { deeds, next }) => {
                        if self.record(&deeds, &stop).await && next != heard {
                            heard = next;
                            checkpoint::save(&self.checkpoint, &heard)?;
                        }
                    }
                    Err(not_told) => {
                        if let NotTaken::Busy { wait, .. } = &not_told {
                            busy_until = now + TimeDelta::from_std(*wait).unwrap_or(self.every);
                        }
                        let why = not_told.to_string();
                        if said.is_news(&why, now) {
                            tracing::warn!(partition = %self.partition, why, "the board does not say what people did there: {why}");
                        }
                    }
                }
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                () = self.bell.notified() => {}
                () = self.clock.wall_reaches(self.clock.now().wall + self.every) => {}
            }
        }
    }

    /// Whether all of it is on record, or need not be.
    async fn record(&self, deeds: &[OutsideCard], stop: &CancellationToken) -> bool {
        for deed in deeds {
            let (id, command) = match self.reader.read(deed).await {
                Ok(Some(read)) => read,
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(%error, "what somebody did to a card cannot be looked up now");
                    return false;
                }
            };
            let ask = Ask::new(service("svc-door"), command).with_id(id);
            let Some(answered) = insist(&self.commands, &*self.clock, &self.partition, ask, stop).await else { return false };
            if let Answer::Refused { reason, .. } = answered.answer {
                tracing::info!(reason, "what somebody did to a card was refused: {reason}");
            }
        }
        true
    }
}
