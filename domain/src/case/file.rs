//! The state folded from a case's facts.

use super::{
    ActionApproved, ActionCompleted, ActionFailed, ActionProposed, ActionRejected, ActionStarted, ActionSuperseded, ActionUnverified, ActionVerified,
    ActionVoided, AlertRaised, ApprovalExpired, DiagnosisRecorded, Outcome, OutcomeRecorded,
};
use crate::{
    Timestamp,
    action::{Action, Ending, Proposal},
    approval::{ApprovalDelegated, ApprovalEscalated, ApprovalGiven, ApprovalReminded, Asked},
    change::{ChangeJudged, ChangeKind},
    evidence::Evidence,
    ids::{ActionId, AssetId, CauseId},
    ticket::{TicketOpened, TicketRef},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
                asked.asked_by.insert(delegated.to.clone(), delegated.by.clone());
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
