//! DeliverTask and FailTask: how the work of whoever holds a task ends. What comes under an old fence changes nothing.

use super::{file_task::queued, held, known_task, on};
use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    ids::TaskId,
    plain,
    site::Site,
    task::{FailureClass, MOST_TRIES, TaskDelivered, TaskFailed, digest},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bytes of a result. What is larger lies elsewhere, and the result says where and with which digest.
pub const MOST_RESULT: usize = 65_536;
const LONGEST_REASON: usize = 500;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeliverTask {
    pub task: TaskId,
    pub fence: u64,
    pub result: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailTask {
    pub task: TaskId,
    pub fence: u64,
    pub class: FailureClass,
    /// Another try may do better: it is queued again at once, three tries in all.
    pub retryable: bool,
    pub reason: String,
}

impl DeliverTask {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let task = known_task(site, self.task)?;
        held(task, self.task, self.fence, &circumstances)?;
        let result = plain::verbatim(&self.result);
        if result.trim().is_empty() || result.len() > MOST_RESULT {
            let why = format!("a result is a text of 1 to {MOST_RESULT} bytes; of what is larger give the place and its digest");
            return Err(senseless("bad_result", why));
        }
        let hash = digest(&result);
        let delivered = TaskDelivered { task: self.task, fence: self.fence, result, hash };
        Ok(Decision::Facts { facts: vec![on(self.task, delivered)], subject: Some(self.task.to_string()) })
    }
}

impl FailTask {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let task = known_task(site, self.task)?;
        held(task, self.task, self.fence, &circumstances)?;
        let reason = plain::cleaned(&self.reason, LONGEST_REASON);
        let failed = TaskFailed { task: self.task, fence: self.fence, class: self.class, retryable: self.retryable, reason };
        let mut facts = vec![on(self.task, failed)];
        if self.retryable && task.failures + 1 < MOST_TRIES {
            facts.extend(queued(site, self.task, &task.spec, None, &circumstances));
        }
        Ok(Decision::Facts { facts, subject: Some(self.task.to_string()) })
    }
}
