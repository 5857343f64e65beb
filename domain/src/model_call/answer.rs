//! What a model said. It is a proposal and nothing more: what follows from it goes through schema, policy and approval.

use super::Spent;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub said: Said,
    /// Where JSON was wanted: what was said, read and held against the schema.
    pub json: Option<Value>,
    pub ending: Ending,
    pub spent: Spent,
    /// The model as the provider calls it; often a dated version of what was asked for.
    pub model: String,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Said {
    pub text: String,
    pub calls: Vec<ToolCall>,
}

/// A wish to use a tool. Nothing runs it but our own code, after its arguments were held against the tool's schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    pub id: String,
    pub tool: String,
    pub arguments: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It had said all.
    Done,
    /// It wants tools used first.
    Tools,
    /// It reached the most it may say.
    Cut,
    /// The provider did not let it go on.
    Withheld,
}
