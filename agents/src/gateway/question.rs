//! What an agent asks the gateway, and what it gets.

use super::purse::Denied;
use crate::office::doing;
use chrono::TimeDelta;
use millwright_domain::{
    going_round::LoopSign,
    ids::{ActorId, CaseId, DeploymentName, ModelClass, SiteId},
    model_call::{Answer, CallFailed, Capability, Considered, ModelPolicy, NanoDollars, Prompt, Verdict},
};
use std::collections::BTreeSet;
use thiserror::Error;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Its name: reservations follow from it, so that asking anew under it never holds twice for one attempt.
    pub call: Uuid,
    pub agent: ActorId,
    pub site: Option<SiteId>,
    pub case: Option<CaseId>,
    pub task: Option<String>,
    pub class: ModelClass,
    pub policy: ModelPolicy,
    pub prompt: Prompt,
    /// For the whole of it, all attempts and waits together; left out, as the settings say.
    pub within: Option<TimeDelta>,
    /// May use what the budget keeps for critical cases.
    pub is_critical: bool,
}

impl Question {
    pub fn new(call: Uuid, agent: ActorId, class: ModelClass, prompt: Prompt) -> Self {
        let (policy, task) = (ModelPolicy::default(), doing::task().map(|task| task.to_string()));
        Self { call, agent, site: None, case: None, task, class, policy, prompt, within: None, is_critical: false }
    }

    /// What follows from the prompt.
    pub fn needs(&self) -> BTreeSet<Capability> {
        let tools = (!self.prompt.tools().is_empty()).then_some(Capability::Tools);
        let json = self.prompt.wanted().map(|_| Capability::Json);
        tools.into_iter().chain(json).collect()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    pub answer: Answer,
    pub deployment: DeploymentName,
    /// Of the whole call, attempts that failed and counted included.
    pub cost: NanoDollars,
    /// Requests that left.
    pub attempts: u32,
    /// Why it is the built-in model's answer and no other's.
    pub plainly: Option<Unanswered>,
}

/// Why no model answered.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Unanswered {
    #[error("no model may be asked: {}", in_words(.0))]
    NoneFits(Vec<Considered>),
    #[error("{0}; rules go on without a model, and a person can raise the budget")]
    Denied(Denied),
    #[error("{0}")]
    Failed(CallFailed),
    #[error("there was no time left to ask")]
    TooLate,
    #[error("{}; it goes on by its rules", .0.as_str())]
    WentRound(LoopSign),
}

fn in_words(considered: &[Considered]) -> String {
    let one = |one: &Considered| match &one.verdict {
        Verdict::Skipped(why) => Some(format!("{}: {why}", one.deployment)),
        Verdict::Chosen(_) => None,
    };
    let words: Vec<String> = considered.iter().filter_map(one).collect();
    if words.is_empty() { "there is none; write one under models.deployments".into() } else { words.join("; ") }
}
