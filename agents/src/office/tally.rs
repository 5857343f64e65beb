//! What each agent used and delivered, hour by hour, counted from the ledger's facts: what rules about agents go by. Pure.

use chrono::TimeDelta;
use millwright_domain::{Event, Timestamp, agent::Figures, call::ModelCalled, crew::Crew, ids::ActorId, model_call::Usage};
use std::collections::BTreeMap;

/// The longest that a rule can look back.
pub const MOST_HOURS: u32 = 48;
const HOUR_S: i64 = 3_600;

/// Of one agent, in one hour or in several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    pub calls: u64,
    pub errors: u64,
    pub tokens: Usage,
    pub inference_ms: u64,
    pub cost_nano_dollars: u64,
    pub accepted: u64,
    pub sent_back: u64,
}

impl Sums {
    pub fn add(&mut self, more: &Self) {
        self.calls += more.calls;
        self.errors += more.errors;
        self.tokens = self.tokens + more.tokens;
        self.inference_ms = self.inference_ms.saturating_add(more.inference_ms);
        self.cost_nano_dollars = self.cost_nano_dollars.saturating_add(more.cost_nano_dollars);
        self.accepted += more.accepted;
        self.sent_back += more.sent_back;
    }
}

#[derive(Debug, Clone, Default)]
pub struct Tally(BTreeMap<(ActorId, i64), Sums>);

impl Tally {
    /// What a fact says of an agent's work, if it says anything. `crew` is as it was before the fact.
    pub fn of(crew: &Crew, event: &Event) -> Option<(ActorId, Sums)> {
        match event {
            Event::ModelCalled(call) => Some((call.agent.clone(), of_call(call))),
            // What a part of Millwright uses is on the ledger call by call.
            Event::AgentReported(fact) if !fact.agent.is_part() => Some((fact.agent.clone(), of_report(&fact.figures))),
            Event::TaskAccepted(fact) => Some((whose(crew, fact.task)?, Sums { accepted: 1, ..Sums::default() })),
            Event::TaskSentBack(fact) => Some((whose(crew, fact.task)?, Sums { sent_back: 1, ..Sums::default() })),
            _ => None,
        }
    }

    pub fn count(&mut self, agent: ActorId, sums: &Sums, at: Timestamp) {
        let hour = at.micros().div_euclid(HOUR_S * 1_000_000);
        self.0.entry((agent, hour)).or_default().add(sums);
    }

    pub fn forget_before(&mut self, now: Timestamp) {
        let oldest = (now - TimeDelta::hours(i64::from(MOST_HOURS) + 1)).micros().div_euclid(HOUR_S * 1_000_000);
        self.0.retain(|(_, hour), _| *hour >= oldest);
    }

    /// Of the hour that runs and those before it.
    pub fn over(&self, agent: &ActorId, hours: u32, now: Timestamp) -> Sums {
        let last = now.micros().div_euclid(HOUR_S * 1_000_000);
        let range = (agent.clone(), last - i64::from(hours) + 1)..=(agent.clone(), last);
        let mut all = Sums::default();
        self.0.range(range).for_each(|(_, sums)| all.add(sums));
        all
    }
}

fn whose(crew: &Crew, task: millwright_domain::ids::TaskId) -> Option<ActorId> {
    Some(crew.tasks.get(&task)?.delivery.as_ref()?.agent.clone())
}

fn of_call(call: &ModelCalled) -> Sums {
    Sums {
        calls: 1,
        errors: u64::from(call.failed.is_some()),
        tokens: call.usage.unwrap_or_default(),
        inference_ms: call.took_ms,
        cost_nano_dollars: u64::try_from(call.cost.0).unwrap_or_default(),
        ..Sums::default()
    }
}

fn of_report(figures: &Figures) -> Sums {
    let Figures { tokens, calls, errors, inference_ms, cost_nano_dollars, .. } = figures;
    Sums { calls: *calls, errors: *errors, tokens: *tokens, inference_ms: *inference_ms, cost_nano_dollars: *cost_nano_dollars, ..Sums::default() }
}
