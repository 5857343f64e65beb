//! The crew: each looks into a case from one side and says what it found, in words for people. None of them can act or approve.

pub mod briefing;
pub mod cartographer;
pub mod checklists;
pub mod hunter;
pub mod told_by_model;
pub mod triage;
pub mod watchman;
pub mod weaver;

use async_trait::async_trait;
use briefing::Briefing;
use millwright_domain::{Timestamp, ids::ActorId, investigation::Citation};
use std::sync::Arc;

/// What one agent found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Finding {
    pub text: String,
    pub citations: Vec<Citation>,
    /// The model that wrote it; `None`: it came by rules.
    pub model: Option<String>,
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

    /// What it found; `Err` says why there is nothing. `until` is wall time: what comes later is not heard.
    async fn look_into(&self, case: &Briefing, until: Timestamp) -> Result<Finding, String>;
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
