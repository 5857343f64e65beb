//! Which autonomous task of the backlog is taken up next, inside what the day's budget leaves. Pure.

use crate::{
    Timestamp,
    agent::Presence,
    budget::{Lane, SITE, Window},
    ids::{Capability, TaskId},
    site::Site,
    task::{AGES_EVERY, Stage, Task, URGENT_BEFORE},
};
use std::{cmp::Reverse, fmt};

/// A task, and in a line why this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    pub task: TaskId,
    pub why: String,
}

/// Why nothing is taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NothingToPick {
    /// No autonomous task waits in the backlog.
    Empty,
    /// Those that wait need others first, an agent that is not up, or one that has enough to do.
    NobodyFree { waiting: usize },
    /// What could be taken up is estimated to use more than is left.
    NoBudget { smallest: u64, left: u64 },
}

impl fmt::Display for NothingToPick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no autonomous task waits in the backlog"),
            Self::NobodyFree { waiting } => {
                write!(f, "{waiting} autonomous tasks wait in the backlog for other tasks, or for an agent that can do them and is free")
            }
            Self::NoBudget { smallest, left } => {
                write!(
                    f,
                    "the smallest of them is estimated at {smallest} tokens, and the day's budget leaves {left} beside what critical cases keep"
                )
            }
        }
    }
}

/// What an ordinary call may still use today, less what the tasks that were taken up already are estimated to use; `None`: no limit.
pub fn left_today(site: &Site, now: Timestamp) -> Option<u64> {
    let left = site.budgets.get(SITE)?.remaining(Window::Day, SITE, Lane::Ordinary, now)?;
    let taken_up = site.crew.open_tasks().filter(|(_, task)| task.spec.autonomous && matches!(task.stage, Stage::Pending | Stage::Active));
    Some(left.saturating_sub(taken_up.map(|(_, task)| task.spec.estimated_tokens).sum()))
}

/// The most pressing that fits: urgent by its deadline first, then by priority with ageing, then the earliest deadline, then the smallest.
///
/// # Errors
/// With the reason why there is none.
pub fn pick(site: &Site, now: Timestamp) -> Result<Picked, NothingToPick> {
    let waiting: Vec<(TaskId, &Task)> = site.crew.open_tasks().filter(|(_, task)| task.stage == Stage::Backlog && task.spec.autonomous).collect();
    if waiting.is_empty() {
        return Err(NothingToPick::Empty);
    }
    let can_begin = |task: &Task| task.spec.depends_on.iter().all(|other| site.crew.is_done(*other)) && is_somebody_free(site, &task.spec.needs);
    let possible: Vec<(TaskId, &Task)> = waiting.iter().copied().filter(|(_, task)| can_begin(task)).collect();
    let Some(smallest) = possible.iter().map(|(_, task)| task.spec.estimated_tokens).min() else {
        return Err(NothingToPick::NobodyFree { waiting: waiting.len() });
    };
    let left = left_today(site, now);
    let fits = |task: &Task| left.is_none_or(|left| task.spec.estimated_tokens <= left);
    let fitting = possible.iter().copied().filter(|(_, task)| fits(task));
    let best = fitting.max_by_key(|(id, task)| (pressing(task, now), earlier(task), Reverse(task.spec.estimated_tokens), Reverse(*id)));
    match best {
        Some((id, task)) => Ok(Picked { task: id, why: why(task, now, left, waiting.len()) }),
        None => Err(NothingToPick::NoBudget { smallest, left: left.unwrap_or(u64::MAX) }),
    }
}

fn pressing(task: &Task, now: Timestamp) -> (bool, i64) {
    (is_urgent(task, now), task.spec.priority.aged(since(task, now), now, AGES_EVERY))
}

fn is_urgent(task: &Task, now: Timestamp) -> bool {
    task.spec.deadline.is_some_and(|deadline| deadline - URGENT_BEFORE <= now)
}

/// Any deadline is earlier than none.
fn earlier(task: &Task) -> Option<Reverse<Timestamp>> {
    task.spec.deadline.map(Reverse)
}

/// What was filed before filing was timed has waited for as long as nothing.
fn since(task: &Task, now: Timestamp) -> Timestamp {
    if task.waits_since == Timestamp::default() { now } else { task.waits_since }
}

/// More agents are up that can do it than tasks of that kind wait or are worked on.
fn is_somebody_free(site: &Site, needs: &Capability) -> bool {
    let up = site.crew.agents.values().filter(|agent| agent.presence == Presence::Up && agent.blocker.is_none() && !agent.silent);
    let hands: u32 = up.filter(|agent| agent.capabilities.contains(needs)).map(|agent| agent.at_once).sum();
    let busy = site.crew.open_tasks().filter(|(_, task)| matches!(task.stage, Stage::Pending | Stage::Active) && task.spec.needs == *needs).count();
    busy < hands as usize
}

