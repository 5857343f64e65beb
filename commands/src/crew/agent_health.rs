//! ReportMetrics, BlockAgent, UnblockAgent, CheckAgent, ChooseModel: how one of the crew is, and which model it thinks with.

use super::known_agent;
use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    agent::{AgentBlocked, AgentFellSilent, AgentReported, AgentUnblocked, Figures, ModelChosen, Presence, REPORTS_EVERY},
    envelope::StreamId,
    ids::ActorId,
    plain,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Of each figure of one report. Sums of many reports stay far from where whole numbers end.
const MOST: u64 = 1_000_000_000_000_000;
const MOST_CPU_PERCENT: f64 = 100_000.0;
const LONGEST_MODEL: usize = 96;
const LONGEST_BLOCKER: usize = 200;

/// Asked by the agent itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportMetrics {
    pub figures: Figures,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockAgent {
    pub agent: ActorId,
    pub blocker: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnblockAgent {
    pub agent: ActorId,
}

/// Asked by the timekeeper, 15 minutes after the agent was heard last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckAgent {
    pub agent: ActorId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChooseModel {
    pub agent: ActorId,
    pub model: String,
}

impl ReportMetrics {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let (by, at) = (circumstances.by, circumstances.now.wall);
        let known = known_agent(site, by)?;
        if !matches!(known.presence, Presence::Up | Presence::Draining) {
            return Err(senseless("not_joined", "join first, with `joinCrew`"));
        }
        if let Some(next) = known.reported_at.map(|last| last + REPORTS_EVERY).filter(|next| at < *next) {
            return Err(senseless("too_soon", format_args!("the next report is taken from {next} on; add up until then")));
        }
        self.checked()?;
        let reported = AgentReported { agent: by.clone(), at, figures: self.figures.clone() };
        Ok(Decision::one(StreamId::agent(by), reported).about(by))
    }

    fn checked(&self) -> Result<(), Refused> {
        let Figures { cpu_percent, memory_bytes, tokens, calls, errors, inference_ms, cost_nano_dollars, model } = &self.figures;
        let sums = [*calls, *errors, *inference_ms, *cost_nano_dollars, tokens.total(), memory_bytes.unwrap_or(0)];
        if sums.iter().any(|sum| *sum > MOST) || cpu_percent.is_some_and(|percent| !(0.0..=MOST_CPU_PERCENT).contains(&percent)) {
            return Err(senseless("bad_figures", format_args!("no figure is below 0 or above {MOST}; report what happened since the last report")));
        }
        model.as_deref().map_or(Ok(()), named)
    }
}

impl BlockAgent {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let known = known_agent(site, &self.agent)?;
        of_itself(&circumstances, &self.agent)?;
        let blocker = plain::cleaned(&self.blocker, LONGEST_BLOCKER);
        if blocker.is_empty() {
            return Err(senseless("no_blocker", "say in a line what it waits for"));
        }
        if known.blocker.as_ref() == Some(&blocker) {
            return Ok(Decision::AlreadySo);
        }
        Ok(Decision::one(StreamId::agent(&self.agent), AgentBlocked { agent: self.agent.clone(), blocker }).about(&self.agent))
    }
}

impl UnblockAgent {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let known = known_agent(site, &self.agent)?;
        of_itself(&circumstances, &self.agent)?;
        if known.blocker.is_none() {
            return Ok(Decision::AlreadySo);
        }
        Ok(Decision::one(StreamId::agent(&self.agent), AgentUnblocked { agent: self.agent.clone() }).about(&self.agent))
    }
}

impl CheckAgent {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let known = known_agent(site, &self.agent)?;
        match known.silent_at() {
            None => Ok(Decision::AlreadySo),
            Some(due) if circumstances.now.wall < due => Err(senseless("not_yet", format_args!("it was heard at {}", known.heard_at))),
            Some(_) => {
                let silent = AgentFellSilent { agent: self.agent.clone(), since: known.heard_at };
                Ok(Decision::one(StreamId::agent(&self.agent), silent).about(&self.agent))
            }
        }
    }
}

impl ChooseModel {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let known = known_agent(site, &self.agent)?;
        let by = circumstances.person("only a person chooses a model")?.clone();
        named(&self.model)?;
        if known.model.as_ref() == Some(&self.model) {
            return Ok(Decision::AlreadySo);
        }
        let chosen = ModelChosen { agent: self.agent.clone(), model: self.model.clone(), by };
        Ok(Decision::one(StreamId::agent(&self.agent), chosen).about(&self.agent))
    }
}

/// As providers name them: `gpt-4.1-mini`, `qwen2.5:7b`, `org/model@rev`.
fn named(model: &str) -> Result<(), Refused> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/@".contains(&byte);
    if (1..=LONGEST_MODEL).contains(&model.len()) && model.bytes().all(is_plain) {
        return Ok(());
    }
    Err(senseless("bad_model", format_args!("a model's name is 1 to {LONGEST_MODEL} letters, digits and -_.:/@")))
}

/// A program outside speaks of itself only; people and parts of Millwright of anybody.
fn of_itself(circumstances: &Circumstances<'_>, agent: &ActorId) -> Result<(), Refused> {
    let by = circumstances.by;
    if by.is_service() && !by.is_part() && by != agent {
        return Err(senseless("not_yours", "an agent says this of itself only"));
    }
    Ok(())
}
