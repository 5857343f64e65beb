//! ReportReadingsDropped: a collector says what it measured and could not keep, so that the hole in the record is itself on record.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{collecting::ReadingsDropped, envelope::StreamId, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportReadingsDropped {
    pub dropped: ReadingsDropped,
}

impl ReportReadingsDropped {
    pub(crate) fn decide(&self, _: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        if self.dropped.scans == 0 || self.dropped.last < self.dropped.first {
            return Err(senseless("nothing_dropped", "a report of dropped scans counts at least one, and its last is not before its first"));
        }
        Ok(Decision::one(StreamId::device(&self.dropped.device), self.dropped.clone()))
    }
}
