//! RecordModelCall: what became of one request to a language model, on the stream of the case that it was about.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{call::ModelCalled, envelope::StreamId, ids::CaseId, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The part that speaks to models.
const GATEWAY: &str = "svc-gateway";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordModelCall {
    pub called: ModelCalled,
    /// `None`: it was about no case, and stands with what the agent spends.
    pub case: Option<CaseId>,
}

impl RecordModelCall {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        if circumstances.by.as_str() != GATEWAY {
            return Err(senseless("not_the_gateway", "only the gateway knows what became of a call"));
        }
        let known = self.case.filter(|case| site.case(*case).file().is_some());
        let stream = known.map_or_else(|| StreamId::agent(&self.called.agent), StreamId::case);
        Ok(Decision::one(stream, self.called.clone()))
    }
}
