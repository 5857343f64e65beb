//! Asking a language model once. Who is asked, whether there is money for it, and what follows from a failure is the caller's matter.

use crate::model_call::{Answer, CallFailed, Prompt, Spent};
use async_trait::async_trait;
use std::time::Duration;

/// Vectors for texts, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    pub vectors: Vec<Vec<f32>>,
    pub spent: Spent,
    pub model: String,
}

/// Told what was said as it comes. Must not block.
pub type Tell<'a> = &'a mut (dyn FnMut(&str) + Send);

/// One deployment. Sends each request once and never tries again by itself. Where the prompt wants JSON, an answer holds JSON that keeps to
/// its schema, or the call has failed. Dropping the future ends the request.
#[async_trait]
pub trait LanguageModel: Send + Sync {
    async fn complete(&self, prompt: &Prompt, within: Duration) -> Result<Answer, CallFailed>;

    /// The same, telling the text in pieces on the way. What was told may be no part of an answer: the call can still fail.
    async fn stream(&self, prompt: &Prompt, within: Duration, tell: Tell<'_>) -> Result<Answer, CallFailed>;

    /// How many tokens of input the provider would count; `None` where it cannot be asked.
    async fn count(&self, _prompt: &Prompt, _within: Duration) -> Option<u64> {
        None
    }

    async fn vectors(&self, _texts: &[String], _within: Duration) -> Result<Vectors, CallFailed> {
        Err(CallFailed::Refused("this model makes no vectors; choose another deployment".into()))
    }
}
