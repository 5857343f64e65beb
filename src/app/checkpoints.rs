//! Signs checkpoints of a partition at a steady pace and at a clean stop, keeps copies of them outside the log, and has them told outside.

use super::proving::{OnLedger, Prover, ProvingError};
use chrono::TimeDelta;
use millwright_agents::insist::reaction_id;
use millwright_commands::{AdoptAuditKey, Ask, Command, Commands, NotAnswered, SignCheckpoint, WantEffect};
use millwright_domain::{
    audit::{AuditKeyAdopted, Checkpoint, CheckpointSigned},
    effect::EffectWanted,
    envelope::Answer,
    ids::{ActorId, CommandId, EffectId, derived},
    message::Message,
    ports::{
        clock::Clock,
        event_log::{EventLog, LogError},
    },
    position::PartitionId,
};
use millwright_infra::audit::{AuditKey, Heads, KeyError};
use std::{io, path::PathBuf, sync::Arc, time::Duration};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

/// How long a stopping program waits for its last checkpoint. Whoever has lost the partition gets none.
const LAST_WORDS: Duration = Duration::from_secs(5);

#[derive(Debug, Error)]
pub enum CheckpointError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Proving(#[from] ProvingError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("the checkpoint got no answer")]
    NotAnswered(#[from] NotAnswered),
    #[error("the checkpoint was refused: {0}")]
    Refused(String),
    #[error("the copy of the checkpoint at {place} could not be written")]
    Copy {
        place: String,
        #[source]
        cause: io::Error,
    },
}

/// Who is told outside, through whose outbox.
#[derive(Clone)]
pub struct Publish {
    /// `webhook:<program>` or `mqtt:<topic>`.
    pub to: Vec<String>,
    pub through: PartitionId,
}

#[derive(Clone)]
pub struct Checkpointer {
    pub log: Arc<dyn EventLog>,
    pub commands: Commands,
    pub clock: Arc<dyn Clock>,
    pub partition: PartitionId,
    pub prover: Arc<Prover>,
    /// The folder of keys.
    pub keys: PathBuf,
    pub heads: Heads,
    /// What the log is called in its checkpoints.
    pub name: String,
    pub every_s: u32,
    pub publish: Option<Publish>,
}

impl Checkpointer {
    /// Runs until told to stop.
    pub async fn run(self, stop: CancellationToken) -> Result<(), CheckpointError> {
        // Made at the first start, whenever the first checkpoint is due.
        AuditKey::open(&self.keys)?;
        let every = TimeDelta::seconds(self.every_s.max(1).into());
        let mut last = self.latest().await?.map_or_else(|| self.clock.now().wall, |latest| latest.fact.recorded_at);
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = self.clock.wall_reaches(last + every) => {}
            }
            self.once().await?;
            last = self.clock.now().wall;
        }
    }

    /// One more at a clean stop, if there is anything new to sign.
    pub async fn last(&self) {
        match tokio::time::timeout(LAST_WORDS, self.once()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                tracing::warn!(partition = %self.partition, error, "no last checkpoint was signed; the next start signs one");
            }
            Err(_elapsed) => tracing::warn!(partition = %self.partition, "no last checkpoint was signed in time; the next start signs one"),
        }
    }

    async fn latest(&self) -> Result<Option<OnLedger>, CheckpointError> {
        Ok(self.prover.latest(&self.partition).await?)
    }

    /// Signs what has come since the last checkpoint, if anything has.
    pub async fn once(&self) -> Result<(), CheckpointError> {
        let key = AuditKey::open(&self.keys)?;
        let latest = self.latest().await?;
        if let Some(latest) = &latest {
            // A crash may have come between the fact and its copies.
            self.copy(&latest.checkpoint)?;
            self.publish(&latest.checkpoint).await?;
            let end = self.log.head().await?.next(&self.partition);
            // Behind it there is nothing but itself and its answer.
            if latest.fact.seq == latest.checkpoint.tree_size && end <= latest.fact.seq + 2 {
                return Ok(());
            }
        }
        if latest.as_ref().is_none_or(|latest| latest.checkpoint.key != key.public()) {
            let adopted = AuditKeyAdopted { key: key.public(), endorsement: key.endorsement.clone() };
            let id = reaction_id(format_args!("{}:{}", self.partition, key.public()), "adopt-audit-key", 0);
            self.ask(&self.partition, id, AdoptAuditKey { adopted }).await?;
        }
        let Some(checkpoint) = self.checkpoint(latest.as_ref().map(|latest| &latest.checkpoint)).await? else { return Ok(()) };
        let signed = checkpoint.signed(&key.public(), |text| key.sign(text));
        let id = reaction_id(format_args!("{}:{}:{}", self.partition, signed.tree_size, signed.root), "checkpoint", 0);
        self.ask(&self.partition, id, SignCheckpoint { checkpoint: signed.clone() }).await?;
        self.copy(&signed)?;
        self.publish(&signed).await
    }

    /// Over everything that is there, once the last one is known to be over the beginning of it.
    async fn checkpoint(&self, last: Option<&CheckpointSigned>) -> Result<Option<Checkpoint>, CheckpointError> {
        let size = self.log.head().await?.next(&self.partition);
        let Some(last_record) = size.checked_sub(1) else { return Ok(None) };
        if let Some(last) = last {
            self.prover.tree_over(last, &self.partition, |_| ()).await?;
        }
        let tree = self.prover.tree(&self.partition, size, |_| ()).await?;
        let root = tree.lock().await.root_at(size).map_err(ProvingError::from)?;
        let page = self.log.read_ledger(&self.partition, last_record, 1).await?;
        let head = page.iter().next().map(|(_, record)| record.hash);
        let previous = last.and_then(|last| Some((last.tree_size, last.root.parse().ok()?)));
        Ok(Some(Checkpoint { origin: Checkpoint::origin_of(&self.name, &self.partition), size, root, head, previous }))
    }

    fn copy(&self, signed: &CheckpointSigned) -> Result<(), CheckpointError> {
        let failed = |cause| CheckpointError::Copy { place: self.heads.path(&self.partition).display().to_string(), cause };
        self.heads.append(&self.partition, &signed.note).map_err(failed)
    }

    /// The same is wanted under the same id, so it is told once.
    async fn publish(&self, signed: &CheckpointSigned) -> Result<(), CheckpointError> {
        let Some(Publish { to, through }) = &self.publish else { return Ok(()) };
        for target in to {
            let cause = format!("{}:{}:{}:{target}", self.partition, signed.tree_size, signed.root);
            let effect = EffectId(derived(&cause, "publish-checkpoint", 0));
            let subject = format!("checkpoint of {} over {} facts", self.partition, signed.tree_size);
            let (target, body) = match target.split_once(':') {
                Some(("mqtt", topic)) => (format!("mqtt:{topic}/{}", self.partition.name()), signed.note.clone()),
                _ => (target.clone(), Message::plain(&subject, &signed.note).body_for(target)),
            };
            let wanted =
                EffectWanted { effect, idempotency_key: effect.to_string(), target, subject, body, case: None, action: None, quotes: vec![] };
            self.ask(through, reaction_id(cause, "want-checkpoint-told", 0), WantEffect { wanted }).await?;
        }
        Ok(())
    }

    async fn ask(&self, partition: &PartitionId, id: CommandId, command: impl Into<Command>) -> Result<(), CheckpointError> {
        let by: ActorId = "svc-auditor".parse().expect("a literal that is a name");
        match self.commands.ask(partition, Ask::new(by, command).with_id(id)).await?.answer {
            Answer::Done { .. } | Answer::AlreadySo => Ok(()),
            Answer::Refused { reason, .. } => Err(CheckpointError::Refused(reason)),
        }
    }
}
