//! The crew: each looks into a case from one side and says what it found, in words for people. None of them can act or approve.

pub mod briefing;
pub mod cartographer;
pub mod checklists;
pub mod choosing;
pub mod hunter;
pub mod letters;
pub mod told_by_model;
pub mod triage;
pub mod voice;
pub mod watchman;
pub mod weaver;

use async_trait::async_trait;
use briefing::Briefing;
use choosing::Choices;
use millwright_domain::{Timestamp, ids::ActorId, investigation::Citation};
use std::sync::Arc;

/// What one agent found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Finding {
    pub text: String,
    pub citations: Vec<Citation>,
    /// The model that wrote it; `None`: it came by rules.
    pub model: Option<String>,
    /// What a model named that the rules had not found: left out.
    pub dropped: u32,
}

/// What the rules found, and what a model may choose from where one is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub finding: Finding,
    pub choices: Option<Choices>,
}

impl Finding {
    pub fn by_rules(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// One agent that can be asked about a case.
#[async_trait]
pub trait CrewMember: Send + Sync {
    fn name(&self) -> ActorId;

    /// By rules alone; `Err` says why there is nothing.
    async fn find(&self, case: &Briefing) -> Result<Found, String>;

    /// What it says. `until` is wall time: what comes later is not heard.
    async fn look_into(&self, case: &Briefing, _until: Timestamp) -> Result<Finding, String> {
        self.find(case).await.map(|found| found.finding)
    }
}

/// Who makes one report of what the others found.
#[async_trait]
pub trait ReportWriter: Send + Sync {
    fn name(&self) -> ActorId;

    /// Always there: without a model, and when a model fails, the report comes by rules.
    async fn write(&self, case: &Briefing, found: &[(ActorId, Finding)], missing: &[ActorId], until: Timestamp) -> Finding;
}

/// Who is asked about each case, and who writes the report.
#[derive(Clone)]
pub struct Crew {
    pub members: Vec<Arc<dyn CrewMember>>,
    pub writer: Arc<dyn ReportWriter>,
}
