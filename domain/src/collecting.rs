//! Who collects from which device, and what never reached the log.

use crate::{
    Timestamp,
    ids::{DeviceId, NodeId},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// From here on this node alone reads and writes the device. Scans and writes under a lower epoch are a former collector's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceAssigned {
    pub device: DeviceId,
    /// Higher than any epoch under which the device was read before.
    pub epoch: u64,
    pub collector: NodeId,
}

/// Scans were measured and could not be kept: the log was away for longer than the collector's store could bridge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadingsDropped {
    pub device: DeviceId,
    /// The assignment they were measured under.
    pub epoch: u64,
    pub scans: u64,
    /// When the first and the last of them were measured, plant time.
    pub first: Timestamp,
    pub last: Timestamp,
    pub why: String,
}
