//! Agents' figures for Prometheus: counted as facts come, from the start of the program on.

use super::tally::Sums;
use metrics::{counter, gauge};
use millwright_domain::{
    agent::AgentStatus,
    ids::{ActorId, SiteId},
    site::Site,
    task::Stage,
};

const STATUSES: [(AgentStatus, &str); 7] = [
    (AgentStatus::NotSpawned, "not_spawned"),
    (AgentStatus::Idle, "idle"),
    (AgentStatus::Active, "active"),
    (AgentStatus::Blocked, "blocked"),
    (AgentStatus::Draining, "draining"),
    (AgentStatus::Stopped, "stopped"),
    (AgentStatus::Silent, "silent"),
];

pub(super) fn count(site: &SiteId, agent: &ActorId, sums: &Sums) {
    let labels = || [("site", site.to_string()), ("agent", agent.to_string())];
    counter!("millwright_agent_calls_total", &labels()).increment(sums.calls);
    counter!("millwright_agent_errors_total", &labels()).increment(sums.errors);
    counter!("millwright_agent_tokens_total", &labels()).increment(sums.tokens.total());
    counter!("millwright_agent_inference_milliseconds_total", &labels()).increment(sums.inference_ms);
    counter!("millwright_agent_cost_nano_dollars_total", &labels()).increment(sums.cost_nano_dollars);
    counter!("millwright_agent_results_accepted_total", &labels()).increment(sums.accepted);
    counter!("millwright_agent_results_sent_back_total", &labels()).increment(sums.sent_back);
}

pub(super) fn show(site: &SiteId, state: &Site) {
    let agents = &state.crew.agents;
    for (status, word) in STATUSES {
        let many = agents.values().filter(|agent| agent.status() == status).count();
        gauge!("millwright_agents", "site" => site.to_string(), "status" => word).set(many as f64);
    }
    for stage in Stage::ALL.into_iter().filter(|stage| !stage.is_over()) {
        let many = state.crew.open_tasks().filter(|(_, task)| task.stage == stage).count();
        gauge!("millwright_tasks", "site" => site.to_string(), "stage" => stage.to_string().to_lowercase()).set(many as f64);
    }
    gauge!("millwright_agent_alarms", "site" => site.to_string()).set(state.crew.breaches.len() as f64);
}

/// Another node shows them by now.
pub(super) fn gone(site: &SiteId) {
    for (_, word) in STATUSES {
        gauge!("millwright_agents", "site" => site.to_string(), "status" => word).set(f64::NAN);
    }
    for stage in Stage::ALL.into_iter().filter(|stage| !stage.is_over()) {
        gauge!("millwright_tasks", "site" => site.to_string(), "stage" => stage.to_string().to_lowercase()).set(f64::NAN);
    }
    gauge!("millwright_agent_alarms", "site" => site.to_string()).set(f64::NAN);
}
