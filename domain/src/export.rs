//! A fact as it leaves in an export: with all that is needed to check its hash again, alone or after the one before it.

use crate::{chain::Hash, position::PartitionId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One line of an export. `record` is the stored text to the letter, so the hash can be computed from it.
#[derive(Debug, Serialize, Deserialize)]
pub struct ExportedFact {
    pub partition: PartitionId,
    pub seq: u64,
    pub hash: Hash,
    /// Of the record before. Older exports have none, and are whole partitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_hash: Option<Hash>,
    pub record: Box<RawValue>,
}
