//! What the crew did in the four hours that run: counted fact by fact, named at their end. Pure.

use crate::office::tally::{Sums, Tally};
use millwright_domain::{
    Event, Timestamp,
    crew::Crew,
    ids::ActorId,
    work::{AgentSpent, TaskLine, WorkSummary},
};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Working {
    done: Vec<TaskLine>,
    failed: u32,
    agents: BTreeMap<ActorId, Sums>,
}

impl Working {
    /// `crew` is as it was before the fact.
    pub fn take(&mut self, crew: &Crew, event: &Event) {
        match event {
            Event::TaskAccepted(fact) => self.done.extend(crew.tasks.get(&fact.task).map(|task| TaskLine::of(fact.task, task))),
            Event::TaskFailed(_) => self.failed += 1,
            _ => {}
        }
        if let Some((agent, sums)) = Tally::of(crew, event) {
            self.agents.entry(agent).or_default().add(&sums);
        }
    }

    /// And how it all stands now.
    pub fn over(self, crew: &Crew, now: Timestamp) -> WorkSummary {
        let used = self.agents.into_iter().filter(|(_, sums)| sums.calls > 0 || sums.tokens.total() > 0);
        let spent = used.map(|(agent, sums)| {
            let Sums { calls, errors, tokens, cost_nano_dollars, .. } = sums;
            AgentSpent { agent, calls, errors, tokens, cost_nano_dollars }
        });
        WorkSummary::of(crew, now, self.done, self.failed, spent.collect())
    }
}
