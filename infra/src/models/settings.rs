//! Deployments of language models as the settings name them, with their prices by date.

use super::{Spoken, anthropic::Anthropic, gemini::Gemini, ollama::Ollama, openai::OpenAi};
use crate::{outward::Outward, secret::SecretSource};
use chrono::{NaiveDate, NaiveTime};
use millwright_domain::{
    Timestamp,
    model_call::{BadPrice, Capability, Deployment, NanoDollars, Price, PriceList, PriceVersion},
    ports::language_model::LanguageModel,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSettings {
    /// How many requests one question may make, over all deployments.
    pub attempts: u32,
    /// How long one question may take, over all of them, if its asker does not say.
    pub within_s: u32,
    /// After so many failures in a row a deployment is left alone …
    pub failures: u32,
    /// … for so many seconds, and twice as long each time it fails again, up to ten minutes.
    pub pause_s: u32,
    /// Questions about one case, of all the crew together; whoever asks more goes round in circles and goes on by its rules.
    pub questions_a_case: u32,
    /// The class of models that the crew asks where no person has chosen another.
    pub report_class: String,
    /// For how many days what was asked and answered can be read and asked again; 0: until a person has it destroyed.
    pub keep_words_days: u32,
    pub deployments: BTreeMap<String, DeploymentSettings>,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            attempts: 3,
            within_s: 60,
            failures: 5,
            pause_s: 30,
            questions_a_case: 20,
            report_class: "standard".into(),
            keep_words_days: 90,
            deployments: BTreeMap::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaks {
    Openai,
    Anthropic,
    Gemini,
    Ollama,
}

impl Speaks {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }
    const fn usual_api(self) -> &'static str {
        match self {
            Self::Openai => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com",
            Self::Gemini => "https://generativelanguage.googleapis.com/v1beta",
            Self::Ollama => "http://127.0.0.1:11434",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeploymentSettings {
    pub speaks: Speaks,
    /// As the provider calls it.
    pub model: String,
    /// Where it is; left out, the provider's own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SecretSource>,
    /// What it is good for; only models of one class stand in for each other.
    #[serde(default = "usual_class")]
    pub class: String,
    #[serde(default = "usual_can")]
    pub can: BTreeSet<Capability>,
    /// It stands in this house: nothing leaves it, and without prices it costs nothing.
    #[serde(default)]
    pub local: bool,
    #[serde(default = "usual_weight")]
    pub weight: u32,
    /// Input and output together, in tokens.
    #[serde(default = "usual_context")]
    pub context: u64,
    /// The most it says at once, in tokens.
    #[serde(default = "usual_output")]
    pub most_output: u32,
    /// Has the provider count the input before each call, where it can: one more request, and less is held.
    #[serde(default)]
    pub counts_first: bool,
    /// OpenAI's name of the limit; older servers know `max_tokens` only.
    #[serde(default = "usual_limit")]
    pub output_limit: String,
    #[serde(default)]
    pub prices: Vec<PriceSettings>,
}

fn usual_class() -> String {
    "standard".into()
}
fn usual_can() -> BTreeSet<Capability> {
    [Capability::Tools, Capability::Json].into()
}
fn usual_weight() -> u32 {
    1
}
fn usual_context() -> u64 {
    32_768
}
fn usual_output() -> u32 {
    4_096
}
fn usual_limit() -> String {
    "max_completion_tokens".into()
}

/// From a day on, in dollars for a million tokens, as text so that no float rounds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceSettings {
    pub from: NaiveDate,
    pub input: String,
    pub output: String,
    /// Left out, it is the price of input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<String>,
    /// Left out, it is the price of output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<String>,
}

#[derive(Debug, Error)]
pub enum BadModels {
    #[error("models.deployments has {name:?}; {cause}")]
    Name {
        name: String,
        #[source]
        cause: millwright_domain::ids::BadName,
    },
    #[error("models.deployments.{name}: {cause}")]
    Price {
        name: String,
        #[source]
        cause: BadPrice,
    },
    #[error("models.{0}")]
    Setting(String),
    #[error("models.deployments.{name}: {wrong}")]
    Deployment { name: String, wrong: &'static str },
}

/// All that can be asked, with what it costs.
#[derive(Default)]
pub struct Models {
    pub deployments: Vec<(Deployment, Arc<dyn LanguageModel>)>,
    pub prices: PriceList,
}

impl ModelSettings {
    /// Where keys are kept, by the names of their settings.
    pub fn secrets(&self) -> Vec<(String, &SecretSource)> {
        self.deployments.iter().filter_map(|(name, settings)| Some((format!("models.deployments.{name}.key"), settings.key.as_ref()?))).collect()
    }

    pub fn models(&self, outward: &Outward) -> Result<Models, BadModels> {
        let between = |name: &str, value: u32, most: u32| match value {
            1.. if value <= most => Ok(()),
            _ => Err(BadModels::Setting(format!("{name} is {value}; it must be between 1 and {most}"))),
        };
        between("attempts", self.attempts, 10)?;
        between("within_s", self.within_s, 600)?;
        between("failures", self.failures, 100)?;
        between("pause_s", self.pause_s, 600)?;
        between("questions_a_case", self.questions_a_case, 1_000)?;
        let mut models = Models::default();
        for (name, settings) in &self.deployments {
            let deployment = settings.deployment(name)?;
            for version in settings.versions(name)? {
                models.prices.add(deployment.name.clone(), version);
            }
            models.deployments.push((deployment, settings.model(outward)));
        }
        Ok(models)
    }
}

impl DeploymentSettings {
    fn deployment(&self, name: &str) -> Result<Deployment, BadModels> {
        let wrong = |wrong| BadModels::Deployment { name: name.into(), wrong };
        if name == "rules" {
            return Err(wrong("the name `rules` is the built-in model's; choose another"));
        }
        if self.model.trim().is_empty() {
            return Err(wrong("`model` is empty; write what the provider calls it"));
        }
        if self.weight == 0 || self.most_output == 0 || self.context <= u64::from(self.most_output) {
            return Err(wrong("weight and most_output must be at least 1, and context larger than most_output"));
        }
        let bad = |cause| BadModels::Name { name: name.into(), cause };
        Ok(Deployment {
            name: name.parse().map_err(bad)?,
            provider: self.speaks.as_str().into(),
            model: self.model.clone(),
            class: self.class.parse().map_err(bad)?,
            can: self.can.clone(),
            is_local: self.local,
            weight: self.weight,
            context: self.context,
            most_output: self.most_output,
            counts_first: self.counts_first,
        })
    }

    fn versions(&self, name: &str) -> Result<Vec<PriceVersion>, BadModels> {
        let read = |text: &str| text.parse::<NanoDollars>().map_err(|cause| BadModels::Price { name: name.into(), cause });
        let or = |text: &Option<String>, usual: &str| read(text.as_deref().unwrap_or(usual));
        if self.prices.is_empty() && self.local {
            return Ok(vec![PriceVersion { from: Timestamp::default(), name: "local".into(), price: Price::default() }]);
        }
        let version = |prices: &PriceSettings| {
            let price = Price {
                input: read(&prices.input)?,
                cache_read: or(&prices.cache_read, &prices.input)?,
                cache_write: or(&prices.cache_write, &prices.input)?,
                output: read(&prices.output)?,
                reasoning: or(&prices.reasoning, &prices.output)?,
            };
            let from = prices.from.and_time(NaiveTime::MIN).and_utc().into();
            Ok(PriceVersion { from, name: prices.from.to_string(), price })
        };
        self.prices.iter().map(version).collect()
    }

    fn model(&self, outward: &Outward) -> Arc<dyn LanguageModel> {
        let api = self.api.clone().unwrap_or_else(|| self.speaks.usual_api().into());
        let (model, outward, key) = (self.model.clone(), outward.clone(), self.key.clone());
        match self.speaks {
            Speaks::Openai => Arc::new(Spoken::new(OpenAi { api, model, output_limit: self.output_limit.clone() }, outward, key)),
            Speaks::Anthropic => Arc::new(Spoken::new(Anthropic { api, model }, outward, key)),
            Speaks::Gemini => Arc::new(Spoken::new(Gemini { api, model }, outward, key)),
            Speaks::Ollama => Arc::new(Spoken::new(Ollama { api, model, context: self.context }, outward, key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outward::OutwardSettings;
    use serde_json::json;

    fn models(deployment: serde_json::Value) -> Result<Models, BadModels> {
        let settings: ModelSettings = serde_json::from_value(json!({ "deployments": { "one": deployment } })).unwrap();
        settings.models(&Outward::new(OutwardSettings::default()).unwrap())
    }

    #[test]
    fn what_costs_nothing_stands_in_the_house_or_says_so() {
        let name = "one".parse().unwrap();
        let price = |settings| models(settings).unwrap().prices.at(&name, Timestamp::from_secs(1_800_000_000)).cloned();
        assert_eq!(price(json!({"speaks": "openai", "model": "m"})), None, "unknown is not free");
        assert_eq!(price(json!({"speaks": "ollama", "model": "m", "local": true})).map(|version| version.name), Some("local".into()));
        let two = json!([{"from": "2020-01-01", "input": "2", "output": "8"}, {"from": "2026-11-01", "input": "0.25", "output": "2", "cache_read": "0.025"}]);
        let version = price(json!({"speaks": "openai", "model": "m", "prices": two})).unwrap();
        let nano = |text: &str| text.parse::<NanoDollars>().unwrap();
        assert_eq!(
            (version.name.as_str(), version.price.cache_read, version.price.cache_write, version.price.reasoning),
            ("2026-11-01", nano("0.025"), nano("0.25"), nano("2"))
        );
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_its_name() {
        for (wrong, words) in [
            (json!({"speaks": "openai", "model": " "}), "one"),
            (json!({"speaks": "openai", "model": "m", "context": 10}), "most_output"),
            (json!({"speaks": "openai", "model": "m", "class": "Very Good"}), "Very Good"),
            (json!({"speaks": "openai", "model": "m", "prices": [{"from": "2026-11-01", "input": "free", "output": "1"}]}), "free"),
        ] {
            let refused = models(wrong).err().map(|refused| refused.to_string()).unwrap_or_default();
            assert!(refused.contains(words), "{refused}");
        }
        let none: ModelSettings = serde_json::from_value(json!({ "attempts": 0 })).unwrap();
        assert!(none.models(&Outward::new(OutwardSettings::default()).unwrap()).is_err());
    }
}
