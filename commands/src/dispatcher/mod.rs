//! The dispatcher: one task owns a partition, decides its commands in order, commits them in groups, and answers after the commit.
//!
//! ```text
//! ask ──bounded queue──▶ owner: answered before? ─yes─▶ the first answer again
//!   │                           └─no─▶ decide on the state, take the facts in, go on with the next
//!   │                           whole group ──commit──▶ answers leave; if it fails, state and owner are thrown away and rebuilt from the log
//!   └─owned by another node─▶ cluster ──▶ its owner … the answer is read from the ledger by the follower here
//! ```

mod awaited;
mod follower;
mod forward;
mod group;
mod owner;
mod restore;

use crate::{Answered, Ask};
use awaited::Awaited;
use follower::Follower;
use millwright_domain::{
    ports::{
        answers::{Answers, AnswersError},
        clock::Clock,
        cluster::Cluster,
        event_log::{EventLog, LogError},
        live_readings::LiveReadings,
    },
    position::PartitionId,
};
use owner::PartitionOwner;
use restore::Fold;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use thiserror::Error;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// Why there is no answer. Asking again with the same id is always safe: whatever was decided is answered, nothing is decided twice.
#[derive(Debug, Clone, Error)]
pub enum NotAnswered {
    #[error("partition {0} is served by nobody here; is its site configured?")]
    NobodyOwns(PartitionId),
    #[error("the owner of {0} did not answer in time; ask again with the same command id")]
    OwnerSilent(PartitionId),
    #[error("the dispatcher of {0} has stopped; start millwright again")]
    Stopped(PartitionId),
    #[error("the log could not take the decision; nothing of it happened")]
    Log(#[source] Arc<LogError>),
    #[error("it cannot be known whether this command was answered before")]
    Answers(#[source] Arc<AnswersError>),
}

impl NotAnswered {
    /// The partition went to another owner; that one may well answer.
    fn is_lost(&self) -> bool {
        matches!(self, Self::Log(error) if matches!(**error, LogError::Lost { .. }))
    }
    /// The log does not answer for now, or a change of owners came in between: trying again can help.
    fn may_pass(&self) -> bool {
        matches!(self, Self::Log(error) if matches!(**error, LogError::Unavailable { .. } | LogError::Lost { .. }))
    }
}

/// What a dispatcher works with.
#[derive(Clone)]
pub struct Surroundings {
    pub log: Arc<dyn EventLog>,
    pub answers: Arc<dyn Answers>,
    pub clock: Arc<dyn Clock>,
    pub live: Arc<dyn LiveReadings>,
    /// The way to other nodes, if there are any.
    pub cluster: Option<Arc<dyn Cluster>>,
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
    owned: Arc<Mutex<HashMap<PartitionId, Owned>>>,
    followed: Arc<Mutex<HashMap<PartitionId, Followed>>>,
    awaited: Awaited,
}

struct Owned {
    queue: mpsc::Sender<Job>,
    /// `None` while it is being restored.
    task: Option<JoinHandle<()>>,
}

struct Followed {
    stop: CancellationToken,
    task: JoinHandle<Option<Fold>>,
    reached: Arc<Mutex<u64>>,
}

impl Commands {
    pub fn new(surroundings: Surroundings) -> Self {
        Self { surroundings, owned: Arc::default(), followed: Arc::default(), awaited: Awaited::default() }
    }

    /// Takes the partition over, replays what is not folded yet, and serves it until [`Commands::release`] or [`Commands::stop`].
    /// Returns the epoch of this ownership. What is asked meanwhile waits.
    pub async fn serve(&self, partition: PartitionId) -> Result<u64, NotAnswered> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        locked(&self.owned).insert(partition.clone(), Owned { queue, task: None });
        let warm = self.stop_following(&partition).await.unwrap_or_default();
        match PartitionOwner::restore(self.surroundings.clone(), partition.clone(), self.awaited.clone(), warm).await {
            Ok(owner) => {
                let epoch = owner.epoch();
                let task = tokio::spawn(owner.serve(jobs));
                match locked(&self.owned).get_mut(&partition) {
                    Some(owned) => owned.task = Some(task),
                    // Taken away while it was being restored; without its queue the task ends by itself.
                    None => drop(task),
                }
                Ok(epoch)
            }
            Err(error) => {
                locked(&self.owned).remove(&partition);
                Err(error)
            }
        }
    }

    /// Answers what waits, and gives the partition up.
    pub async fn release(&self, partition: &PartitionId) {
        let owned = locked(&self.owned).remove(partition);
        if let Some(task) = owned.and_then(|owned| owned.task) {
            ended(task.await);
        }
    }

    /// Gives the partition up at once: it is another node's already, and what waits here is answered there.
    pub async fn lose(&self, partition: &PartitionId) {
        let owned = locked(&self.owned).remove(partition);
        if let Some(task) = owned.and_then(|owned| owned.task) {
            task.abort();
            // Cancelled is what it should be.
            drop(task.await);
        }
    }

    /// Keeps the state of a partition that another node owns, and hears the answers it gives. Does nothing if it is followed already.
    pub fn follow(&self, partition: PartitionId) {
        locked(&self.followed).entry(partition.clone()).or_insert_with(|| {
            let (stop, reached) = (CancellationToken::new(), Arc::default());
            let follower =
                Follower { surroundings: self.surroundings.clone(), partition, awaited: self.awaited.clone(), reached: Arc::clone(&reached) };
            Followed { task: tokio::spawn(follower.run(stop.clone())), stop, reached }
        });
    }

    pub async fn ask(&self, partition: &PartitionId, ask: Ask) -> Result<Answered, NotAnswered> {
        let queue = locked(&self.owned).get(partition).map(|owned| owned.queue.clone());
        let Some(queue) = queue else { return self.ask_owner(partition, ask).await };
        let answer = ask_here(partition, queue, ask.clone()).await;
        match answer {
            Err(NotAnswered::Stopped(_)) if self.is_followed(partition) => self.ask_owner(partition, ask).await,
            Err(ref lost) if lost.is_lost() && self.surroundings.cluster.is_some() => Err(NotAnswered::OwnerSilent(partition.clone())),
            answer => answer,
        }
    }

    /// The partitions served here.
    pub fn partitions(&self) -> Vec<PartitionId> {
        locked(&self.owned).keys().cloned().collect()
    }

    /// The partitions that another node owns and this one could take over, each with the seq it has folded up to.
    pub fn standing_by(&self) -> Vec<(PartitionId, u64)> {
        let followed = locked(&self.followed);
        followed.iter().map(|(partition, followed)| (partition.clone(), *locked(&followed.reached))).collect()
    }

    /// Takes no more commands, answers those that wait, and returns when all is done.
    pub async fn stop(&self) {
        let owned: Vec<Owned> = locked(&self.owned).drain().map(|(_, owned)| owned).collect();
        for Owned { queue, task } in owned {
            drop(queue);
            if let Some(task) = task {
                ended(task.await);
            }
        }
        let followed: Vec<PartitionId> = locked(&self.followed).keys().cloned().collect();
        for partition in followed {
            self.stop_following(&partition).await;
        }
    }

    fn is_followed(&self, partition: &PartitionId) -> bool {
        locked(&self.followed).contains_key(partition)
    }

    /// What the follower has folded, if there was one and all went well.
    async fn stop_following(&self, partition: &PartitionId) -> Option<Fold> {
        let Followed { stop, task, .. } = locked(&self.followed).remove(partition)?;
        stop.cancel();
        match task.await {
            Ok(fold) => fold,
            Err(failed) => {
                tracing::error!(error = %failed, "the standby of {partition} ended badly; its state is folded anew");
                None
            }
        }
    }
}

async fn ask_here(partition: &PartitionId, queue: mpsc::Sender<Job>, ask: Ask) -> Result<Answered, NotAnswered> {
    let (reply, answer) = oneshot::channel();
    let stopped = || NotAnswered::Stopped(partition.clone());
    let queued = queue.send(Job { ask, reply }).await;
    // The owner ends when every asker has let go.
    drop(queue);
    if queued.is_err() {
        return Err(stopped());
    }
    answer.await.unwrap_or_else(|_| Err(stopped()))
}

fn ended(task: Result<(), tokio::task::JoinError>) {
    if let Err(failed) = task {
        tracing::error!(error = %failed, "a dispatcher ended badly; what it had not answered did not happen");
    }
}

/// The maps behind these locks are whole after every statement, so a panic elsewhere does not spoil them.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
