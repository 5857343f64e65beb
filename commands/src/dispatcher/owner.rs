//! The task that owns one partition: takes what waits, decides it as a group, commits, answers.

use super::{
    Job, NotAnswered, Surroundings,
    awaited::Awaited,
    group::{Group, answered},
    restore::Fold,
};
use crate::Answered;
use chrono::TimeDelta;
use millwright_domain::{
    ids::CommandId,
    ports::{
        clock::Clock,
        event_log::{LogError, Owner},
    },
    position::PartitionId,
    site::Site,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio::sync::{mpsc, oneshot};

/// The most commands that one commit carries.
const GROUP: usize = 1_024;

/// In a cluster, whoever has lost a partition waits this long before it takes it back: longer than a node needs to learn that it was
/// missed, so that one which was paused does not fight with the owner that replaced it.
const TAKE_BACK_AFTER: TimeDelta = TimeDelta::seconds(7);

/// Between two tries to rebuild a partition while the log is away.
const TRY_AGAIN_AFTER: TimeDelta = TimeDelta::seconds(1);

pub(super) struct PartitionOwner {
    surroundings: Surroundings,
    partition: PartitionId,
    awaited: Awaited,
    log: Box<dyn Owner>,
    site: Site,
    /// Whether the partition is decided at the moment, for those who show it.
    serving: Arc<AtomicBool>,
}

type Reply = oneshot::Sender<Result<Answered, NotAnswered>>;

/// Who waits for which answer of the group.
type Waiting = Vec<(Reply, usize)>;

impl PartitionOwner {
    /// Owning comes first: what is replayed after it is complete, because nobody else can append any more.
    /// After an error, what was folded comes back, unless it is spoilt.
    pub(super) async fn restore(
        around: Surroundings,
        partition: PartitionId,
        awaited: Awaited,
        mut warm: Fold,
        serving: Arc<AtomicBool>,
    ) -> Result<Self, (NotAnswered, Fold)> {
        let now = around.clock.now().wall;
        let log = match around.log.own(&partition, &around.owner, now).await {
            Ok(log) => log,
            Err(error) => return Err((NotAnswered::Log(Arc::new(error)), warm)),
        };
        if let Err(error) = warm.catch_up(&around, &partition, &awaited).await {
            let kept = if error.may_pass() { warm } else { Fold::default() };
            return Err((error, kept));
        }
        serving.store(true, Ordering::Relaxed);
        Ok(Self { surroundings: around, partition, awaited, log, site: warm.site, serving })
    }

    pub(super) fn epoch(&self) -> u64 {
        self.log.tip().epoch
    }

    /// Ends when every asker is gone and nothing waits any more, and gives the state back for whoever follows from there on.
    pub(super) async fn serve(mut self, mut jobs: mpsc::Receiver<Job>) -> Option<Fold> {
        let mut batch = Vec::with_capacity(GROUP);
        while jobs.recv_many(&mut batch, GROUP).await > 0 {
            let Err(error) = self.answer(std::mem::take(&mut batch)).await else { continue };
            self.serving.store(false, Ordering::Relaxed);
            if !self.rebuild(error, &mut jobs).await {
                return None;
            }
        }
        self.serving.store(false, Ordering::Relaxed);
        let tip = self.log.tip();
        Some(Fold::at(std::mem::take(&mut self.site), tip.next_seq, tip.epoch))
    }

    /// Owns and replays the partition anew, however often that has to be tried. False once it was released, or if the log does not mend itself.
    async fn rebuild(&mut self, mut error: NotAnswered, jobs: &mut mpsc::Receiver<Job>) -> bool {
        let mut first = true;
        loop {
            tracing::error!(partition = %self.partition, error = %Causes(&error), "{} could not go on; rebuilding it from the log", self.partition);
            let pause = if self.surroundings.cluster.is_some() && error.is_lost() { TAKE_BACK_AFTER } else { TRY_AGAIN_AFTER };
            let at_once = first && pause != TAKE_BACK_AFTER;
            if !at_once && is_released(&*self.surroundings.clock, &self.partition, pause, &error, jobs).await {
                return false;
            }
            first = false;
            let (around, serving) = (self.surroundings.clone(), self.serving.clone());
            match Self::restore(around, self.partition.clone(), self.awaited.clone(), Fold::default(), serving).await {
                Ok(fresh) => {
                    *self = fresh;
                    return true;
                }
                Err((failed, _)) if failed.may_pass() => error = failed,
                Err((failed, _)) => {
                    let what = Causes(&failed);
                    tracing::error!(partition = %self.partition, error = %what, "partition {} is given up until the next start", self.partition);
                    return false;
                }
            }
        }
    }

    async fn answer(&mut self, jobs: Vec<Job>) -> Result<(), NotAnswered> {
        let (group, waiting) = self.decide(jobs);
        if group.drafts.is_empty() {
            return Ok(());
        }
        let base = self.log.tip().next_seq;
        // Deciding may have taken a while; facts are stamped with the time they are handed over.
        let now = self.surroundings.clock.now().wall;
        let drafts = group.drafts.clone();
        if let Err(error) = self.log.commit(drafts, now).await {
            let error = Arc::new(error);
            refuse_all(waiting, &error);
            return Err(NotAnswered::Log(error));
        }
        self.remember_and_reply(&group, base, waiting)
    }

    fn decide(&mut self, jobs: Vec<Job>) -> (Group, Waiting) {
        let mut group = Group::default();
        let mut waiting = vec![];
        for Job { ask, reply, good_until } in jobs {
            if good_until.is_some_and(|until| self.surroundings.clock.now().wall > until) {
                // Its asker has given up, and asks again under the same id if it still matters.
                send(reply, Err(NotAnswered::OwnerSilent(self.partition.clone())));
                continue;
            }
            if let Some(place) = group.answer_of(ask.id) {
                waiting.push((reply, place));
                continue;
            }
            match self.first_answer(ask.id) {
                Ok(None) => waiting.push((reply, group.decide(&mut self.site, &ask, self.surroundings.clock.now(), &*self.surroundings.live))),
                Ok(Some(first)) => send(reply, Ok(first)),
                Err(unknown) => send(reply, Err(unknown)),
            }
        }
        (group, waiting)
    }

    fn first_answer(&self, command: CommandId) -> Result<Option<Answered>, NotAnswered> {
        let first = self.surroundings.answers.first(&self.partition, command).map_err(|error| NotAnswered::Answers(Arc::new(error)))?;
        Ok(first.map(|given| answered(&self.partition, given)))
    }

    /// If the index cannot take the answers, the partition must not go on: a repeated command would be decided twice.
    fn remember_and_reply(&self, group: &Group, base: u64, waiting: Waiting) -> Result<(), NotAnswered> {
        group.count_answers();
        let given: Vec<_> = group.given_from(base).collect();
        let learned = self.surroundings.answers.learn(&self.partition, given.clone(), self.log.tip().next_seq);
        self.awaited.answered(&self.partition, &given);
        for (reply, place) in waiting {
            if let Some((_, given)) = given.get(place) {
                send(reply, Ok(answered(&self.partition, given.clone())));
            }
        }
        learned.map_err(|error| NotAnswered::Answers(Arc::new(error)))
    }
}

/// Whether the partition is taken from us while we wait. Nobody who asks meanwhile waits with us.
async fn is_released(clock: &dyn Clock, partition: &PartitionId, pause: TimeDelta, because: &NotAnswered, jobs: &mut mpsc::Receiver<Job>) -> bool {
    let waited = clock.wall_reaches(clock.now().wall + pause);
    tokio::pin!(waited);
    // Whoever owns a lost partition by now answers.
    let answer = if because.is_lost() { NotAnswered::Stopped(partition.clone()) } else { because.clone() };
    loop {
        tokio::select! {
            biased;
            job = jobs.recv() => match job {
                Some(job) => send(job.reply, Err(answer.clone())),
                None => return true,
            },
            () = &mut waited => return false,
        }
    }
}

fn refuse_all(waiting: Waiting, error: &Arc<LogError>) {
    for (reply, _) in waiting {
        send(reply, Err(NotAnswered::Log(error.clone())));
    }
}

fn send(reply: Reply, answer: Result<Answered, NotAnswered>) {
    if reply.send(answer).is_err() {
        tracing::debug!("an asker went away before its answer; it gets it when it asks again");
    }
}

/// An error with all its causes, on one line.
pub(super) struct Causes<'a>(pub &'a dyn std::error::Error);

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
