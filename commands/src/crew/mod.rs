//! What a site's crew, and people about it, may ask: one file for each few commands that belong together. Here is what all of them look up.

mod agent_health;
mod claim_task;
mod deliver_task;
mod file_task;
mod join_crew;
mod judge_result;
mod letters;
mod mark_task;
mod move_task;
mod receive_card;
mod report_breaches;

pub use agent_health::{BlockAgent, CheckAgent, ChooseModel, ReportMetrics, UnblockAgent};
pub use claim_task::{Claim, ClaimTask, ExpireLease, LONGEST_LEASE_S, RenewLease, SHORTEST_LEASE_S};
pub use deliver_task::{DeliverTask, FailTask, MOST_RESULT};
pub use file_task::FileTask;
pub use join_crew::{DrainAgent, JoinCrew, SpawnAgent, StopAgent};
pub use judge_result::{AcceptTask, RecordTest, SendBackTask};
pub use letters::{AcknowledgeLetter, ChaseLetter, MOST_LETTER, SendLetter};
pub use mark_task::MarkTask;
pub(crate) use mark_task::whom;
pub use move_task::{BlockTask, QueueTask, RevertTask, UnblockTask};
pub use receive_card::ReceiveCard;
pub use report_breaches::ReportBreaches;

use crate::decision::{Circumstances, Refused, senseless};
use millwright_domain::{
    Event,
    agent::Agent,
    case::Rule,
    crew::Crew,
    envelope::StreamId,
    ids::{ActorId, TaskId},
    site::Site,
    task::{Step, Task, TaskUnblocked},
};

type Facts = Vec<(StreamId, Event)>;

fn on(task: TaskId, fact: impl Into<Event>) -> (StreamId, Event) {
    (StreamId::task(task), fact.into())
}

fn known_task(site: &Site, task: TaskId) -> Result<&Task, Refused> {
    site.crew.tasks.get(&task).ok_or_else(|| senseless("unknown_task", format_args!("this site has no task {task}; look at `tasks`")))
}

fn known_agent<'a>(site: &'a Site, agent: &ActorId) -> Result<&'a Agent, Refused> {
    let known = site.crew.agents.get(agent);
    known.ok_or_else(|| senseless("not_joined", format_args!("{agent} is not on the crew of this site; it joins with `joinCrew`")))
}

fn may(task: &Task, step: Step) -> Result<(), Refused> {
    task.stage.after(step).map(drop).map_err(|illegal| senseless("illegal_move", illegal))
}

/// Only whoever holds a task under the fence of its last claim, and in time, may change it.
fn held(task: &Task, id: TaskId, fence: u64, circumstances: &Circumstances<'_>) -> Result<(), Refused> {
    if task.is_held(circumstances.by, fence, circumstances.now.wall) {
        return Ok(());
    }
    let why = match &task.lease {
        None => format!("it is {}", task.stage),
        Some(lease) if lease.agent != *circumstances.by => format!("{} holds it", lease.agent),
        Some(lease) if lease.fence != fence => format!("it was claimed again, under fence {}", lease.fence),
        Some(lease) => format!("it was to be renewed before {}", lease.until),
    };
    Err(senseless("lease_lost", format_args!("task {id} is not held under fence {fence}: {why}; stop working on it and claim one anew")))
}

/// A program is no judge of work: recorded, since an auditor asks who tried.
fn judge<'a>(circumstances: &Circumstances<'a>, task: TaskId) -> Result<&'a ActorId, Refused> {
    circumstances
        .person("only a person says whether a result is what was wanted; put what you think of it into a letter")
        .map_err(|refused| Refused { rule: Some(Rule::Approval), stream: StreamId::task(task), ..refused })
}

/// What waited for this task alone, now that it is done.
fn unblocked_by(crew: &Crew, done: TaskId, circumstances: &Circumstances<'_>) -> Facts {
    let waiting = crew.open_tasks().filter(|(_, task)| crew.waits_only_for(task, done));
    waiting.map(|(task, _)| on(task, TaskUnblocked { task, at: circumstances.now.wall })).collect()
}

#[cfg(test)]
mod letter_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
