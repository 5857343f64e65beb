//! What a plant allows: which actions run by themselves, which ask a person, which never run, and what each does.

use crate::{
    Timestamp,
    action::Proposal,
    approval::{ApprovalPlan, Exception, Risk},
    ids::{ActionName, AssetId},
    quantity::{QuantityKind, UnknownQuantityKind},
    track::Track,
};
use chrono::TimeDelta;
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
    /// What an action risks where it is not what its kind does: a message `low`, a write `medium`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub risk: BTreeMap<ActionName, Risk>,
    /// Where another ruling holds than that of the lists. `never` and high risk bear none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
    #[serde(default, skip_serializing_if = "ApprovalPlan::is_empty")]
    pub approval: ApprovalPlan,
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

/// Under which circumstances a ruling is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    pub asset: &'a AssetId,
    /// Wall time: exceptions by the hour are for people's nights.
    pub at: Timestamp,
    /// What the action has done for this cause on such machines.
    pub track: Track,
}

/// Why a policy cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyRefused {
    #[error("{0} is of high risk and cannot run by itself; take it off `auto_approve` and the exceptions, or lower its risk")]
    HighRiskByItself(ActionName),
    #[error("{0} is a part of Millwright; approvers and those it escalates to are people")]
    NotAPerson(String),
    #[error("a track record of {0} % helps nobody; `helped_percent` is at most 100")]
    Percent(u32),
}

impl Policy {
    /// What the lists say, whatever the circumstances.
    pub fn ruling(&self, action: &ActionName) -> Ruling {
        if self.never.contains(action) {
            return Ruling::Never;
        }
        if self.require_approval.contains(action) || !self.auto_approve.contains(action) || self.risk_of(action) == Risk::High {
            return Ruling::RequireApproval;
        }
        Ruling::AutoApprove
    }
    pub fn ruling_on(&self, action: &ActionName, occasion: &Occasion<'_>) -> Ruling {
        let listed = self.ruling(action);
        if listed == Ruling::Never {
            return listed;
        }
        match self.exceptions.iter().find(|exception| exception.fits(action, occasion)) {
            Some(exception) if exception.ruling == Ruling::AutoApprove && self.risk_of(action) == Risk::High => Ruling::RequireApproval,
            Some(exception) => exception.ruling,
            None => listed,
        }
    }
    /// When (wall time) it was put forward; of an old proposal, as its deadline tells.
    pub fn proposed_at(&self, proposal: &Proposal) -> Timestamp {
        proposal.proposed_at.unwrap_or_else(|| proposal.expires_at - TimeDelta::seconds(self.approval_expires_after_s.into()))
    }
    pub fn risk_of(&self, action: &ActionName) -> Risk {
        match (self.risk.get(action), self.actions.get(action)) {
            (Some(risk), _) => *risk,
            (None, Some(ActionSpec::Message(_))) => Risk::Low,
            (None, Some(ActionSpec::Write(_)) | None) => Risk::Medium,
        }
    }
    /// The policy as it was given, if it can be meant.
    pub fn checked(self) -> Result<Self, PolicyRefused> {
        let by_itself = self.exceptions.iter().filter(|exception| exception.ruling == Ruling::AutoApprove).map(|exception| &exception.action);
        if let Some(high) = self.auto_approve.iter().chain(by_itself).find(|action| self.risk_of(action) == Risk::High) {
            return Err(PolicyRefused::HighRiskByItself(high.clone()));
        }
        let people = self.approval.approvers.values().chain(self.approval.escalate.iter().map(|step| &step.to)).flatten();
        if let Some(service) = people.clone().find(|person| person.is_service()) {
            return Err(PolicyRefused::NotAPerson(service.to_string()));
        }
        let percents = self.exceptions.iter().filter_map(|exception| exception.track_record).map(|record| record.helped_percent);
        if let Some(percent) = percents.into_iter().find(|percent| *percent > 100) {
            return Err(PolicyRefused::Percent(percent));
        }
        Ok(self)
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

impl Exception {
    fn fits(&self, action: &ActionName, occasion: &Occasion<'_>) -> bool {
        let Track { tried, helped } = occasion.track;
        self.action == *action
            && (self.assets.is_empty() || self.assets.contains(occasion.asset))
            && self.hours.is_none_or(|hours| hours.holds(occasion.at))
            && self.track_record.is_none_or(|record| {
                tried >= record.tried_at_least.max(1) && u64::from(helped) * 100 >= u64::from(record.helped_percent) * u64::from(tried)
            })
    }
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
    fn an_exception_holds_where_all_that_it_names_does_and_never_for_what_must_not_run() {
        let text = r#"{
            "auto_approve": [], "require_approval": ["slow", "stop"], "never": ["program"], "risk": {"stop": "high"}, "actions": {},
            "exceptions": [
                {"action": "slow", "assets": ["pump-1"], "hours": "22:00-06:00", "track_record": {"tried_at_least": 5, "helped_percent": 80}, "ruling": "auto_approve"},
                {"action": "program", "ruling": "auto_approve"}
            ]}"#;
        let policy: Policy = serde_json::from_str(text).unwrap();
        let (pump, other): (AssetId, AssetId) = ("pump-1".parse().unwrap(), "pump-2".parse().unwrap());
        let (night, noon): (Timestamp, Timestamp) = ("2026-01-15T23:00:00Z".parse().unwrap(), "2026-01-15T12:00:00Z".parse().unwrap());
        let ruling =
            |action: &str, asset, at, tried, helped| policy.ruling_on(&named(action), &Occasion { asset, at, track: Track { tried, helped } });
        assert_eq!(ruling("slow", &pump, night, 5, 4), Ruling::AutoApprove);
        for (asset, at, tried, helped) in [(&other, night, 5, 4), (&pump, noon, 5, 4), (&pump, night, 4, 4), (&pump, night, 10, 7)] {
            assert_eq!(ruling("slow", asset, at, tried, helped), Ruling::RequireApproval);
        }
        assert_eq!(ruling("program", &pump, night, 9, 9), Ruling::Never);
        assert_eq!(policy.risk_of(&named("stop")).yes_needed(), 2);
        let reckless = Policy { auto_approve: vec![named("stop")], ..policy.clone() };
        assert_eq!(reckless.ruling(&named("stop")), Ruling::RequireApproval);
        assert_eq!(reckless.checked(), Err(PolicyRefused::HighRiskByItself(named("stop"))));
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
