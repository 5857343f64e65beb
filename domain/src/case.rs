//! A case: one fault's whole life, from its first alert to its outcome. Every fact of it is here; the state folded from them is in `case/file.rs`.
//!
//! ```text
//! AlertRaised → DiagnosisRecorded → ActionProposed → ActionApproved → ActionStarted → ActionCompleted → OutcomeRecorded
//!      ↑ joins while open   ↑ may be revised   ↘ ActionRejected  ↘ ApprovalExpired, ActionVoided   ↘ ActionFailed, ActionUnverified
//! ```

mod file;

use crate::{
    Timestamp,
    action::{Observed, Proposal},
    evidence::Evidence,
    ids::{ActionId, ActionName, ActorId, AssetId, CaseId, CauseId, CommandId},
    memory::Signature,
    sealed::Sealed,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use file::{Case, CaseFact, CaseFile};

/// The monitor saw something depart from normal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlertRaised {
    pub asset: AssetId,
    /// Which rule raised it: `drift`, `mewma`, …
    pub detector: String,
    pub severity: Severity,
    pub evidence: Vec<Evidence>,
    /// It came from readings older than 30 s on arrival: shown, never acted upon.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// What another monitoring system says of it: one line, cleaned, not trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

impl AlertRaised {
    /// In time, and without evidence so far.
    pub fn new(asset: AssetId, detector: impl Into<String>, severity: Severity) -> Self {
        Self { asset, detector: detector.into(), severity, evidence: vec![], late: false, says: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// Somebody (rules, similar cases, an agent, a person) says why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiagnosisRecorded {
    pub asset: AssetId,
    pub cause: CauseId,
    /// 0 to 1.
    pub confidence: f64,
    /// `rules@<digest>`, `person`, …
    pub by: String,
    pub explanation: String,
    pub evidence_for: Vec<Evidence>,
    #[serde(default)]
    pub evidence_against: Vec<Evidence>,
    /// What it suggests doing, best first.
    pub suggests: Vec<ActionName>,
    /// Set when this diagnosis opened the case: another cause was found on an asset whose case was about something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branched_from: Option<CaseId>,
}

/// Something could be done. Carries all that an approval binds to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActionProposed {
    pub proposal: Proposal,
    pub binding: String,
}

/// A yes: by a person, or by policy (`svc-policy`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActionApproved {
    pub action: ActionId,
    pub binding: String,
    pub by: ActorId,
}

/// A no, by a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActionRejected {
    pub action: ActionId,
    pub by: ActorId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
}

/// Nobody said yes in time, so it is no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalExpired {
    pub action: ActionId,
}

/// It was allowed, but the machine or the rules moved on before it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionVoided {
    pub action: ActionId,
    pub reason: String,
}

/// A newer proposal for the same signal took its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionSuperseded {
    pub action: ActionId,
    pub by: ActionId,
}

/// On the log before the first byte leaves for the device. Whoever finds it without an ending must never send it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActionStarted {
    pub action: ActionId,
    /// Wall time after which nothing may be sent any more.
    pub send_by: Timestamp,
    /// For a write: only the collector that holds the device under this assignment may send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_epoch: Option<u64>,
    /// The fresh readings that limits, rate of change and interlock were judged by.
    pub observed: Vec<Observed>,
}

/// It took effect; for a write, the device says so itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ActionCompleted {
    pub action: ActionId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_back: Option<f64>,
    /// The bytes that left for the device, hex: frames as they went over the line; for OPC UA the encoded value, as the line may be encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
}

/// It certainly took no effect, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionFailed {
    pub action: ActionId,
    pub reason: String,
    /// The bytes that left for the device, hex: frames as they went over the line; for OPC UA the encoded value, as the line may be encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
}

/// It cannot be known whether it took effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionUnverified {
    pub action: ActionId,
    pub reason: String,
    /// The bytes that left for the device, hex: frames as they went over the line; for OPC UA the encoded value, as the line may be encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
}

/// A person looked at the machine and says whether an unverified action took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ActionVerified {
    pub action: ActionId,
    pub took: bool,
    pub by: ActorId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
}

/// How it ended, said by a person or by the readings themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OutcomeRecorded {
    pub outcome: Outcome,
    pub by: ActorId,
    /// The action that gets the credit, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credited: Option<ActionId>,
    /// What the person found to be the cause, if it differs from the diagnosis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub true_cause: Option<CauseId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Sealed>,
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// Whether the case is over. `mitigated` by readings alone leaves it open: a quiet bad bearing is still bad.
    pub closes: bool,
}

impl OutcomeRecorded {
    /// What it was, by a person's word: what was found, or what was named where that was repaired. A false alarm was nothing.
    pub fn confirmed_cause<'a>(&'a self, named: Option<&'a CauseId>) -> Option<&'a CauseId> {
        match self.outcome {
            _ if self.by.is_service() => None,
            Outcome::FalseAlarm => None,
            Outcome::Repaired => self.true_cause.as_ref().or(named),
            Outcome::Mitigated | Outcome::SelfRecovered | Outcome::NoEffect => self.true_cause.as_ref(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Only a person may say so. Only this counts as "this fixed it".
    Repaired,
    Mitigated,
    SelfRecovered,
    FalseAlarm,
    NoEffect,
}

impl Outcome {
    /// Whether readings alone may say it.
    pub const fn readings_may_say(self) -> bool {
        matches!(self, Self::Mitigated | Self::SelfRecovered)
    }
}

/// What the fault looked like, without units, so that a later one like it finds this case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseRemembered {
    pub asset: AssetId,
    /// Plant time when the case began; what came before counts as healthy.
    pub onset: Timestamp,
    /// Seconds after the onset that the signature is about.
    pub horizon_s: u32,
    pub signature: Signature,
}

/// A rule of safety, budget or approval said no. Recorded, because an auditor asks about what was refused, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandRefused {
    pub command: CommandId,
    /// `ApproveAction`, …
    pub asked: String,
    /// Who asked.
    pub by: ActorId,
    pub rule: Rule,
    /// Stable word for programs: `approval_expired`, …
    pub code: String,
    /// For people, with what to do next.
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    Safety,
    Budget,
    Approval,
}
