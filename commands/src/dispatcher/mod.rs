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
    Timestamp,
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
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
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
    #[error("the log did not confirm the decision; ask again with the same command id to learn what became of it")]
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
    /// Nobody waits any longer (wall time): it is not to be decided after this.
    good_until: Option<Timestamp>,
}

/// How many asks may wait for one partition before askers wait, too.
const QUEUE: usize = 4_096;

/// Where commands are asked. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    surroundings: Surroundings,
    owned: Arc<Mutex<HashMap<PartitionId, Owned>>>,
    followed: Arc<Mutex<HashMap<PartitionId, Followed>>>,
    known: Arc<Mutex<HashSet<PartitionId>>>,
    awaited: Awaited,
}

/// A partition that is ours to decide. What is asked waits in the queue, whether or not it is served at the moment.
struct Owned {
    queue: mpsc::Sender<Job>,
    /// The queue's other end, while nobody serves it.
    jobs: Option<mpsc::Receiver<Job>>,
    /// `None` until it is served for the first time.
    task: Option<JoinHandle<Option<Fold>>>,
    serving: Arc<AtomicBool>,
}

impl Owned {
    fn new() -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        Self { queue, jobs: Some(jobs), task: None, serving: Arc::default() }
    }
}

struct Followed {
    stop: CancellationToken,
    task: JoinHandle<Option<Fold>>,
    reached: Arc<Mutex<u64>>,
}

impl Commands {
    pub fn new(surroundings: Surroundings) -> Self {
        Self { surroundings, owned: Arc::default(), followed: Arc::default(), known: Arc::default(), awaited: Awaited::default() }
    }

    /// Takes the partition over, replays what is not folded yet, and serves it until [`Commands::release`] or [`Commands::stop`].
    /// Returns the epoch of this ownership. What is asked meanwhile waits; after an error it goes on waiting for the next try.
    pub async fn serve(&self, partition: PartitionId) -> Result<u64, NotAnswered> {
        let (jobs, serving) = self.open_queue(&partition);
        let warm = self.stop_following(&partition).await.unwrap_or_default();
        let around = self.surroundings.clone();
        match PartitionOwner::restore(around, partition.clone(), self.awaited.clone(), warm, serving.clone()).await {
            Ok(owner) => {
                let epoch = owner.epoch();
                let task = tokio::spawn(owner.serve(jobs));
                match locked(&self.owned).get_mut(&partition) {
                    Some(owned) if Arc::ptr_eq(&owned.serving, &serving) => owned.task = Some(task),
                    // Taken away while it was being restored; without its queue the task ends by itself.
                    _ => drop(task),
                }
                Ok(epoch)
            }
            Err((error, warm)) => {
                match locked(&self.owned).get_mut(&partition) {
                    Some(owned) if Arc::ptr_eq(&owned.serving, &serving) => owned.jobs = Some(jobs),
                    _ => drop(jobs),
                }
                if self.is_known(&partition) {
                    self.follow_from(partition, warm);
                } else {
                    locked(&self.owned).remove(&partition);
                }
                Err(error)
            }
        }
    }

    /// The queue that waits for an owner; a new one if there is none, or if another owner has it.
    fn open_queue(&self, partition: &PartitionId) -> (mpsc::Receiver<Job>, Arc<AtomicBool>) {
        let mut all = locked(&self.owned);
        let owned = all.entry(partition.clone()).or_insert_with(Owned::new);
        match owned.jobs.take() {
            Some(jobs) => (jobs, owned.serving.clone()),
            None => {
                let Owned { queue, jobs, task, serving } = Owned::new();
                let jobs = jobs.unwrap_or_else(|| mpsc::channel(1).1);
                *owned = Owned { queue, jobs: None, task, serving: serving.clone() };
                (jobs, serving)
            }
        }
    }

    /// From now on what is asked of the partition waits here, until it is served, released or lost.
    pub fn expect(&self, partition: PartitionId) {
        locked(&self.owned).entry(partition).or_insert_with(Owned::new);
    }

    /// Answers what waits, and gives the partition up. In a cluster it is followed from then on, with the state it has now.
    pub async fn release(&self, partition: &PartitionId) {
        let owned = locked(&self.owned).remove(partition);
        let Some(Owned { queue, jobs, task, .. }) = owned else { return };
        drop((queue, jobs));
        let fold = match task {
            Some(task) => ended(task.await),
            None => None,
        };
        if self.is_known(partition) {
            self.follow_from(partition.clone(), fold.unwrap_or_default());
        }
    }

