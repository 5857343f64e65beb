//! Who collects from which device, when it did not answer, and what never reached the log.

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

/// A unit of a device has not answered for some seconds, and does not now. Under a later assignment it is told anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceFellSilent {
    pub device: DeviceId,
    /// The assignment that it is collected under.
    pub epoch: u64,
    pub unit: u16,
    /// When it was heard last under this assignment, else when collecting began; plant time.
    pub since: Timestamp,
    pub why: String,
}

/// A unit of a device answers again. Between these times values are missing. Gaps that follow each other closely are told as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeviceAnswered {
    pub device: DeviceId,
    pub epoch: u64,
    pub unit: u16,
    /// The last answer before the first gap, and the first one after the last; plant time.
    pub since: Timestamp,
    pub until: Timestamp,
    /// How many times it fell silent in between.
    pub gaps: u32,
    /// Scans without an answer, where it can be said how many there should have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    /// Of the first gap.
    pub why: String,
}

/// A device is collected from again under a new assignment: between its last value under a former one and its first scan under this, nothing
/// was measured, or what was measured was lost with the program that did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CollectionResumed {
    pub device: DeviceId,
    pub epoch: u64,
    pub former_epoch: u64,
    /// The last scan before that brought a value, and the first one after; plant time.
    pub since: Timestamp,
    pub until: Timestamp,
    pub why: String,
}
