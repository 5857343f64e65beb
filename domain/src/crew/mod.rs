//! A site's crew: who is on it, its tasks, and how many claims there were. All on the site's own partition, so that a lease, its task and its agent are decided together.

mod pick;
mod post;
pub mod posts;

use crate::{
    Event, Timestamp,
    agent::{Agent, agent_of},
    agent_alarm::Breach,
    going_round::LoopSign,
    ids::{ActorId, CaseId, TaskId},
    task::{BlockReason, Stage, Task, task_of},
};
use std::collections::{BTreeMap, BTreeSet};

pub use pick::{NothingToPick, Picked, left_today, pick};
pub use post::Post;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Crew {
    pub agents: BTreeMap<ActorId, Agent>,
    pub tasks: BTreeMap<TaskId, Task>,
    /// Those that somebody still has to do something about.
    pub open: BTreeSet<TaskId>,
    /// Claims so far; the next one's fence is one more.
    pub claims: u64,
    pub post: Post,
    /// Who was stopped going round in circles, over which case, and by which sign.
    pub stopped_loops: BTreeSet<(ActorId, Option<CaseId>, LoopSign)>,
    /// Figures of agents that are past a rule's limit, by rule and agent.
    pub breaches: BTreeMap<(String, ActorId), Breach>,
}

impl Crew {
    pub fn open_tasks(&self) -> impl Iterator<Item = (TaskId, &Task)> {
        self.open.iter().filter_map(|id| Some((*id, self.tasks.get(id)?)))
    }

    /// What an agent should take next of what it can do: what is urgent, then what is pressing, then what was filed first.
    pub fn next_for(&self, agent: &Agent, now: Timestamp) -> Option<TaskId> {
        let fits = self.open_tasks().filter(|(_, task)| task.is_free(now) && agent.capabilities.contains(&task.spec.needs));
        fits.max_by(|(one, a), (other, b)| a.pressing(now).cmp(&b.pressing(now)).then(other.cmp(one))).map(|(id, _)| id)
    }

    /// Whether a task waits for others, and for none of them any more once `done` is.
    pub fn waits_only_for(&self, task: &Task, done: TaskId) -> bool {
        let is_done = |other: &TaskId| *other == done || self.is_done(*other);
        let waits = matches!(task.blocked, Some((BlockReason::Dependency, _)));
        waits && task.spec.depends_on.contains(&done) && task.spec.depends_on.iter().all(is_done)
    }
    pub fn is_done(&self, task: TaskId) -> bool {
        self.tasks.get(&task).is_some_and(|task| task.stage == Stage::Done)
    }

    /// Takes a fact in, if it is one of the crew's.
    pub(crate) fn evolve(&mut self, event: &Event) -> bool {
        if let Event::LoopStopped(fact) = event {
            self.stopped_loops.insert((fact.agent.clone(), fact.case, fact.sign));
            return true;
        }
        self.evolve_agent(event) || self.evolve_task(event) || self.post.evolve(event)
    }

    fn evolve_agent(&mut self, event: &Event) -> bool {
        match event {
            Event::AgentAlarmRaised(fact) => {
                self.breaches.insert(fact.breach.key(), fact.breach.clone());
                return true;
            }
            Event::AgentAlarmCleared(fact) => {
                self.breaches.remove(&(fact.rule.clone(), fact.agent.clone()));
                return true;
            }
            _ => {}
        }
        let Some(name) = agent_of(event) else { return false };
        if let Event::AgentJoined(fact) = event {
            let known = self.agents.remove(name);
            self.agents.insert(name.clone(), Agent::joined(known, fact));
        } else {
            self.agent(name, |agent| agent.evolve(event));
        }
        true
    }

    fn evolve_task(&mut self, event: &Event) -> bool {
        let Some(task) = task_of(event) else { return false };
        if let Event::TaskFiled(fact) = event {
            self.tasks.insert(task, Task::filed(fact));
            self.open.insert(task);
        } else {
            self.task(task, event);
        }
        match event {
            Event::TaskClaimed(fact) => {
                self.claims = self.claims.max(fact.fence);
                self.agent(&fact.agent, |agent| {
                    agent.holds.insert(task);
                    agent.heard(fact.at);
                });
            }
            Event::LeaseRenewed(fact) => {
                let holder = self.tasks.get(&task).and_then(|task| task.lease.as_ref()).map(|lease| lease.agent.clone());
                if let Some(holder) = holder {
                    self.agent(&holder, |agent| agent.heard(fact.at));
                }
            }
            _ => {}
        }
        true
    }

    fn agent(&mut self, agent: &ActorId, step: impl FnOnce(&mut Agent)) {
        if let Some(agent) = self.agents.get_mut(agent) {
            step(agent);
        }
    }

    /// Whoever held it and does no more has room again.
    fn task(&mut self, id: TaskId, event: &Event) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let holder = task.lease.as_ref().map(|lease| lease.agent.clone());
        task.evolve(event);
        let (still, is_over) = (task.lease.as_ref().map(|lease| lease.agent.clone()), task.stage.is_over());
        if let Some(gone) = holder.filter(|holder| still.as_ref() != Some(holder)) {
            self.agent(&gone, |agent| {
                agent.holds.remove(&id);
            });
        }
        if is_over {
            self.open.remove(&id);
        }
    }
}
