//! AcceptTask, SendBackTask, RecordTest: whether a result is what was wanted. Never said by the agent that delivered it, nor by any other outside.

use super::{judge, known_task, may, on, unblocked_by};
use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    case::Rule,
    envelope::StreamId,
    ids::TaskId,
    plain,
    sealed::Sealed,
    site::Site,
    task::{Delivery, MOST_TRIES, ResultTested, Stage, Step, Task, TaskAccepted, TaskSentBack},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const LONGEST_REPORT: usize = 2_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AcceptTask {
    pub task: TaskId,
    /// Of the claim whose result was looked at.
    pub fence: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SendBackTask {
    pub task: TaskId,
    pub fence: u64,
    #[serde(default)]
    pub note: Option<Sealed>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RecordTest {
    pub task: TaskId,
    pub fence: u64,
    pub passed: bool,
    pub report: String,
}

impl AcceptTask {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let task = known_task(site, self.task)?;
        let by = judge(&circumstances, self.task)?.clone();
        if task.stage == Stage::Done && task.fence == self.fence {
            return Ok(Decision::AlreadySo);
        }
        may(task, Step::Accept)?;
        delivered(task, self.fence)?;
        let mut facts = vec![on(self.task, TaskAccepted { task: self.task, by })];
        facts.extend(unblocked_by(&site.crew, self.task, &circumstances));
        Ok(Decision::Facts { facts, subject: Some(self.task.to_string()) })
    }
}

impl SendBackTask {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let task = known_task(site, self.task)?;
        let by = judge(&circumstances, self.task)?.clone();
        may(task, Step::SendBack)?;
        delivered(task, self.fence)?;
        let sent_back = TaskSentBack { task: self.task, by, at: circumstances.now.wall, note: self.note.clone() };
        Ok(Decision::Facts { facts: vec![on(self.task, sent_back)], subject: Some(self.task.to_string()) })
    }
}

impl RecordTest {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let (task, by) = (known_task(site, self.task)?, circumstances.by);
        if by.is_service() && !by.is_part() {
            let reason = "a result is tested by Millwright or by a person, never by a program outside".to_string();
            return Err(Refused { rule: Some(Rule::Approval), code: "not_a_tester", reason, stream: StreamId::task(self.task), facts: vec![] });
        }
        may(task, Step::Test)?;
        let delivery = delivered(task, self.fence)?;
        if delivery.agent == *by {
            let reason = "nobody tests a result of her own".to_string();
            return Err(Refused { rule: Some(Rule::Approval), code: "own_result", reason, stream: StreamId::task(self.task), facts: vec![] });
        }
        if delivery.passed == Some(self.passed) {
            return Ok(Decision::AlreadySo);
        }
        let report = plain::text(&self.report).chars().take(LONGEST_REPORT).collect();
        let mut facts = vec![on(self.task, ResultTested { task: self.task, fence: self.fence, passed: self.passed, report, by: by.clone() })];
        let (autonomous, tries) = (task.spec.autonomous, task.failed_tests + 1);
        if autonomous && self.passed {
            facts.push(on(self.task, TaskAccepted { task: self.task, by: by.clone() }));
            facts.extend(unblocked_by(&site.crew, self.task, &circumstances));
        } else if autonomous && tries < MOST_TRIES {
            facts.push(on(self.task, TaskSentBack { task: self.task, by: by.clone(), at: circumstances.now.wall, note: None }));
        }
        Ok(Decision::Facts { facts, subject: Some(self.task.to_string()) })
    }
}

/// A word about a result is about the one that was looked at.
fn delivered(task: &Task, fence: u64) -> Result<&Delivery, Refused> {
    let delivery = task.delivery.as_ref().filter(|delivery| delivery.fence == fence);
    delivery.ok_or_else(|| senseless("another_result", format_args!("the result of fence {fence} is not the one in review; look at it again")))
}
