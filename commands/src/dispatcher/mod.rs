//! The dispatcher: one task owns a partition, decides its commands in order, commits them in groups, and answers after the commit.
//!
//! ```text
//! ask ──bounded queue──▶ owner: answered before? ─yes─▶ the first answer again
//!                               └─no─▶ decide on the state, take the facts in, go on with the next
//!                               whole group ──commit──▶ answers leave; if it fails, state and owner are thrown away and rebuilt from the log
//! ```

mod group;
mod owner;
mod restore;

use crate::{Answered, Ask};
use millwright_domain::{
    ports::{
        answers::{Answers, AnswersError},
        clock::Clock,
        event_log::{EventLog, LogError},
        live_readings::LiveReadings,
    },
    position::PartitionId,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use thiserror::Error;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

/// Why there is no answer. Asking again with the same id is always safe: whatever was decided is answered, nothing is decided twice.
#[derive(Debug, Clone, Error)]
pub enum NotAnswered {
    #[error("partition {0} is served by nobody here; is its site configured?")]
    NobodyOwns(PartitionId),
    #[error("the dispatcher of {0} has stopped; start millwright again")]
    Stopped(PartitionId),
    #[error("the log could not take the decision; nothing of it happened")]
    Log(#[source] Arc<LogError>),
    #[error("it cannot be known whether this command was answered before")]
    Answers(#[source] Arc<AnswersError>),
}

/// What a dispatcher works with.
#[derive(Clone)]
pub struct Surroundings {
    pub log: Arc<dyn EventLog>,
    pub answers: Arc<dyn Answers>,
    pub clock: Arc<dyn Clock>,
    pub live: Arc<dyn LiveReadings>,
    /// Names this program in `PartitionOwned`.
    pub owner: String,
}

struct Job {
    ask: Ask,
    reply: oneshot::Sender<Result<Answered, NotAnswered>>,
}

/// How many asks may wait for one partition before askers wait, too.
const QUEUE: usize = 4_096;

/// Where commands are asked. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    surroundings: Surroundings,
    owners: Arc<Mutex<HashMap<PartitionId, mpsc::Sender<Job>>>>,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Commands {
    pub fn new(surroundings: Surroundings) -> Self {
        Self { surroundings, owners: Arc::default(), tasks: Arc::default() }
    }

    /// Takes the partition over, replays it, and serves it until [`Commands::stop`]. Returns the epoch of this ownership.
    pub async fn serve(&self, partition: PartitionId) -> Result<u64, NotAnswered> {
        let owner = owner::PartitionOwner::restore(self.surroundings.clone(), partition.clone()).await?;
        let epoch = owner.epoch();
        let (sender, jobs) = mpsc::channel(QUEUE);
        let task = tokio::spawn(owner.serve(jobs));
        locked(&self.owners).insert(partition, sender);
        locked(&self.tasks).push(task);
        Ok(epoch)
    }

    pub async fn ask(&self, partition: &PartitionId, ask: Ask) -> Result<Answered, NotAnswered> {
        let queue = locked(&self.owners).get(partition).cloned().ok_or_else(|| NotAnswered::NobodyOwns(partition.clone()))?;
        let (reply, answer) = oneshot::channel();
        let stopped = || NotAnswered::Stopped(partition.clone());
        if queue.send(Job { ask, reply }).await.is_err() {
            return Err(stopped());
        }
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// The partitions served here.
    pub fn partitions(&self) -> Vec<PartitionId> {
        locked(&self.owners).keys().cloned().collect()
    }

    /// Takes no more commands, answers those that wait, and returns when all is done.
    pub async fn stop(&self) {
        locked(&self.owners).clear();
        let tasks = std::mem::take(&mut *locked(&self.tasks));
        for task in tasks {
            if let Err(failed) = task.await {
                tracing::error!(error = %failed, "a dispatcher ended badly; what it had not answered did not happen");
            }
        }
    }
}

/// The maps behind these locks are whole after every statement, so a panic elsewhere does not spoil them.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
