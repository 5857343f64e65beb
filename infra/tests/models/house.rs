//! A server of one provider, and a deployment that is configured for it as in the settings.

use millwright_domain::{
    model_call::{Answer, CallFailed, Prompt, Usage},
    ports::language_model::LanguageModel,
    untrusted::Nonce,
};
use millwright_infra::{
    models::ModelSettings,
    outward::{Outward, OutwardSettings},
};
use millwright_standin::models::{Bill, ModelServer, Tongue};
use serde_json::{Value, json};
use std::{fs, sync::Arc, time::Duration};
use tempfile::TempDir;

pub const LONG: Duration = Duration::from_secs(20);

pub struct House {
    pub tongue: Tongue,
    pub server: ModelServer,
    pub model: Arc<dyn LanguageModel>,
    folder: TempDir,
}

impl House {
    pub async fn of(tongue: Tongue) -> Self {
        let (server, folder) = (ModelServer::start(tongue).await.unwrap(), tempfile::tempdir().unwrap());
        let model = model(tongue, &server.api(), ModelServer::MODEL, ModelServer::KEY, &folder);
        Self { tongue, server, model, folder }
    }
    pub fn with(&self, api: &str, model: &str, key: &str) -> Arc<dyn LanguageModel> {
        self::model(self.tongue, api, model, key, &self.folder)
    }
    pub async fn asks(&self, prompt: &Prompt) -> Result<Answer, CallFailed> {
        self.model.complete(prompt, LONG).await
    }
    /// With what was told on the way.
    pub async fn hears(&self, prompt: &Prompt, within: Duration) -> (Result<Answer, CallFailed>, String) {
        let mut told = String::new();
        let mut tell = |text: &str| told.push_str(text);
        let answer = self.model.stream(prompt, within, &mut tell).await;
        (answer, told)
    }
    pub fn bill(&self) -> Bill {
        self.server.bills().last().copied().unwrap()
    }
    /// What the server's bill is in our classes, where it tells them apart.
    pub fn billed(&self) -> Usage {
        let Bill { input, cached, output, thought, .. } = self.bill();
        match self.tongue {
            Tongue::OpenAi | Tongue::Gemini => {
                Usage { input: input - cached, cache_read: cached, cache_write: 0, output: output - thought, reasoning: thought }
            }
            Tongue::Anthropic => Usage { input: input - cached, cache_read: cached, output, ..Usage::default() },
            Tongue::Ollama => Usage { input, output, ..Usage::default() },
        }
    }
}

fn model(tongue: Tongue, api: &str, model: &str, key: &str, folder: &TempDir) -> Arc<dyn LanguageModel> {
    let file = folder.path().join(format!("key-{}", key.len()));
    fs::write(&file, key).unwrap();
    let speaks = format!("{tongue:?}").to_lowercase();
    let mut deployment = json!({ "speaks": speaks, "model": model, "api": api });
    if tongue != Tongue::Ollama {
        deployment["key"] = file.to_str().unwrap().into();
    }
    let settings: ModelSettings = serde_json::from_value(json!({ "deployments": { "one": deployment } })).unwrap();
    let outward = Outward::new(OutwardSettings { allow: vec!["127.0.0.1".into()], timeout_s: 20 }).unwrap();
    settings.models(&outward).unwrap().deployments.remove(0).1
}

pub fn prompt() -> Prompt {
    Prompt::new("You look at machines.", Nonce::of(0xfeed)).say("What is wrong with pump-1?").at_most(400)
}

pub fn schema() -> Value {
    json!({
        "type": "object",
        "properties": { "cause": { "type": "string", "enum": ["bearing_wear", "clogging"] }, "confidence": { "type": "number", "minimum": 0 } },
        "required": ["cause", "confidence"],
        "additionalProperties": false,
    })
}
