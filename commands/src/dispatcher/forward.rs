//! Commands between nodes: an ask goes to the partition's owner, its answer comes back on the ledger under the command's id.

use super::{Commands, Job, NotAnswered, ask_here, awaited::Awaited, group::answered, locked};
use crate::{Answered, Ask};
use chrono::TimeDelta;
use millwright_domain::{
    ids::CommandId,
    ports::cluster::{Cluster, Forwarded},
    position::PartitionId,
};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// How long an ask waits for the owner, a change of owners included. Nothing is decided that nobody waits for any more.
const PATIENCE: TimeDelta = TimeDelta::seconds(20);

/// Whoever stops waiting is forgotten, however it came to stop.
struct Waiting<'a> {
    awaited: &'a Awaited,
    command: CommandId,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.awaited.forget(self.command);
    }
}

impl Commands {
    pub(super) async fn ask_owner(&self, partition: &PartitionId, ask: Ask) -> Result<Answered, NotAnswered> {
        let nobody = || NotAnswered::NobodyOwns(partition.clone());
        let cluster = self.surroundings.cluster.as_ref().ok_or_else(nobody)?;
        if !self.is_known(partition) {
            return Err(nobody());
        }
        // Listening begins before looking, so that an answer given in between is not missed.
        let waiting = Waiting { awaited: &self.awaited, command: ask.id };
        let answer = waiting.awaited.wait(waiting.command);
        self.forwarded_and_answered(&**cluster, partition, ask, answer).await
    }

    /// Asked here, but not for ever: while the partition is being taken over nobody may come to serve it.
    pub(super) async fn ask_here_for_a_while(&self, partition: &PartitionId, queue: mpsc::Sender<Job>, ask: Ask) -> Result<Answered, NotAnswered> {
        let good_until = self.surroundings.clock.now().wall + PATIENCE;
        tokio::select! {
            biased;
            answer = ask_here(partition, queue, ask, Some(good_until)) => answer,
            () = self.surroundings.clock.wall_reaches(good_until) => Err(NotAnswered::OwnerSilent(partition.clone())),
        }
    }

    async fn forwarded_and_answered(
        &self,
        cluster: &dyn Cluster,
        partition: &PartitionId,
        ask: Ask,
        answer: oneshot::Receiver<Answered>,
    ) -> Result<Answered, NotAnswered> {
        let first = self.surroundings.answers.first(partition, ask.id).map_err(|error| NotAnswered::Answers(Arc::new(error)))?;
        if let Some(given) = first {
            return Ok(answered(partition, given));
        }
        let good_until = self.surroundings.clock.now().wall + PATIENCE;
        let bytes = serde_json::to_vec(&ask).expect("commands have string keys and finite numbers, so they serialise");
        let forwarded = Forwarded { partition: partition.clone(), command: ask.id, good_until, ask: bytes, trace: ask.trace() };
        cluster.forward(forwarded).await.map_err(|error| NotAnswered::Log(Arc::new(error)))?;
        let silent = || NotAnswered::OwnerSilent(partition.clone());
        tokio::select! {
            biased;
            given = answer => given.map_err(|_closed| silent()),
            () = self.surroundings.clock.wall_reaches(good_until) => Err(silent()),
        }
    }

    /// Decides what another node asks, if its partition is owned here. The answer needs no way back: it is on the ledger.
    pub async fn take_forwarded(&self, forwarded: Forwarded) {
        let Forwarded { partition, command, good_until, ask, .. } = forwarded;
        let queue = locked(&self.owned).get(&partition).map(|owned| owned.queue.clone());
        let Some(queue) = queue else {
            tracing::debug!(%partition, %command, "a command for {partition} came to a node that does not own it; its asker asks again");
            return;
        };
        if self.surroundings.clock.now().wall > good_until {
            tracing::info!(%partition, %command, "a forwarded command came too late to be decided; its asker has given up");
            return;
        }
        match serde_json::from_slice::<Ask>(&ask) {
            Ok(ask) if ask.id == command => {
                let (reply, unheard) = oneshot::channel();
                drop(unheard);
                // A closed queue means that the owner is ending; the asker asks again.
                drop(queue.send(Job { ask, reply, good_until: Some(good_until) }).await);
            }
            Ok(_) => tracing::error!(%partition, %command, "a forwarded command carries another id than its envelope; it is not decided"),
            Err(error) => tracing::error!(%partition, %command, %error, "a forwarded command could not be read; do all nodes run the same version?"),
        }
    }
}
