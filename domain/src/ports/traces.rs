//! Who keeps the traces of cases, for people who look at them beside those of their other programs.

use crate::{Timestamp, trace::TraceContext};
use async_trait::async_trait;
use thiserror::Error;

/// One step of a case and how long it took, in wall time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub context: TraceContext,
    /// The step that led to it; `None` for the case itself.
    pub parent: Option<u64>,
    pub name: String,
    pub began: Timestamp,
    pub ended: Timestamp,
    /// Why it counts as failed, if it does.
    pub failed: Option<String>,
    /// No person's name, no free text.
    pub attributes: Vec<(&'static str, String)>,
}

/// They are sent again.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("traces were not taken: {0}")]
pub struct NotTraced(pub String);

#[async_trait]
pub trait Traces: Send + Sync {
    /// May come twice: a span of the same ids is the same span.
    async fn keep(&self, spans: &[Span]) -> Result<(), NotTraced>;
}
