//! What a plant allows: which actions run by themselves, which ask a person, which never run, and what each does.

use crate::{
    ids::ActionName,
    quantity::{QuantityKind, UnknownQuantityKind},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt, str::FromStr};
use thiserror::Error;

/// A site's action policy. A fact as a whole: `PolicyAdopted`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    #[serde(default)]
    pub auto_approve: Vec<ActionName>,
    #[serde(default)]
    pub require_approval: Vec<ActionName>,
    /// Wins over both others. A name that no list has is treated as `require_approval`.
    #[serde(default)]
    pub never: Vec<ActionName>,
    #[serde(default = "five_minutes")]
    pub approval_expires_after_s: u32,
    /// A reading older than this, in plant time, decides nothing.
    #[serde(default = "ten_seconds")]
    pub readings_fresh_for_s: u32,
    pub actions: BTreeMap<ActionName, ActionSpec>,
}

const fn five_minutes() -> u32 {
    300
}
const fn ten_seconds() -> u32 {
    10
}

/// Who has to say yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    AutoApprove,
    RequireApproval,
    Never,
}

/// What an action does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ActionSpec {
    Write(WriteSpec),
    Message(MessageSpec),
}

/// A write to the asset's writable signal of `kind`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteSpec {
    pub kind: QuantityKind,
    pub to: Setting,
    /// All must hold on fresh Good readings of the asset, else the action is refused.
    #[serde(default)]
    pub interlock: Vec<Condition>,
}

/// The value to be written.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    PercentOfRated(f64),
    Absolute(f64),
}

/// A message to a person or a group, by a name that the installation maps to an address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageSpec {
    pub to: String,
    pub text: String,
}

/// `pressure < 8.5`: a bound on the asset's signals of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[a-z_]+ (<|<=|>|>=) -?[0-9]+(\\.[0-9]+)?$"))]
pub struct Condition {
    pub kind: QuantityKind,
    pub relation: Relation,
    pub bound: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum BadCondition {
    #[error("{0:?} is not a condition; write it as `pressure < 8.5`")]
    Shape(String),
    #[error("in {text:?}")]
    Kind {
        text: String,
        #[source]
        cause: UnknownQuantityKind,
    },
    #[error("{0:?} is not a relation; use <, <=, > or >=")]
    Relation(String),
    #[error("{0:?} is not a finite number")]
    Bound(String),
}

impl Policy {
    pub fn ruling(&self, action: &ActionName) -> Ruling {
        if self.never.contains(action) {
            return Ruling::Never;
        }
        if self.require_approval.contains(action) || !self.auto_approve.contains(action) {
            return Ruling::RequireApproval;
        }
        Ruling::AutoApprove
    }
    /// What approvals bind to: the policy's content, so that any change of it voids them.
    pub fn digest(&self) -> String {
        digest(self)
    }
}

/// SHA-256 in hex over the value's JSON. Our structs write their fields in one fixed order, so equal values have equal digests.
pub fn digest(value: &impl Serialize) -> String {
    let json = serde_json::to_vec(value).expect("our own types always serialise");
    Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Condition {
    pub fn holds(&self, value: f64) -> bool {
        match self.relation {
            Relation::Less => value < self.bound,
            Relation::LessOrEqual => value <= self.bound,
            Relation::Greater => value > self.bound,
            Relation::GreaterOrEqual => value >= self.bound,
        }
    }
}

impl FromStr for Condition {
    type Err = BadCondition;
    fn from_str(text: &str) -> Result<Self, BadCondition> {
        let [kind, relation, bound] = text.split_whitespace().collect::<Vec<_>>()[..] else {
            return Err(BadCondition::Shape(text.into()));
        };
        let kind = kind.parse().map_err(|cause| BadCondition::Kind { text: text.into(), cause })?;
        let relation = match relation {
            "<" => Relation::Less,
            "<=" => Relation::LessOrEqual,
            ">" => Relation::Greater,
            ">=" => Relation::GreaterOrEqual,
            other => return Err(BadCondition::Relation(other.into())),
        };
        let bound = bound.parse().ok().filter(|bound: &f64| bound.is_finite()).ok_or_else(|| BadCondition::Bound(bound.into()))?;
        Ok(Self { kind, relation, bound })
    }
}
impl TryFrom<String> for Condition {
    type Error = BadCondition;
    fn try_from(text: String) -> Result<Self, BadCondition> {
        text.parse()
    }
}
impl From<Condition> for String {
    fn from(condition: Condition) -> String {
        condition.to_string()
    }
}
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let relation = match self.relation {
            Relation::Less => "<",
            Relation::LessOrEqual => "<=",
            Relation::Greater => ">",
            Relation::GreaterOrEqual => ">=",
        };
        write!(f, "{} {relation} {}", self.kind, self.bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> ActionName {
        name.parse().unwrap()
    }

    #[test]
    fn never_wins_and_the_unlisted_must_ask() {
        let policy = Policy { auto_approve: vec![named("a"), named("b")], never: vec![named("b")], ..Policy::default() };
        assert_eq!(policy.ruling(&named("a")), Ruling::AutoApprove);
        assert_eq!(policy.ruling(&named("b")), Ruling::Never);
        assert_eq!(policy.ruling(&named("unheard_of")), Ruling::RequireApproval);
    }

    #[test]
    fn a_condition_reads_as_it_is_written() {
        let condition: Condition = "pressure <= 8.5".parse().unwrap();
        assert!(condition.holds(8.5) && !condition.holds(8.6));
        assert!(!condition.holds(f64::NAN), "a value that is no number satisfies nothing");
        assert_eq!(condition.to_string(), "pressure <= 8.5");
        assert!("pressure 8".parse::<Condition>().is_err());
        assert!("pressure < NaN".parse::<Condition>().is_err());
        assert!("presure < 1".parse::<Condition>().is_err());
    }

    #[test]
    fn any_change_of_the_policy_changes_its_digest() {
        let policy = Policy { auto_approve: vec![named("a")], ..Policy::default() };
        let changed = Policy { approval_expires_after_s: 301, ..policy.clone() };
        assert_ne!(policy.digest(), changed.digest());
    }
}
