//! Language models behind the domain's port: one file for each way of speaking to them, one for sending, and the built-in rules.

mod anthropic;
mod dialect;
mod frames;
mod gemini;
mod heard;
mod ollama;
mod openai;
mod rules;
mod settings;

use dialect::Spoken;
pub use rules::Rules;
pub use settings::{BadModels, DeploymentSettings, ModelSettings, Models, PriceSettings, Speaks};