fn why(task: &Task, now: Timestamp, left: Option<u64>, waiting: usize) -> String {
    let priority = format!("{:?}", task.spec.priority).to_lowercase();
    let hours = now.since(since(task, now)).num_hours();
    let due = task.spec.deadline.map(|deadline| format!(", due {deadline}")).unwrap_or_default();
    let urgent = if is_urgent(task, now) { ", urgent" } else { "" };
    let budget = match left {
        Some(left) => format!("estimated at {} of {left} tokens left today", task.spec.estimated_tokens),
        None => "no budget limits it".into(),
    };
    format!("the most pressing of {waiting} in the backlog: priority {priority}, waiting {hours} h{due}{urgent}; {budget}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Event,
        agent::AgentJoined,
        budget::BudgetSet,
        envelope::StreamId,
        priority::Priority,
        task::{Origin, TaskFiled, TaskQueued, TaskSpec},
    };
    use chrono::TimeDelta;
    use uuid::Uuid;

    const NOON: i64 = 1_700_049_600;

    struct Backlog(Site);

    impl Backlog {
        /// An agent that reads manuals is up; a day has 10,000 tokens, of which 15 % are kept.
        fn new() -> Self {
            let mut backlog = Self(Site::default());
            backlog.happens(StreamId::budget(SITE), BudgetSet::of(10_000, 10_000).keeping(15));
            let (agent, role) = ("svc-hunter".parse().unwrap(), "hunter".parse().unwrap());
            let capabilities = ["read_manuals".parse().unwrap()].into();
            let joined = AgentJoined { agent, role, capabilities, at_once: 1, at: now(), reports_every_s: None };
            backlog.happens(StreamId::site(), joined);
            backlog
        }
        fn happens(&mut self, stream: StreamId, event: impl Into<Event>) {
            self.0.evolve(&stream, now(), &event.into());
        }
        fn filed(mut self, number: u128, priority: Priority, tokens: u64, change: impl FnOnce(&mut TaskSpec)) -> Self {
            let mut spec = TaskSpec {
                title: "t".into(),
                details: None,
                needs: "read_manuals".parse().unwrap(),
                case: None,
                priority,
                deadline: None,
                estimated_tokens: tokens,
                autonomous: true,
                labels: vec![],
                depends_on: vec![],
                origin: Origin::Person,
                checks: vec![],
            };
            change(&mut spec);
            let at = Some(now() - TimeDelta::minutes(10));
            self.happens(StreamId::site(), TaskFiled { task: task(number), spec, by: "ann".parse().unwrap(), at });
            self
        }
        fn picks(&self) -> Result<TaskId, NothingToPick> {
            pick(&self.0, now()).map(|picked| picked.task)
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_secs(NOON)
    }
    fn task(number: u128) -> TaskId {
        TaskId(Uuid::from_u128(number))
    }

    #[test]
    fn the_most_pressing_is_taken_up_and_it_says_why() {
        let backlog = Backlog::new().filed(1, Priority::Low, 100, |_| {}).filed(2, Priority::High, 100, |_| {});
        let picked = pick(&backlog.0, now()).unwrap();
        assert_eq!(picked.task, task(2));
        assert!(picked.why.contains("priority high") && picked.why.contains("100 of 8500 tokens left today"), "{}", picked.why);
        let soon = |spec: &mut TaskSpec| spec.deadline = Some(now() + TimeDelta::hours(5));
        assert_eq!(backlog.filed(3, Priority::Low, 100, soon).picks(), Ok(task(3)), "what is due within a day comes first");
    }

    #[test]
    fn what_does_not_fit_beside_the_share_of_critical_cases_is_passed_over() {
        let backlog = Backlog::new().filed(1, Priority::Critical, 8_501, |_| {});
        assert_eq!(backlog.picks(), Err(NothingToPick::NoBudget { smallest: 8_501, left: 8_500 }));
        assert_eq!(backlog.filed(2, Priority::Low, 8_500, |_| {}).picks(), Ok(task(2)));
    }

    #[test]
    fn nobody_is_given_more_than_one_can_do_and_people_queue_their_own() {
        let mut backlog = Backlog::new().filed(1, Priority::Low, 1, |_| {}).filed(2, Priority::Low, 1, |_| {});
        backlog.happens(StreamId::site(), TaskQueued { task: task(1), at: now(), why: None });
        assert_eq!(backlog.picks(), Err(NothingToPick::NobodyFree { waiting: 1 }));
        assert_eq!(Backlog::new().filed(1, Priority::Low, 1, |spec| spec.autonomous = false).picks(), Err(NothingToPick::Empty));
        let other = |spec: &mut TaskSpec| spec.needs = "write_code".parse().unwrap();
        assert_eq!(Backlog::new().filed(1, Priority::Low, 1, other).picks(), Err(NothingToPick::NobodyFree { waiting: 1 }));
        let behind = |spec: &mut TaskSpec| spec.depends_on = vec![task(9)];
        assert_eq!(Backlog::new().filed(1, Priority::Low, 1, behind).picks(), Err(NothingToPick::NobodyFree { waiting: 1 }));
    }
}
