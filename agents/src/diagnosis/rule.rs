//! A rule: what must be so, what makes it more or less likely, what it explains, and what to do then.

use super::condition::{Condition, Of};
use millwright_domain::{
    ids::{ActionName, CauseId},
    policy::digest,
    quantity::QuantityKind,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// As written in `config/rules/*.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub cause: CauseId,
    pub title: String,
    /// The kinds of signal that the rule can be about, each judged as `subject`; `[any]` for every measured one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Of>,
    /// All must hold.
    pub when: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more_likely: Vec<Condition>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub less_likely: Vec<Condition>,
    /// With `when` alone, 0 to 1.
    pub confidence: f64,
    /// How long it must hold without a break, in seconds of plant time, before it is named.
    #[serde(default)]
    pub hold_s: u32,
    /// What the cause moves beside its evidence: another cause is looked for only in what is left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub explains: Vec<Explained>,
    /// Best first.
    pub suggests: Vec<ActionName>,
    pub explanation: String,
}

/// Drift of a kind that a cause accounts for, from `from` to `to` standard deviations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    pub kind: QuantityKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
}

impl Explained {
    pub fn covers(&self, kind: QuantityKind, drift: f64) -> bool {
        kind == self.kind && self.from.is_none_or(|from| drift >= from) && self.to.is_none_or(|to| drift <= to)
    }
}

/// All rules in force, in order, and what they are called by.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    rules: Vec<Rule>,
    digest: String,
}

impl Rules {
    pub fn new(rules: Vec<Rule>) -> Self {
        let digest = digest(&rules);
        Self { rules, digest }
    }
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }
    pub fn len(&self) -> usize {
        self.rules.len()
    }
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
    /// SHA-256 of the content: layout and comments do not change it.
    pub fn digest(&self) -> &str {
        &self.digest
    }
    /// How a diagnosis names them: `rules@1f3a…`.
    pub fn signature(&self) -> String {
        format!("rules@{}", self.digest.get(..12).unwrap_or(&self.digest))
    }
}

impl Rule {
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.when.iter().chain(&self.more_likely).chain(&self.less_likely)
    }
    /// Whether what must hold means something while a machine is run as it never was in training.
    pub fn holds_in_any_regime(&self) -> bool {
        self.when.iter().all(|condition| condition.feature.holds_in_any_regime())
    }
}
