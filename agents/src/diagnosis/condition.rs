//! One condition of a rule: a bound on a figure of signals of one kind. Never a vendor's tag.

use crate::monitor::{AssetFeatures, SignalFeatures, settings::is_told};
use millwright_domain::{
    evidence::{Evidence, Feature},
    ids::SignalId,
    quantity::{QuantityKind, UnknownQuantityKind},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeSet, str::FromStr};
use thiserror::Error;

/// `{ of: vibration, feature: drift, at_least: 2 }`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    pub of: Of,
    pub feature: RuleFeature,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// Of either sign, at least this large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beyond: Option<f64>,
    /// Of either sign, at most this large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<f64>,
    /// What it adds to the confidence, or takes from it. Not for conditions that must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
}

/// Whose figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Of {
    /// One signal of that kind is enough.
    Kind(QuantityKind),
    /// The signal that the rule is about.
    Subject,
    /// Every measured signal but the subject.
    Others,
    /// One measured signal, whichever.
    Any,
}

#[derive(Debug, Clone, PartialEq, Error)]
#[error("{0}, or subject, others, any")]
pub struct BadOf(UnknownQuantityKind);

impl FromStr for Of {
    type Err = BadOf;
    fn from_str(text: &str) -> Result<Self, BadOf> {
        match text {
            "subject" => Ok(Self::Subject),
            "others" => Ok(Self::Others),
            "any" => Ok(Self::Any),
            kind => kind.parse().map(Self::Kind).map_err(BadOf),
        }
    }
}
impl TryFrom<String> for Of {
    type Error = BadOf;
    fn try_from(text: String) -> Result<Self, BadOf> {
        text.parse()
    }
}
impl From<Of> for String {
    fn from(of: Of) -> Self {
        match of {
            Of::Kind(kind) => kind.as_str().into(),
            Of::Subject => "subject".into(),
            Of::Others => "others".into(),
            Of::Any => "any".into(),
        }
    }
}

impl JsonSchema for Of {
    fn schema_name() -> Cow<'static, str> {
        "Of".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let others = [Self::Subject, Self::Others, Self::Any];
        let words: Vec<String> = QuantityKind::ALL.iter().copied().map(Self::Kind).chain(others).map(String::from).collect();
        json_schema!({ "type": "string", "enum": words, "description": "A quantity kind, or subject, others, any." })
    }
}

/// Which figure; see [`SignalFeatures`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleFeature {
    Drift,
    Noise,
    Slope,
    /// Past 1: it has not moved for too long.
    Stuck,
    Residual,
    /// How far the other signals are from normal without this one.
    Others,
    Mismatch,
    /// Share of bad readings.
    Missing,
}

impl RuleFeature {
    fn of(self, signal: &SignalFeatures) -> Option<f64> {
        match self {
            Self::Drift => signal.drift,
            Self::Noise => signal.noise,
            Self::Slope => signal.slope,
            Self::Stuck => Some(signal.stuck),
            Self::Residual => signal.residual,
            Self::Others => signal.others,
            Self::Mismatch => signal.mismatch,
            Self::Missing => Some(signal.missing),
        }
    }
    /// Whether it means something while a machine is run as it never was in training.
    pub const fn holds_in_any_regime(self) -> bool {
        matches!(self, Self::Stuck | Self::Mismatch | Self::Missing)
    }
    const fn evidence(self) -> Option<Feature> {
        match self {
            Self::Drift => Some(Feature::Drift),
            Self::Noise => Some(Feature::Noise),
            Self::Slope => Some(Feature::Slope),
            Self::Stuck => Some(Feature::Stuck),
            Self::Residual | Self::Mismatch => Some(Feature::Residual),
            Self::Others | Self::Missing => None,
        }
    }
}

/// What a condition is judged on: a machine's signals less those that are explained already.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub features: &'a AssetFeatures,
    pub set_aside: &'a BTreeSet<SignalId>,
}

impl<'a> View<'a> {
    pub fn signals(&self) -> impl Iterator<Item = &'a SignalFeatures> {
        let set_aside = self.set_aside;
        self.features.signals.iter().filter(move |signal| !set_aside.contains(&signal.signal))
    }
    /// Without what is only told to the machine.
    fn measured(&self) -> impl Iterator<Item = &'a SignalFeatures> {
        self.signals().filter(|signal| !is_told(signal.kind))
    }
}

impl Condition {
    /// Its evidence if it holds; a condition on all others holds without any.
    pub fn judge(&self, view: &View<'_>, subject: Option<&SignalFeatures>) -> Option<Vec<Evidence>> {
        let one = |signal: &SignalFeatures| self.is_met_by(signal).then(|| self.evidence(signal, view).into_iter().collect());
        match self.of {
            Of::Kind(kind) => view.signals().filter(|signal| signal.kind == kind).find_map(one),
            Of::Subject => one(subject?),
            Of::Any => view.measured().find_map(one),
            Of::Others => {
                let own = subject.map(|signal| &signal.signal);
                let mut others =
                    view.measured().filter(|signal| Some(&signal.signal) != own).filter(|signal| self.feature.of(signal).is_some()).peekable();
                others.peek()?;
                others.all(|signal| self.is_met_by(signal)).then(Vec::new)
            }
        }
    }

    fn is_met_by(&self, signal: &SignalFeatures) -> bool {
        let Some(figure) = self.feature.of(signal) else { return false };
        self.at_least.is_none_or(|bound| figure >= bound)
            && self.at_most.is_none_or(|bound| figure <= bound)
            && self.beyond.is_none_or(|bound| figure.abs() >= bound)
            && self.within.is_none_or(|bound| figure.abs() <= bound)
    }

    fn evidence(&self, signal: &SignalFeatures, view: &View<'_>) -> Option<Evidence> {
        let mut evidence = signal.evidence(self.feature.evidence()?, view.features.at)?;
        if self.feature == RuleFeature::Mismatch {
            evidence.magnitude = signal.mismatch?;
        }
        Some(evidence)
    }

    /// Why it cannot be a condition, if so.
    pub fn fault(&self) -> Option<&'static str> {
        let bounds = [self.at_least, self.at_most, self.beyond, self.within];
        let given: Vec<f64> = bounds.into_iter().flatten().collect();
        if given.is_empty() {
            return Some("has no bound; give at_least, at_most, beyond or within");
        }
        if given.iter().chain(&self.weight).any(|bound| !bound.is_finite()) {
            return Some("has a bound that is no finite number");
        }
        if self.beyond.is_some_and(|bound| bound < 0.0) || self.within.is_some_and(|bound| bound < 0.0) {
            return Some("has a negative bound for either sign; beyond and within are sizes");
        }
        None
    }
}
