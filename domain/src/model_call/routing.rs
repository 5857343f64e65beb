//! A routing decision as data: which deployments stood to choice, in what order they are tried, and why each other one was passed over.

use super::Capability;
use crate::{
    Timestamp,
    ids::{DeploymentName, ModelClass},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Considered {
    pub deployment: DeploymentName,
    pub verdict: Verdict,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is tried as so-manieth, from 1.
    Chosen(u32),
    Skipped(Skipped),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Skipped {
    /// The agent may not use it.
    NotAllowed,
    /// What is asked must not leave the house.
    LeavesTheHouse,
    OtherClass {
        class: ModelClass,
    },
    Lacks {
        capability: Capability,
    },
    /// Input and output together would not fit.
    TooSmall {
        needs: u64,
        has: u64,
    },
    /// Nobody said what it costs, so it may cost anything.
    NoPrice,
    /// It failed, or wants to be left alone.
    LeftAlone {
        until: Timestamp,
    },
    /// It is just being tried again, by one call.
    BeingProbed,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed => f.write_str("the agent may not use it"),
            Self::LeavesTheHouse => f.write_str("it is not in the house, and what is asked must not leave it"),
            Self::OtherClass { class } => write!(f, "it is of the class {class}"),
            Self::Lacks { capability } => write!(f, "it cannot do {capability:?}"),
            Self::TooSmall { needs, has } => write!(f, "{needs} tokens are needed, it takes {has}"),
            Self::NoPrice => f.write_str("it has no price in force; write one under models.deployments"),
            Self::LeftAlone { until } => write!(f, "it is left alone until {until}"),
            Self::BeingProbed => f.write_str("it failed, and is being tried again by another call"),
        }
    }
}
