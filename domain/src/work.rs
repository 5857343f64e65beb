//! What a crew's work came to in a stretch of time, and how it stands at the end of it: for people who follow the work.

use crate::{
    Timestamp,
    crew::Crew,
    ids::{ActorId, TaskId},
    model_call::Usage,
    task::{Stage, Task},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// Of each list that is told by name; the rest is only counted.
const MOST_NAMED: usize = 12;
const DOLLAR: f64 = 1_000_000_000.0;

/// Lists name the most pressing, or the latest; counts are of all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WorkSummary {
    pub done: u32,
    pub failed: u32,
    pub in_progress: u32,
    pub blocked: u32,
    pub waiting: u32,
    pub done_tasks: Vec<TaskLine>,
    pub active_tasks: Vec<TaskLine>,
    pub blocked_tasks: Vec<TaskLine>,
    /// What is taken up next.
    pub next_tasks: Vec<TaskLine>,
    /// What each used, the dearest first.
    pub agents: Vec<AgentSpent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TaskLine {
    pub task: TaskId,
    /// As it was filed: not trusted.
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<ActorId>,
    /// Why it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What an agent used of language models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgentSpent {
    pub agent: ActorId,
    pub calls: u64,
    pub errors: u64,
    pub tokens: Usage,
    pub cost_nano_dollars: u64,
}

impl TaskLine {
    pub fn of(id: TaskId, task: &Task) -> Self {
        let holder = task.lease.as_ref().map(|lease| &lease.agent).or(task.delivery.as_ref().map(|delivery| &delivery.agent));
        let why = task.blocked.map(|(reason, _)| reason.as_str().to_string());
        Self { task: id, title: task.spec.title.clone(), agent: holder.cloned(), why }
    }
}

impl WorkSummary {
    /// How the work stands, beside what was done and used meanwhile.
    pub fn of(crew: &Crew, now: Timestamp, mut done_tasks: Vec<TaskLine>, failed: u32, mut agents: Vec<AgentSpent>) -> Self {
        let mut open: Vec<(TaskId, &Task)> = crew.open_tasks().collect();
        open.sort_by_key(|(id, task)| (Reverse(task.pressing(now)), *id));
        let at = |stages: &[Stage]| open.iter().filter(|(_, task)| stages.contains(&task.stage)).collect::<Vec<_>>();
        let (active, blocked, waiting) = (at(&[Stage::Active, Stage::Review]), at(&[Stage::Blocked]), at(&[Stage::Pending]));
        let named = |tasks: &[&(TaskId, &Task)]| tasks.iter().take(MOST_NAMED).map(|(id, task)| TaskLine::of(*id, task)).collect();
        let done = count(done_tasks.len());
        done_tasks.reverse();
        done_tasks.truncate(MOST_NAMED);
        agents.sort_by_key(|spent| (Reverse((spent.cost_nano_dollars, spent.tokens.total())), spent.agent.clone()));
        Self {
            done,
            failed,
            in_progress: count(active.len()),
            blocked: count(blocked.len()),
            waiting: count(waiting.len()),
            done_tasks,
            active_tasks: named(&active),
            blocked_tasks: named(&blocked),
            next_tasks: named(&waiting),
            agents,
        }
    }

    /// For people, a line each; what did not happen is left out.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![];
        let lists = [
            (self.done, "done", &self.done_tasks),
            (self.in_progress, "in progress", &self.active_tasks),
            (self.blocked, "blocked", &self.blocked_tasks),
            (self.waiting, "to be taken up next", &self.next_tasks),
        ];
        for (many, what, named) in lists.into_iter().filter(|(many, ..)| *many > 0) {
            let named: Vec<String> = named.iter().map(TaskLine::words).collect();
            lines.push(format!("{many} {} {what}: {}", if many == 1 { "task" } else { "tasks" }, named.join("; ")));
        }
        if self.failed > 0 {
            lines.push(format!("{} failed", self.failed));
        }
        lines.extend(self.agents.iter().map(|spent| {
            let dollars = spent.cost_nano_dollars as f64 / DOLLAR;
            format!("{}: {} calls, {} errors, {} tokens, ${dollars:.4}", spent.agent, spent.calls, spent.errors, spent.tokens.total())
        }));
        lines
    }
}

impl TaskLine {
    fn words(&self) -> String {
        let by = self.agent.as_ref().map(|agent| format!(" ({agent})")).unwrap_or_default();
        let why = self.why.as_ref().map(|why| format!(" waits for {why}")).unwrap_or_default();
        format!("{}{by}{why}", self.title)
    }
}

fn count(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}
