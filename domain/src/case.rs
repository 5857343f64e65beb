//! A case: one fault's whole life, from its first alert to its outcome. Every fact of it is here, and the state folded from them.
//!
//! ```text
//! AlertRaised → DiagnosisRecorded → ActionProposed → ActionApproved → ActionStarted → ActionCompleted → OutcomeRecorded
//!      ↑ joins while open   ↑ may be revised   ↘ ActionRejected  ↘ ApprovalExpired, ActionVoided   ↘ ActionFailed, ActionUnverified
//! ```

use crate::{
    Timestamp,
    action::{Action, Ending, Observed, Proposal},
    approval::{ApprovalDelegated, ApprovalEscalated, ApprovalGiven, ApprovalReminded, Asked},
    change::{ChangeJudged, ChangeKind},
    evidence::Evidence,
    ids::{ActionId, ActionName, ActorId, AssetId, CaseId, CauseId, CommandId},
    memory::Signature,
    sealed::Sealed,
    ticket::{TicketOpened, TicketRef},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// The state folded from a case's facts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Case {
    #[default]
    Unopened,
    Open(CaseFile),
    Closed(CaseFile, Outcome),
}

/// All that is known of an opened case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseFile {
    pub asset: AssetId,
    pub opened_at: Timestamp,
    pub alerts: u32,
    pub last_alert_at: Timestamp,
    /// The evidence of the latest alert.
    pub evidence: Vec<Evidence>,
    /// Every alert so far was late, so nothing may be done about it automatically.
    pub only_late: bool,
    pub diagnosis: Option<DiagnosisRecorded>,
    pub actions: BTreeMap<ActionId, Action>,
    pub mitigated: bool,
    #[serde(default)]
    pub change: Option<ChangeKind>,
    /// Its signature is on record.
    #[serde(default)]
    pub remembered: bool,
    /// Where outside it is followed, one a system.
    #[serde(default)]
    pub tickets: Vec<TicketRef>,
    /// What another monitoring system said of it last.
    #[serde(default)]
    pub says: Option<String>,
    /// Somebody has said in words how it ended.
    #[serde(default)]
    pub noted: bool,
}

impl CaseFile {
    fn opened(asset: AssetId, at: Timestamp) -> Self {
        Self {
            asset,
            opened_at: at,
            alerts: 0,
            last_alert_at: at,
            evidence: vec![],
            only_late: false,
            diagnosis: None,
            actions: BTreeMap::new(),
            mitigated: false,
            change: None,
            remembered: false,
            tickets: vec![],
            says: None,
            noted: false,
        }
    }
    pub fn cause(&self) -> Option<&CauseId> {
        self.diagnosis.as_ref().map(|diagnosis| &diagnosis.cause)
    }
    /// Plant time when the last write to the machine took effect, if one did.
    pub fn acted_at(&self) -> Option<Timestamp> {
        let completed = self.actions.values().filter_map(|action| match action {
            Action::Completed { proposal, at } if proposal.written_signal().is_some() => Some(*at),
            _ => None,
        });
        completed.max()
    }
    /// One word for where the case stands, for people.
    pub fn stage(&self) -> &'static str {
        let has = |wanted: fn(&Action) -> bool| self.actions.values().any(wanted);
        if has(|action| matches!(action, Action::AwaitingApproval { .. })) {
            "awaiting_approval"
        } else if has(|action| matches!(action, Action::Approved { .. } | Action::Started { .. })) {
            "acting"
        } else if has(|action| matches!(action, Action::Unverified { .. })) {
            "unverified"
        } else if self.mitigated {
            "mitigated"
        } else if has(|action| matches!(action, Action::Completed { .. })) {
            "verifying"
        } else if self.diagnosis.is_some() {
            "diagnosed"
        } else {
            "open"
        }
    }
    pub fn ticket_in(&self, system: &str) -> Option<&TicketRef> {
        self.tickets.iter().find(|ticket| ticket.system == system)
    }
    fn ask(&mut self, action: &ActionId, step: impl FnOnce(&mut Asked)) {
        if let Some(Action::AwaitingApproval { asked, .. }) = self.actions.get_mut(action) {
            step(asked);
        }
    }
    fn end(&mut self, action: &ActionId, ending: Ending) {
        self.step(action, |proposal| Action::Ended { proposal, ending });
    }
    fn step(&mut self, action: &ActionId, next: impl FnOnce(Proposal) -> Action) {
        if let Some(known) = self.actions.get_mut(action) {
            *known = next(known.proposal().clone());
        }
    }
}