    /// Gives the partition up at once: it is another node's already, and what waits here is answered there.
    pub async fn lose(&self, partition: &PartitionId) {
        let owned = locked(&self.owned).remove(partition);
        if self.is_known(partition) {
            self.follow(partition.clone());
        }
        if let Some(task) = owned.and_then(|owned| owned.task) {
            task.abort();
            // Cancelled is what it should be.
            drop(task.await);
        }
    }

    /// Keeps the state of a partition that another node owns, and hears the answers it gives. Does nothing if it is followed already.
    pub fn follow(&self, partition: PartitionId) {
        self.follow_from(partition, Fold::default());
    }

    fn follow_from(&self, partition: PartitionId, fold: Fold) {
        locked(&self.known).insert(partition.clone());
        locked(&self.followed).entry(partition.clone()).or_insert_with(|| {
            let (stop, reached) = (CancellationToken::new(), Arc::default());
            let follower =
                Follower { surroundings: self.surroundings.clone(), partition, awaited: self.awaited.clone(), reached: Arc::clone(&reached) };
            Followed { task: tokio::spawn(follower.run(fold, stop.clone())), stop, reached }
        });
    }

    pub async fn ask(&self, partition: &PartitionId, ask: Ask) -> Result<Answered, NotAnswered> {
        let queue = locked(&self.owned).get(partition).map(|owned| owned.queue.clone());
        let Some(queue) = queue else { return self.ask_owner(partition, ask).await };
        if self.surroundings.cluster.is_none() {
            return ask_here(partition, queue, ask, None).await;
        }
        match self.ask_here_for_a_while(partition, queue, ask.clone()).await {
            Err(NotAnswered::Stopped(_)) => self.ask_owner(partition, ask).await,
            Err(ref lost) if lost.is_lost() => Err(NotAnswered::OwnerSilent(partition.clone())),
            answer => answer,
        }
    }

    /// The partitions that are decided here now.
    pub fn partitions(&self) -> Vec<PartitionId> {
        let owned = locked(&self.owned);
        owned.iter().filter(|(_, owned)| owned.serving.load(Ordering::Relaxed)).map(|(partition, _)| partition.clone()).collect()
    }

    /// The partitions that another node owns and this one could take over, each with the seq it has folded up to.
    pub fn standing_by(&self) -> Vec<(PartitionId, u64)> {
        let followed = locked(&self.followed);
        followed.iter().map(|(partition, followed)| (partition.clone(), *locked(&followed.reached))).collect()
    }

    /// Takes no more commands, answers those that wait, and returns when all is done.
    pub async fn stop(&self) {
        let owned: Vec<Owned> = locked(&self.owned).drain().map(|(_, owned)| owned).collect();
        for Owned { queue, jobs, task, .. } in owned {
            drop((queue, jobs));
            if let Some(task) = task {
                drop(ended(task.await));
            }
        }
        let followed: Vec<PartitionId> = locked(&self.followed).keys().cloned().collect();
        for partition in followed {
            self.stop_following(&partition).await;
        }
    }

    /// Followed at some time: this node has a part in it, whoever owns it at the moment.
    fn is_known(&self, partition: &PartitionId) -> bool {
        locked(&self.known).contains(partition)
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

async fn ask_here(partition: &PartitionId, queue: mpsc::Sender<Job>, ask: Ask, good_until: Option<Timestamp>) -> Result<Answered, NotAnswered> {
    let (reply, answer) = oneshot::channel();
    let stopped = || NotAnswered::Stopped(partition.clone());
    let queued = queue.send(Job { ask, reply, good_until }).await;
    // The owner ends when every asker has let go.
    drop(queue);
    if queued.is_err() {
        return Err(stopped());
    }
    answer.await.unwrap_or_else(|_| Err(stopped()))
}

fn ended(task: Result<Option<Fold>, tokio::task::JoinError>) -> Option<Fold> {
    task.unwrap_or_else(|failed| {
        tracing::error!(error = %failed, "a dispatcher ended badly; what it had not answered did not happen");
        None
    })
}

/// The maps behind these locks are whole after every statement, so a panic elsewhere does not spoil them.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
