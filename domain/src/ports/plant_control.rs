//! Steering a simulated plant: load a scenario, start, stop, ask how it stands.

use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

/// Why a scenario request was refused, for the person who sent it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ScenarioRefused(pub String);

/// How the simulated plant stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScenarioStatus {
    pub scenario: String,
    pub running: bool,
    /// Simulated seconds since the scenario began.
    pub elapsed_s: f64,
    /// Simulated seconds per real second.
    pub speed: f64,
    /// Ends of what the scenario still holds, for people; the ground truth itself is not here.
    pub remaining_steps: usize,
}

#[async_trait]
pub trait PlantControl: Send + Sync {
    /// A shipped scenario by name (`"normal"`), or a whole scenario as an object.
    async fn load(&self, scenario: Value) -> Result<ScenarioStatus, ScenarioRefused>;
    async fn start(&self) -> Result<ScenarioStatus, ScenarioRefused>;
    async fn stop(&self) -> Result<ScenarioStatus, ScenarioRefused>;
    async fn status(&self) -> ScenarioStatus;
    /// A person has repaired the machine: its faults end, wear is reset.
    async fn repair(&self, asset: &str) -> Result<ScenarioStatus, ScenarioRefused>;
}
