//! MarkTask: active for a week is stale, due within a day is urgent, blocked for two days goes to a person. Each said once.

use super::{known_task, on};
use crate::{
    decision::{Circumstances, Decision, Refused, senseless},
    telling::{Telling, links},
};
use millwright_domain::{
    case::Severity,
    ids::TaskId,
    message::Message,
    site::Site,
    task::{Mark, Task, TaskMarked},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarkTask {
    pub task: TaskId,
    pub mark: Mark,
}

impl MarkTask {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let task = known_task(site, self.task)?;
        let Some((_, due)) = task.marks_due().find(|(mark, _)| *mark == self.mark) else { return Ok(Decision::AlreadySo) };
        if circumstances.now.wall < due {
            return Err(senseless("not_yet", format_args!("that is so from {due} on")));
        }
        let mut facts = vec![on(self.task, TaskMarked { task: self.task, mark: self.mark })];
        if self.mark == Mark::Escalated && site.is_live() {
            facts.extend(told(site, self.task, task).wanted(site));
        }
        Ok(Decision::Facts { facts, subject: Some(self.task.to_string()) })
    }
}

/// To whom what nobody looks after goes.
pub(crate) fn whom(site: &Site) -> &str {
    let alerts = &site.roster.alerts;
    alerts.then_to.as_deref().or(alerts.to.as_deref()).unwrap_or("operators")
}

fn told<'a>(site: &'a Site, id: TaskId, task: &Task) -> Telling<'a> {
    let since = task.blocked.map(|(_, since)| since).unwrap_or_default();
    let headline = format!("A task has been blocked since {since}: {}", task.spec.title);
    let text = format!("It needs {} and waits for a person. Unblock it, or revert it.\nTask {id}", task.spec.needs);
    let links = task.spec.case.map(|case| links(site, case)).unwrap_or_default();
    let message = Message { severity: Some(Severity::Medium), links, ..Message::plain(headline, text) };
    // Blocked anew, it is told of anew.
    let because = format!("{id}/{}", since.micros());
    Telling { to: whom(site), message, because, reason: "task_escalated", case: task.spec.case, action: None }
}
