//! Who has to say yes to what, and how long the asking goes on: risk, exceptions by machine, hour and record, reminders, escalation. Facts of it.

use crate::{
    Timestamp,
    action::Proposal,
    hours::Hours,
    ids::{ActionId, ActionName, ActorId, AssetId},
    policy::Ruling,
};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a wrong yes could cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// A message, a work order: nothing moves.
    Low,
    /// A write inside hard limits.
    #[default]
    Medium,
    /// Two persons have to say yes, the first of them at the page; it never runs by itself.
    High,
}

impl Risk {
    pub const fn yes_needed(self) -> usize {
        match self {
            Self::Low | Self::Medium => 1,
            Self::High => 2,
        }
    }
    pub(crate) const fn is_medium(&self) -> bool {
        matches!(self, Self::Medium)
    }
}

/// Another ruling for an action under some circumstances. All that is named must hold; the first exception that fits counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    pub action: ActionName,
    /// None named: on every machine.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub assets: BTreeSet<AssetId>,
    /// By people's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track_record: Option<TrackRecord>,
    pub ruling: Ruling,
}

/// It was tried so often for this cause on such machines, and helped in so many of a hundred cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrackRecord {
    pub tried_at_least: u32,
    pub helped_percent: u32,
}

/// Who is asked, and who is asked next. Times are wall time since the proposal.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalPlan {
    /// Who may say yes, by risk. A risk that is not named: any person.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub approvers: BTreeMap<Risk, BTreeSet<ActorId>>,
    /// Whoever was asked is reminded after so many seconds each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remind_after_s: Vec<u32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalate: Vec<Escalation>,
}

/// These may answer, too, from then on, and are told so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    pub after_s: u32,
    pub to: BTreeSet<ActorId>,
}

impl ApprovalPlan {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What has been said and done about a proposal that waits for its yes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Asked {
    /// Who said yes so far.
    pub yes: BTreeSet<ActorId>,
    /// Who may answer beside those that policy names: delegates, and those it was escalated to.
    pub also: BTreeSet<ActorId>,
    /// Delegates, and who asked them to answer.
    #[serde(default)]
    pub asked_by: BTreeMap<ActorId, ActorId>,
    pub reminders: u32,
    pub level: u32,
}

impl Asked {
    /// Whether that person's answer counts.
    pub fn may_answer(&self, plan: &ApprovalPlan, proposal: &Proposal, person: &ActorId) -> bool {
        let named = plan.approvers.get(&proposal.risk);
        named.is_none_or(|named| named.contains(person)) || self.also.contains(person)
    }

    /// Who is behind a person's answer: policy names her, or it was escalated to her, or somebody asked her to answer in her place.
    pub fn behind<'a>(&'a self, plan: &ApprovalPlan, proposal: &Proposal, person: &'a ActorId) -> &'a ActorId {
        let named = plan.approvers.get(&proposal.risk);
        let mut behind = person;
        // Nobody is asked twice, so it ends; the bound says so.
        for _ in 0..=self.asked_by.len() {
            match self.asked_by.get(behind) {
                Some(by) if named.is_some_and(|named| !named.contains(behind)) => behind = by,
                _ => break,
            }
        }
        behind
    }

    /// The number of the next reminder, and when it is due.
    pub fn next_reminder(&self, plan: &ApprovalPlan, proposed_at: Timestamp) -> Option<(u32, Timestamp)> {
        let after = plan.remind_after_s.get(usize::try_from(self.reminders).ok()?)?;
        Some((self.reminders + 1, proposed_at + TimeDelta::seconds(i64::from(*after))))
    }

    /// The next level, who it goes to, and when it is due.
    pub fn next_level<'a>(&self, plan: &'a ApprovalPlan, proposed_at: Timestamp) -> Option<(u32, &'a BTreeSet<ActorId>, Timestamp)> {
        let step = plan.escalate.get(usize::try_from(self.level).ok()?)?;
        Some((self.level + 1, &step.to, proposed_at + TimeDelta::seconds(i64::from(step.after_s))))
    }
}

/// One of several persons that are needed said yes. The last one's yes is an `ActionApproved`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalGiven {
    pub action: ActionId,
    pub binding: String,
    pub by: ActorId,
    /// How many persons it takes in all.
    pub needed: u32,
}

/// Somebody who may answer asked somebody else to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalDelegated {
    pub action: ActionId,
    pub by: ActorId,
    pub to: ActorId,
}

/// Nobody has answered yet; whoever was asked is asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalReminded {
    pub action: ActionId,
    /// 1 for the first.
    pub number: u32,
}

/// Nobody has answered yet; these may answer, too. Recording it is taking it on, so it happens once on however many nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalEscalated {
    pub action: ActionId,
    /// 1 for the first.
    pub level: u32,
    pub to: BTreeSet<ActorId>,
}
