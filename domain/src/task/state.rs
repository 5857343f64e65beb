//! A task as decisions see it, folded from its facts.

use super::{AGES_EVERY, BlockReason, ESCALATED_AFTER, Mark, STALE_AFTER, Stage, Step, TaskFiled, TaskSpec, URGENT_BEFORE};
use crate::{
    Event, Timestamp,
    ids::{ActorId, TaskId},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The task that a fact is about, if it is about one.
pub fn task_of(event: &Event) -> Option<TaskId> {
    Some(match event {
        Event::TaskFiled(fact) => fact.task,
        Event::TaskQueued(fact) => fact.task,
        Event::TaskClaimed(fact) => fact.task,
        Event::LeaseRenewed(fact) => fact.task,
        Event::LeaseLost(fact) => fact.task,
        Event::TaskDelivered(fact) => fact.task,
        Event::ResultTested(fact) => fact.task,
        Event::TaskAccepted(fact) => fact.task,
        Event::TaskSentBack(fact) => fact.task,
        Event::TaskBlocked(fact) => fact.task,
        Event::TaskUnblocked(fact) => fact.task,
        Event::TaskFailed(fact) => fact.task,
        Event::TaskReverted(fact) => fact.task,
        Event::TaskMarked(fact) => fact.task,
        _ => return None,
    })
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub spec: TaskSpec,
    pub filed_by: ActorId,
    pub stage: Stage,
    /// Wall time since which it waits to be taken, or to be queued; a lost lease takes nothing of it away.
    pub waits_since: Timestamp,
    pub lease: Option<Lease>,
    /// Of the last claim; 0 before the first.
    pub fence: u64,
    /// In review, or done.
    pub delivery: Option<Delivery>,
    pub blocked: Option<(BlockReason, Timestamp)>,
    pub failures: u32,
    pub failed_tests: u32,
    pub marks: BTreeSet<Mark>,
}

/// Who holds a task, and until when (wall time).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub agent: ActorId,
    pub fence: u64,
    pub since: Timestamp,
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub agent: ActorId,
    pub fence: u64,
    pub hash: String,
    pub passed: Option<bool>,
}

impl Task {
    pub fn filed(fact: &TaskFiled) -> Self {
        Self {
            spec: fact.spec.clone(),
            filed_by: fact.by.clone(),
            stage: Stage::Backlog,
            waits_since: fact.at.unwrap_or_default(),
            lease: None,
            fence: 0,
            delivery: None,
            blocked: None,
            failures: 0,
            failed_tests: 0,
            marks: BTreeSet::new(),
        }
    }

    /// Whether a lease under this fence is good at that time, and this agent's.
    pub fn is_held(&self, agent: &ActorId, fence: u64, now: Timestamp) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.agent == *agent && lease.fence == fence && now < lease.until)
    }
    /// An agent may take it: it waits, or whoever had it did not renew in time.
    pub fn is_free(&self, now: Timestamp) -> bool {
        match self.stage {
            Stage::Pending => true,
            Stage::Active => self.lease.as_ref().is_none_or(|lease| lease.until <= now),
            _ => false,
        }
    }
    /// How pressing it is; the more the sooner.
    pub fn pressing(&self, now: Timestamp) -> (bool, i64) {
        (self.marks.contains(&Mark::Urgent), self.spec.priority.aged(self.waits_since, now, AGES_EVERY))
    }
    /// What the clock will say of it next, and when (wall time).
    pub fn marks_due(&self) -> impl Iterator<Item = (Mark, Timestamp)> {
        let stale = self.lease.as_ref().map(|lease| (Mark::Stale, lease.since + STALE_AFTER));
        let urgent = self.spec.deadline.filter(|_| !self.stage.is_over()).map(|deadline| (Mark::Urgent, deadline - URGENT_BEFORE));
        let escalated = self.blocked.map(|(_, since)| (Mark::Escalated, since + ESCALATED_AFTER));
        [stale, urgent, escalated].into_iter().flatten().filter(|(mark, _)| !self.marks.contains(mark))
    }

    /// Takes in a fact that is about this task.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::TaskQueued(fact) => self.waits(Step::Queue, fact.at),
            Event::TaskClaimed(fact) => {
                self.step(Step::Claim);
                self.fence = fact.fence;
                self.lease = Some(Lease { agent: fact.agent.clone(), fence: fact.fence, since: fact.at, until: fact.lease_until });
            }
            Event::LeaseRenewed(fact) => {
                if let Some(lease) = self.lease.as_mut().filter(|lease| lease.fence == fact.fence) {
                    lease.until = fact.lease_until;
                }
            }
            Event::LeaseLost(_) => self.step(Step::LoseLease),
            Event::TaskDelivered(fact) => {
                let agent = self.lease.as_ref().map(|lease| lease.agent.clone());
                self.step(Step::Deliver);
                self.delivery = agent.map(|agent| Delivery { agent, fence: fact.fence, hash: fact.hash.clone(), passed: None });
            }
            Event::ResultTested(fact) => {
                self.failed_tests += u32::from(!fact.passed);
                if let Some(delivery) = &mut self.delivery {
                    delivery.passed = Some(fact.passed);
                }
            }
            Event::TaskAccepted(_) => self.step(Step::Accept),
            Event::TaskSentBack(fact) => {
                self.waits(Step::SendBack, fact.at);
                self.delivery = None;
            }
            Event::TaskBlocked(fact) => {
                self.step(Step::Block);
                self.blocked = Some((fact.reason, fact.at));
            }
            Event::TaskUnblocked(fact) => self.waits(Step::Unblock, fact.at),
            Event::TaskFailed(_) => {
                self.step(Step::Fail);
                self.failures += 1;
            }
            Event::TaskReverted(_) => self.step(Step::Revert),
            Event::TaskMarked(fact) => drop(self.marks.insert(fact.mark)),
            _ => {}
        }
    }

    fn waits(&mut self, step: Step, since: Timestamp) {
        self.step(step);
        self.waits_since = since;
    }

    /// The lease ends where the task is active no more, and so does what the clock said of that.
    fn step(&mut self, step: Step) {
        self.stage = self.stage.after(step).unwrap_or(self.stage);
        if self.stage != Stage::Active {
            self.lease = None;
            self.marks.remove(&Mark::Stale);
        }
        if self.stage != Stage::Blocked {
            self.blocked = None;
            self.marks.remove(&Mark::Escalated);
        }
    }
}
