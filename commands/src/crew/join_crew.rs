//! JoinCrew, SpawnAgent, DrainAgent, StopAgent: who is on a site's crew. An agent joins by itself; whether it may stay is for people to say.

use super::{known_agent, on};
use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    agent::{Agent, AgentDrained, AgentJoined, AgentSpawned, AgentStopped, Presence},
    envelope::StreamId,
    ids::{ActorId, Capability, CrewRole},
    site::Site,
    task::{LeaseLost, Loss},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const MOST_CAPABILITIES: usize = 32;
const MOST_AT_ONCE: u32 = 16;
/// On one site's crew.
const MOST_AGENTS: usize = 500;

/// Asked by the agent itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JoinCrew {
    pub role: CrewRole,
    pub capabilities: BTreeSet<Capability>,
    pub at_once: u32,
    /// How often it says how it is when nothing happens. Only parts of Millwright, which are supervised otherwise, may be seldom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reports_every_s: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpawnAgent {
    pub agent: ActorId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DrainAgent {
    pub agent: ActorId,
}

/// By a person, or by the agent itself when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StopAgent {
    pub agent: ActorId,
}

impl JoinCrew {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.by;
        if !by.is_service() {
            return Err(senseless("not_an_agent", "people are on no crew; a program joins under its own name, which begins with agent-"));
        }
        if !(1..=MOST_CAPABILITIES).contains(&self.capabilities.len()) || !(1..=MOST_AT_ONCE).contains(&self.at_once) {
            let why = format!("join with 1 to {MOST_CAPABILITIES} capabilities, to work on 1 to {MOST_AT_ONCE} tasks at once");
            return Err(senseless("bad_agent", why));
        }
        let reports_every_s = self.reports_every_s.filter(|_| by.is_part());
        match site.crew.agents.get(by) {
            Some(known) => match known.presence {
                Presence::Stopped => return Err(senseless("agent_stopped", "a person stopped you; only a person has you spawned again")),
                Presence::Draining => return Err(senseless("agent_draining", "a person drains you; only a person has you spawned again")),
                Presence::Up if self.is_so(known, reports_every_s) => return Ok(Decision::AlreadySo),
                Presence::Up | Presence::Wanted | Presence::Left => {}
            },
            None if site.crew.agents.len() >= MOST_AGENTS => {
                return Err(senseless("crew_full", format_args!("{MOST_AGENTS} agents have joined this site; use a name that joined before")));
            }
            None => {}
        }
        let (agent, role, capabilities) = (by.clone(), self.role.clone(), self.capabilities.clone());
        let joined = AgentJoined { agent, role, capabilities, at_once: self.at_once, at: circumstances.now.wall, reports_every_s };
        Ok(Decision::one(StreamId::agent(by), joined).about(by))
    }

    fn is_so(&self, known: &Agent, reports_every_s: Option<u32>) -> bool {
        let same_pace = known.reports_every_s == reports_every_s;
        !known.silent && known.role == self.role && known.capabilities == self.capabilities && known.at_once == self.at_once && same_pace
    }
}

impl SpawnAgent {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let known = known_agent(site, &self.agent)?;
        let by = circumstances.person("only a person has an agent spawned")?.clone();
        match known.presence {
            Presence::Up | Presence::Wanted => Ok(Decision::AlreadySo),
            Presence::Draining | Presence::Stopped | Presence::Left => {
                Ok(Decision::one(StreamId::agent(&self.agent), AgentSpawned { agent: self.agent.clone(), by }).about(&self.agent))
            }
        }
    }
}

impl DrainAgent {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let known = known_agent(site, &self.agent)?;
        let by = circumstances.person("only a person drains an agent; to end by itself an agent delivers what it has and says `stopAgent`")?.clone();
        if known.presence != Presence::Up {
            return Ok(Decision::AlreadySo);
        }
        Ok(Decision::one(StreamId::agent(&self.agent), AgentDrained { agent: self.agent.clone(), by }).about(&self.agent))
    }
}

impl StopAgent {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let known = known_agent(site, &self.agent)?;
        if *circumstances.by != self.agent {
            circumstances.person("an agent stops nobody but itself")?;
        }
        let is_gone = match known.presence {
            Presence::Stopped => true,
            Presence::Left => *circumstances.by == self.agent,
            Presence::Up | Presence::Wanted | Presence::Draining => false,
        };
        if is_gone {
            return Ok(Decision::AlreadySo);
        }
        let stopped = AgentStopped { agent: self.agent.clone(), by: circumstances.by.clone() };
        let mut facts = vec![(StreamId::agent(&self.agent), stopped.into())];
        let held = known.holds.iter().filter_map(|task| Some((*task, site.crew.tasks.get(task)?.lease.as_ref()?.fence)));
        facts.extend(held.map(|(task, fence)| on(task, LeaseLost { task, fence, why: Loss::AgentStopped })));
        Ok(Decision::Facts { facts, subject: Some(self.agent.to_string()) })
    }
}
