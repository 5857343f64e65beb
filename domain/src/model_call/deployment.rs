//! One way to one model, as the settings describe it: what it is good for, what it can do, and whether asking it leaves the house.

use crate::ids::{DeploymentName, ModelClass};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    pub name: DeploymentName,
    /// Whose interface it speaks: `openai`, `anthropic`, …
    pub provider: String,
    /// As the provider calls it.
    pub model: String,
    pub class: ModelClass,
    pub can: BTreeSet<Capability>,
    /// Stands in this house: nothing of a prompt leaves it.
    pub is_local: bool,
    /// Its share among deployments that cost the same.
    pub weight: u32,
    /// Input and output together, in tokens.
    pub context: u64,
    /// How many tokens it can say at once.
    pub most_output: u32,
    /// Whether the provider is asked to count the input before each call: exact, and one more request.
    pub counts_first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Asks for tools to be used.
    Tools,
    /// Answers in a given JSON schema.
    Json,
    /// Looks at pictures.
    Vision,
    /// Turns texts into vectors.
    Vectors,
}

/// What an agent may use; a person changes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ModelPolicy {
    /// Nothing that it asks may leave the house.
    pub local_only: bool,
    /// Left out: any deployment. `rules` is always there.
    pub allowed: Option<BTreeSet<DeploymentName>>,
    /// Tried first, whatever it costs beside others.
    pub preferred: Option<DeploymentName>,
}
