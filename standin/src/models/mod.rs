//! Servers of language models: each speaks one provider's interface, says what it was told to say, and keeps its own bill.

mod anthropic;
mod gemini;
mod ollama;
mod openai;
mod render;
mod script;

pub use script::{Bill, Say, Trouble};

use crate::{Faults, Served, serve};
use axum::Router;
use script::Script;
use serde_json::Value;
use std::io;

/// Whose interface it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tongue {
    OpenAi,
    Anthropic,
    Gemini,
    Ollama,
}

impl Tongue {
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Anthropic, Self::Gemini, Self::Ollama];

    fn routes(self, shared: Shared) -> Router {
        match self {
            Self::OpenAi => openai::routes(shared),
            Self::Anthropic => anthropic::routes(shared),
            Self::Gemini => gemini::routes(shared),
            Self::Ollama => ollama::routes(shared),
        }
    }
    /// What stands behind the address in the settings.
    fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1",
            Self::Gemini => "/v1beta",
            Self::Anthropic | Self::Ollama => "",
        }
    }
}

type Shared = crate::shared::Shared<Script>;

pub struct ModelServer {
    served: Served,
    shared: Shared,
    tongue: Tongue,
    pub faults: Faults,
}

impl ModelServer {
    /// The one key that it takes, and the one model that it has.
    pub const KEY: &str = "sk-standin-0123456789abcdef";
    pub const MODEL: &str = "standin-1";

    pub async fn start(tongue: Tongue) -> io::Result<Self> {
        let shared = Shared::default();
        let faults = Faults::new(shared.time.clone());
        let served = serve(tongue.routes(shared.clone()), faults.clone()).await?;
        Ok(Self { served, shared, tongue, faults })
    }

    /// As it stands in the settings.
    pub fn api(&self) -> String {
        format!("{}{}", self.served.url(), self.tongue.path())
    }
    /// What it says next, before anything of its own.
    pub fn says(&self, say: Say) {
        self.shared.state().next.push_back((say, None));
    }
    /// What it says from now on, when nothing else is said next.
    pub fn keeps_saying(&self, say: Say) {
        self.shared.state().usual = Some(say);
    }
    /// What goes wrong with the next answer.
    pub fn has(&self, trouble: Trouble) {
        self.shared.state().next.push_back((Say::Anything, Some(trouble)));
    }
    pub fn says_with(&self, say: Say, trouble: Trouble) {
        self.shared.state().next.push_back((say, Some(trouble)));
    }
    /// From now on about so many of a hundred answers go wrong, each in some way: always the same ones for the same seed.
    pub fn is_moody(&self, seed: u64, of_a_hundred: u32) {
        self.shared.state().mood(seed, of_a_hundred);
    }
    /// What it has counted, answer by answer, also of those that nobody heard to the end.
    pub fn bills(&self) -> Vec<Bill> {
        self.shared.state().bills.clone()
    }
    /// Bodies of the questions that it took, as they came.
    pub fn asked(&self) -> Vec<Value> {
        self.shared.state().asked.clone()
    }
}
