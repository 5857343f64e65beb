//! FileTask: somebody wants a piece of work done. What a program outside wants waits in the backlog for a person.

use super::{Facts, on};
use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    ids::{ActorId, TaskId},
    plain,
    site::Site,
    task::{BlockReason, Check, Origin, TaskBlocked, TaskFiled, TaskQueued, TaskSpec},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const LONGEST_TITLE: usize = 160;
const LONGEST_LABEL: usize = 40;
const MOST_LABELS: usize = 10;
const MOST_DEPENDENCIES: usize = 20;
const MOST_CHECKS: usize = 10;
const MOST_TOKENS: u64 = 100_000_000;
/// Of one site, at a time.
const MOST_OPEN: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileTask {
    pub task: TaskId,
    pub spec: TaskSpec,
    /// It may be taken at once; else it waits in the backlog.
    pub queue: bool,
}

impl FileTask {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.by;
        if site.crew.tasks.contains_key(&self.task) {
            return Ok(Decision::AlreadySo);
        }
        let from_outside = by.is_service() && !by.is_part();
        if from_outside && (self.queue || self.spec.autonomous) {
            let why = "what a program outside files waits in the backlog for a person, and is never autonomous; leave `queue` and `autonomous` off";
            return Err(senseless("not_a_person", why));
        }
        if site.crew.open.len() >= MOST_OPEN {
            return Err(senseless("too_many_tasks", format_args!("{MOST_OPEN} tasks are open; finish or revert some first")));
        }
        let spec = self.checked(site, &circumstances)?;
        let mut facts = vec![on(self.task, TaskFiled { task: self.task, spec: spec.clone(), by: by.clone(), at: Some(circumstances.now.wall) })];
        if self.queue {
            facts.extend(queued(site, self.task, &spec, None, &circumstances));
        }
        Ok(Decision::Facts { facts, subject: Some(self.task.to_string()) })
    }

    fn checked(&self, site: &Site, circumstances: &Circumstances<'_>) -> Result<TaskSpec, Refused> {
        let bad = |why: String| senseless("bad_task", why);
        let title = plain::cleaned(&self.spec.title, LONGEST_TITLE);
        if title.is_empty() {
            return Err(bad("say in a line what is to be done".into()));
        }
        if self.spec.estimated_tokens > MOST_TOKENS {
            return Err(bad(format!("an estimate is at most {MOST_TOKENS} tokens; cut the task into smaller ones")));
        }
        if self.spec.deadline.is_some_and(|deadline| deadline <= circumstances.now.wall) {
            return Err(bad("the deadline has passed; give a later one or none".into()));
        }
        if self.spec.case.is_some_and(|case| site.case(case).file().is_none()) {
            return Err(bad("this site has no such case".into()));
        }
        let labels: Vec<String> =
            self.spec.labels.iter().map(|label| plain::cleaned(label, LONGEST_LABEL)).filter(|label| !label.is_empty()).collect();
        if labels.len() > MOST_LABELS || self.spec.depends_on.len() > MOST_DEPENDENCIES {
            return Err(bad(format!("a task has at most {MOST_LABELS} labels and waits for at most {MOST_DEPENDENCIES} others")));
        }
        let too_long = |check: &Check| matches!(check, Check::Mentions(words) if words.is_empty() || words.len() > LONGEST_TITLE);
        if self.spec.checks.len() > MOST_CHECKS || self.spec.checks.iter().any(too_long) {
            return Err(bad(format!("a result is tested by at most {MOST_CHECKS} checks, for words of 1 to {LONGEST_TITLE} bytes")));
        }
        if let Some(unknown) = self.spec.depends_on.iter().find(|other| !site.crew.tasks.contains_key(other)) {
            return Err(bad(format!("it is to wait for {unknown}, which this site does not have; file that first")));
        }
        Ok(TaskSpec { title, labels, origin: origin(circumstances.by, self.spec.origin), ..self.spec.clone() })
    }
}

/// A part of Millwright says for whom it asks; everybody else asks for herself.
fn origin(by: &ActorId, said: Origin) -> Origin {
    match by {
        part if part.is_part() => said,
        program if program.is_service() => Origin::Agent,
        _ => Origin::Person,
    }
}

/// Into the queue; what waits for others is blocked until the last of them is done.
pub(super) fn queued(site: &Site, task: TaskId, spec: &TaskSpec, why: Option<String>, circumstances: &Circumstances<'_>) -> Facts {
    let (at, by) = (circumstances.now.wall, circumstances.by.clone());
    let mut facts = vec![on(task, TaskQueued { task, at, why })];
    if spec.depends_on.iter().any(|other| !site.crew.is_done(*other)) {
        facts.push(on(task, TaskBlocked { task, reason: BlockReason::Dependency, by, at, note: None }));
    }
    facts
}
