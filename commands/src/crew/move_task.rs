//! QueueTask, BlockTask, UnblockTask, RevertTask: what people and rules say of a task, and that whoever holds it must wait.

use super::{file_task::queued, held, known_task, may, on};
use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    ids::TaskId,
    plain,
    sealed::Sealed,
    site::Site,
    task::{BlockReason, Stage, Step, TaskBlocked, TaskReverted, TaskUnblocked},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const LONGEST_WHY: usize = 300;

/// It may be taken, for the first time or after it failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QueueTask {
    pub task: TaskId,
    /// Why a part of Millwright chose it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockTask {
    pub task: TaskId,
    pub reason: BlockReason,
    /// By the agent that holds it: under which fence.
    #[serde(default)]
    pub fence: Option<u64>,
    #[serde(default)]
    pub note: Option<Sealed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnblockTask {
    pub task: TaskId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RevertTask {
    pub task: TaskId,
    #[serde(default)]
    pub note: Option<Sealed>,
}

impl QueueTask {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let task = known_task(site, self.task)?;
        not_from_outside(&circumstances)?;
        if task.stage == Stage::Pending {
            return Ok(Decision::AlreadySo);
        }
        may(task, Step::Queue)?;
        let why = self.why.as_deref().map(|why| plain::cleaned(why, LONGEST_WHY)).filter(|why| !why.is_empty());
        let facts = queued(site, self.task, &task.spec, why, &circumstances);
        Ok(Decision::Facts { facts, subject: Some(self.task.to_string()) })
    }
}

impl BlockTask {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let task = known_task(site, self.task)?;
        if task.blocked.is_some_and(|(reason, _)| reason == self.reason) {
            return Ok(Decision::AlreadySo);
        }
        may(task, Step::Block)?;
        match self.fence {
            Some(fence) => held(task, self.task, fence, &circumstances)?,
            None => not_from_outside(&circumstances)?,
        }
        let (by, at) = (circumstances.by.clone(), circumstances.now.wall);
        let blocked = TaskBlocked { task: self.task, reason: self.reason, by, at, note: self.note.clone() };
        Ok(Decision::Facts { facts: vec![on(self.task, blocked)], subject: Some(self.task.to_string()) })
    }
}

impl UnblockTask {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let task = known_task(site, self.task)?;
        not_from_outside(&circumstances)?;
        may(task, Step::Unblock)?;
        let unblocked = TaskUnblocked { task: self.task, at: circumstances.now.wall };
        Ok(Decision::Facts { facts: vec![on(self.task, unblocked)], subject: Some(self.task.to_string()) })
    }
}

impl RevertTask {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let task = known_task(site, self.task)?;
        let by = circumstances.person("only a person takes a task back")?.clone();
        if task.stage == Stage::Reverted {
            return Ok(Decision::AlreadySo);
        }
        may(task, Step::Revert)?;
        let reverted = TaskReverted { task: self.task, by, note: self.note.clone() };
        Ok(Decision::Facts { facts: vec![on(self.task, reverted)], subject: Some(self.task.to_string()) })
    }
}

fn not_from_outside(circumstances: &Circumstances<'_>) -> Result<(), Refused> {
    let by = circumstances.by;
    if by.is_service() && !by.is_part() {
        return Err(senseless("not_a_person", "a program outside moves only the task that it holds; give the fence of your claim, or ask a person"));
    }
    Ok(())
}
