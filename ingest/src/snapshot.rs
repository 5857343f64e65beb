//! How a held device stands, for people and health checks.

use crate::{collect::lateness::Punctuality, protocol::Savings};
use millwright_domain::{Timestamp, ids::DeviceId};
use serde::Serialize;

/// How a device stands that is held here.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceSnapshot {
    pub device: DeviceId,
    /// The assignment it is collected under; what is counted below is counted since it began.
    pub epoch: u64,
    pub address: String,
    pub units: Vec<UnitSnapshot>,
    pub punctuality: Punctuality,
    pub saved: Savings,
    /// Readings that were measured and said nothing new.
    pub left_out: u64,
    /// How many times its collector was started anew, and how many gaps were noticed, since the program began.
    pub restarts: u64,
    pub gaps: u64,
    pub scans: u64,
    /// Scans that found no room because the log was away.
    pub dropped: u64,
    pub clock_jumps_back: u64,
}

impl DeviceSnapshot {
    /// Connections that were opened again, over all units.
    pub fn reconnects(&self) -> u64 {
        self.units.iter().map(|unit| unit.connects.saturating_sub(1)).sum()
    }
    pub fn is_connected(&self) -> bool {
        !self.units.is_empty() && self.units.iter().all(|unit| unit.state == "connected")
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnitSnapshot {
    pub unit: u16,
    pub state: &'static str,
    pub last_error: Option<String>,
    pub connects: u64,
    pub requests: u64,
    /// Since when it has not answered, while it does not.
    pub silent_since: Option<Timestamp>,
    /// Health checks that it has failed in a row.
    pub failed_checks: u32,
}
