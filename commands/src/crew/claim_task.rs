//! ClaimTask, RenewLease, ExpireLease: who holds a task, and until when. Each claim has a fence of its own, higher than all before it.

use super::{held, known_agent, known_task, may, on};
use crate::decision::{Circumstances, Decision, Refused, senseless};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    agent::{Agent, Presence},
    ids::TaskId,
    site::Site,
    task::{LeaseLost, LeaseRenewed, Loss, Stage, Step, TaskClaimed},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A lease is given for so many seconds at least, and at most.
pub const SHORTEST_LEASE_S: u32 = 30;
pub const LONGEST_LEASE_S: u32 = 3_600;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClaimTask {
    /// Left out: the most pressing one that the agent can do.
    #[serde(default)]
    pub task: Option<TaskId>,
    pub lease_s: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RenewLease {
    pub task: TaskId,
    pub fence: u64,
    pub lease_s: u32,
}

/// Asked by the timekeeper; who claims the task meanwhile does not wait for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpireLease {
    pub task: TaskId,
    pub fence: u64,
}

/// What a claim is answered with, as its subject: `<task>#<fence>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub task: TaskId,
    pub fence: u64,
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.task, self.fence)
    }
}

/// A text that names no claim.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no claim; a claim is answered with <task>#<fence>")]
pub struct NoClaim(String);

impl FromStr for Claim {
    type Err = NoClaim;
    fn from_str(text: &str) -> Result<Self, NoClaim> {
        let parsed = || {
            let (task, fence) = text.split_once('#')?;
            Some(Self { task: task.parse().ok()?, fence: fence.parse().ok()? })
        };
        parsed().ok_or_else(|| NoClaim(text.chars().take(80).collect()))
    }
}

impl ClaimTask {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let (by, now) = (circumstances.by, circumstances.now.wall);
        let agent = known_agent(site, by)?;
        may_take(site, agent, &circumstances)?;
        let lease_until = now + lease(self.lease_s)?;
        let chosen = self.task.or_else(|| site.crew.next_for(agent, now));
        let nothing = || senseless("no_task", "nothing that you can do waits to be taken; ask again when `changes` tells of a task");
        let id = chosen.ok_or_else(nothing)?;
        let task = known_task(site, id)?;
        if !agent.capabilities.contains(&task.spec.needs) {
            return Err(senseless("not_capable", format_args!("the task needs {}, which you did not join with", task.spec.needs)));
        }
        let mut facts = vec![];
        match &task.lease {
            Some(lease) if now < lease.until => {
                let why = format!("{} holds it until {} at least; take another, or leave `task` out", lease.agent, lease.until);
                return Err(senseless("task_taken", why));
            }
            Some(lease) => facts.push(on(id, LeaseLost { task: id, fence: lease.fence, why: Loss::Expired })),
            None => may(task, Step::Claim)?,
        }
        let fence = site.crew.claims + 1;
        facts.push(on(id, TaskClaimed { task: id, agent: by.clone(), fence, at: now, lease_until }));
        Ok(Decision::Facts { facts, subject: Some(Claim { task: id, fence }.to_string()) })
    }
}

impl RenewLease {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let (task, at) = (known_task(site, self.task)?, circumstances.now.wall);
        held(task, self.task, self.fence, &circumstances)?;
        let lease_until = at + lease(self.lease_s)?;
        let renewed = LeaseRenewed { task: self.task, fence: self.fence, at, lease_until };
        Ok(Decision::Facts { facts: vec![on(self.task, renewed)], subject: Some(self.task.to_string()) })
    }
}

impl ExpireLease {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let task = known_task(site, self.task)?;
        match task.lease.as_ref().filter(|lease| lease.fence == self.fence && task.stage == Stage::Active) {
            None => Ok(Decision::AlreadySo),
            Some(lease) if circumstances.now.wall < lease.until => {
                Err(senseless("not_yet", format_args!("{} holds it until {}", lease.agent, lease.until)))
            }
            Some(_) => {
                let lost = LeaseLost { task: self.task, fence: self.fence, why: Loss::Expired };
                Ok(Decision::Facts { facts: vec![on(self.task, lost)], subject: Some(self.task.to_string()) })
            }
        }
    }
}

fn lease(seconds: u32) -> Result<TimeDelta, Refused> {
    if (SHORTEST_LEASE_S..=LONGEST_LEASE_S).contains(&seconds) {
        return Ok(TimeDelta::seconds(seconds.into()));
    }
    let why = format!("a lease is for {SHORTEST_LEASE_S} to {LONGEST_LEASE_S} seconds; renew it while you work");
    Err(senseless("bad_lease", why))
}

fn may_take(site: &Site, agent: &Agent, circumstances: &Circumstances<'_>) -> Result<(), Refused> {
    match (agent.presence, &agent.blocker) {
        (Presence::Up, None) => {}
        (Presence::Up, Some(blocker)) => {
            return Err(senseless("agent_blocked", format_args!("you are blocked ({blocker}); say `unblockAgent` when that is over")));
        }
        (Presence::Draining, _) => return Err(senseless("agent_draining", "you are being drained and take no more tasks; finish what you have")),
        (Presence::Stopped, _) => return Err(senseless("agent_stopped", "a person stopped you; only a person has you spawned again")),
        (Presence::Wanted | Presence::Left, _) => return Err(senseless("not_joined", "join first, with `joinCrew`")),
    }
    let held = agent.holds.iter().filter(|task| is_live(site, **task, circumstances.now.wall)).count();
    if held >= agent.at_once as usize {
        let why = format!("you hold {held} tasks and work on {} at once; deliver or fail one first", agent.at_once);
        return Err(senseless("hands_full", why));
    }
    Ok(())
}

fn is_live(site: &Site, task: TaskId, now: Timestamp) -> bool {
    site.crew.tasks.get(&task).and_then(|task| task.lease.as_ref()).is_some_and(|lease| now < lease.until)
}