/// The facts of a case, for the fold. [`crate::Event`] holds the same structs.
#[derive(Debug, Clone, Copy)]
pub enum CaseFact<'a> {
    AlertRaised(&'a AlertRaised),
    DiagnosisRecorded(&'a DiagnosisRecorded),
    ActionProposed(&'a ActionProposed),
    ActionApproved(&'a ActionApproved),
    ActionRejected(&'a ActionRejected),
    ApprovalExpired(&'a ApprovalExpired),
    ActionVoided(&'a ActionVoided),
    ActionSuperseded(&'a ActionSuperseded),
    ActionStarted(&'a ActionStarted),
    ActionCompleted(&'a ActionCompleted),
    ActionFailed(&'a ActionFailed),
    ActionUnverified(&'a ActionUnverified),
    ActionVerified(&'a ActionVerified),
    ApprovalGiven(&'a ApprovalGiven),
    ApprovalDelegated(&'a ApprovalDelegated),
    ApprovalReminded(&'a ApprovalReminded),
    ApprovalEscalated(&'a ApprovalEscalated),
    TicketOpened(&'a TicketOpened),
    OutcomeRecorded(&'a OutcomeRecorded),
    ChangeJudged(&'a ChangeJudged),
    CaseRemembered,
}

impl Case {
    pub fn file(&self) -> Option<&CaseFile> {
        match self {
            Self::Unopened => None,
            Self::Open(file) | Self::Closed(file, _) => Some(file),
        }
    }
    pub fn open_file(&self) -> Option<&CaseFile> {
        match self {
            Self::Open(file) => Some(file),
            Self::Unopened | Self::Closed(..) => None,
        }
    }

    /// Takes one fact in. `occurred_at` is plant time. Facts are never judged here, only remembered.
    pub fn evolve(&mut self, fact: CaseFact<'_>, occurred_at: Timestamp) {
        if let Self::Unopened = self {
            let asset = match fact {
                CaseFact::AlertRaised(alert) => alert.asset.clone(),
                CaseFact::DiagnosisRecorded(diagnosis) => diagnosis.asset.clone(),
                _ => return,
            };
            *self = Self::Open(CaseFile::opened(asset, occurred_at));
        }
        let file = match self {
            Self::Open(file) | Self::Closed(file, _) => file,
            Self::Unopened => return,
        };
        match fact {
            CaseFact::AlertRaised(alert) => {
                file.only_late = alert.late && (file.only_late || file.alerts == 0);
                file.alerts += 1;
                file.last_alert_at = occurred_at;
                // Another monitoring system brings no figures, and takes none away.
                if !alert.evidence.is_empty() {
                    file.evidence.clone_from(&alert.evidence);
                }
                if alert.says.is_some() {
                    file.says.clone_from(&alert.says);
                }
                file.mitigated = false;
            }
            CaseFact::ChangeJudged(judged) => file.change = Some(judged.change),
            CaseFact::CaseRemembered => file.remembered = true,
            CaseFact::DiagnosisRecorded(diagnosis) => file.diagnosis = Some(diagnosis.clone()),
            CaseFact::ActionProposed(proposed) => {
                file.actions
                    .insert(proposed.proposal.action, Action::AwaitingApproval { proposal: proposed.proposal.clone(), asked: Asked::default() });
            }
            CaseFact::ActionApproved(approved) => file.step(&approved.action, |proposal| Action::Approved { proposal, by: approved.by.clone() }),
            CaseFact::ApprovalGiven(given) => file.ask(&given.action, |asked| {
                asked.yes.insert(given.by.clone());
            }),
            CaseFact::ApprovalDelegated(delegated) => file.ask(&delegated.action, |asked| {
                asked.also.insert(delegated.to.clone());
            }),
            CaseFact::ApprovalReminded(reminded) => file.ask(&reminded.action, |asked| asked.reminders = reminded.number),
            CaseFact::ApprovalEscalated(escalated) => file.ask(&escalated.action, |asked| {
                asked.level = escalated.level;
                asked.also.extend(escalated.to.iter().cloned());
            }),
            CaseFact::TicketOpened(opened) => {
                if file.ticket_in(&opened.ticket.system).is_none() {
                    file.tickets.push(opened.ticket.clone());
                }
            }
            CaseFact::ActionRejected(rejected) => file.end(&rejected.action, Ending::Rejected),
            CaseFact::ApprovalExpired(expired) => file.end(&expired.action, Ending::Expired),
            CaseFact::ActionVoided(voided) => file.end(&voided.action, Ending::Voided),
            CaseFact::ActionSuperseded(superseded) => file.end(&superseded.action, Ending::Superseded),
            CaseFact::ActionStarted(started) => file.step(&started.action, |proposal| {
                let ActionStarted { send_by, device_epoch, .. } = *started;
                Action::Started { proposal, send_by, device_epoch }
            }),
            CaseFact::ActionCompleted(completed) => file.step(&completed.action, |proposal| Action::Completed { proposal, at: occurred_at }),
            CaseFact::ActionFailed(failed) => file.end(&failed.action, Ending::Failed),
            CaseFact::ActionUnverified(unverified) => file.step(&unverified.action, |proposal| Action::Unverified { proposal }),
            CaseFact::ActionVerified(verified) if verified.took => {
                file.step(&verified.action, |proposal| Action::Completed { proposal, at: occurred_at });
            }
            CaseFact::ActionVerified(verified) => file.end(&verified.action, Ending::Failed),
            CaseFact::OutcomeRecorded(outcome) => {
                file.mitigated |= outcome.outcome == Outcome::Mitigated;
                file.noted |= outcome.note.is_some();
                if outcome.closes {
                    *self = Self::Closed(file.clone(), outcome.outcome);
                }
            }
        }
    }
}
