//! A site as its decisions see it: plant, policy, switches, cases, budgets, outbox. Folded from one ledger partition, in order.

use crate::{
    Event, Timestamp,
    access::Principals,
    alarm::{Alarm, AlarmFact},
    audit::trail::AuditTrail,
    baseline::Relearning,
    budget::{BudgetAccount, BudgetFact},
    case::{Case, CaseFact, CaseFile},
    collecting::DeviceAssigned,
    contact::Contacts,
    crew::Crew,
    effect::{Effect, EffectWanted},
    envelope::{Recorded, StreamId},
    ids::{ActionId, ActorId, AssetId, CaseId, CauseId, DeviceId, EffectId, SignalId, SiteId},
    inspection::Inspections,
    investigation::{Investigation, Part},
    manual::Manuals,
    parts::SummaryKind,
    plant::{Plant, Source},
    policy::Policy,
    roster::Roster,
    sealed::Sealed,
    threshold::Threshold,
    watching::WatchChange,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

/// Someone took the partition over. A fact of a lower epoch after this one is a zombie's and is rejected on replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PartitionOwned {
    pub epoch: u64,
    /// Which program, for people.
    pub owner: String,
}

/// The site was described anew, as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlantDescribed {
    pub plant: Plant,
}

/// The site's action policy was set anew, as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyAdopted {
    pub policy: Policy,
}

/// Nothing may begin to act on this site until it is released. A write that began before may still leave within its two seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KillSwitchEngaged {
    pub by: ActorId,
    /// Free words, so they may name a person.
    pub reason: Sealed,
}

/// Actions may run on this site again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KillSwitchReleased {
    pub by: ActorId,
}

/// Somebody works on the machine (lock-out/tag-out): nothing may be written to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssetLockedOut {
    pub asset: AssetId,
    pub by: ActorId,
    /// The tag's text: who holds the key, and why.
    pub tag: Sealed,
}

/// The machine may be written to again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssetReturnedToService {
    pub asset: AssetId,
    pub by: ActorId,
}

/// The readings of one partition from `from` up to, not including, `to` have this Merkle root over their stored bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadingsSealed {
    pub partition: crate::position::PartitionId,
    pub from: u64,
    pub to: u64,
    /// Hex.
    pub merkle_root: String,
}

/// What a simulator really did to a machine. On a partition of its own that only the evaluation reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroundTruthMarked {
    pub asset: AssetId,
    pub fault: CauseId,
    /// 0 to 1; 0 marks the end.
    pub severity: f64,
}

/// The state that a partition's decisions rest on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Site {
    pub plant: Option<Plant>,
    pub policy: Policy,
    pub roster: Roster,
    pub kill_switch: Option<KillSwitchEngaged>,
    pub locked_out: BTreeMap<AssetId, AssetLockedOut>,
    pub cases: HashMap<CaseId, Case>,
    pub open_cases: BTreeMap<AssetId, BTreeSet<CaseId>>,
    pub case_of_action: HashMap<ActionId, CaseId>,
    pub investigations: HashMap<CaseId, Investigation>,
    /// Plant time of the last write begun, per signal.
    pub last_write: HashMap<SignalId, Timestamp>,
    pub baseline_versions: HashMap<SignalId, u32>,
    pub relearning: BTreeMap<AssetId, Relearning>,
    pub thresholds: BTreeMap<SignalId, Threshold>,
    /// By plant time, in the order of the ledger.
    pub watch_changes: Vec<(Timestamp, WatchChange)>,
    /// By detector.
    pub alarms: BTreeMap<AssetId, BTreeMap<String, Alarm>>,
    pub budgets: BTreeMap<String, BudgetAccount>,
    pub effects: HashMap<EffectId, Effect>,
    /// Those that are still to be delivered, in the order in which they were wanted.
    pub outgoing: VecDeque<EffectId>,
    /// How many were given up, and wait for a person.
    pub given_up: usize,
    pub people: BTreeSet<ActorId>,
    pub contacts: Contacts,
    pub principals: Principals,
    /// By system and the system's id.
    pub case_of_ticket: HashMap<(String, String), CaseId>,
    /// Parts of the house that fail, and since which check (plant time).
    pub failing: BTreeMap<String, Timestamp>,
    /// Up to when the last summary of each kind counted (wall time).
    pub summed_up: BTreeMap<SummaryKind, Timestamp>,
    pub inspections: Inspections,
    /// Who reads and writes each device now.
    pub collectors: BTreeMap<DeviceId, DeviceAssigned>,
    pub audit: AuditTrail,
    pub crew: Crew,
    pub manuals: Manuals,
    /// Of the partition's last owner.
    pub epoch: u64,
    versions: HashMap<StreamId, u64>,
    /// Facts of types this program does not know.
    pub unknown: u64,
}

impl Site {
    pub fn id(&self) -> Option<&SiteId> {
        self.plant.as_ref().map(|plant| &plant.site)
    }
    /// Whether anything here may act on the world.
    pub fn is_live(&self) -> bool {
        self.plant.as_ref().is_some_and(|plant| plant.source == Source::Live)
    }
    /// The version that the next fact of a stream gets.
    pub fn next_version(&self, stream: &StreamId) -> u64 {
        self.versions.get(stream).copied().unwrap_or(0) + 1
    }
    pub fn case(&self, id: CaseId) -> &Case {
        const UNOPENED: &Case = &Case::Unopened;
        self.cases.get(&id).unwrap_or(UNOPENED)
    }
    pub fn alarm(&self, asset: &AssetId, detector: &str) -> Option<&Alarm> {
        self.alarms.get(asset)?.get(detector)
    }
    /// How many times the configured limits the signal's are.
    pub fn threshold_factor(&self, signal: &SignalId) -> f64 {
        self.thresholds.get(signal).map_or(1.0, |threshold| threshold.factor)
    }
    /// The open cases of an asset, oldest id first.
    pub fn open_cases_of(&self, asset: &AssetId) -> impl Iterator<Item = (CaseId, &CaseFile)> {
        self.open_cases.get(asset).into_iter().flatten().filter_map(|id| Some((*id, self.case(*id).open_file()?)))
    }

    /// Takes one fact in.
    pub fn evolve(&mut self, stream: &StreamId, occurred_at: Timestamp, event: &Event) {
        *self.versions.entry(stream.clone()).or_default() += 1;
        let about = stream.as_case().and_then(|case| self.case(case).open_file()).map(|file| &file.asset);
        if let Some(change) = WatchChange::of(event, about) {
            self.watch_changes.push((occurred_at, change));
        }
        if let Some((asset, detector, fact)) = alarm_fact(event) {
            self.alarms.entry(asset.clone()).or_default().entry(detector.to_string()).or_default().evolve(fact, occurred_at);
        }
        if let Some(fact) = case_fact(event) {
            if let Some(case) = stream.as_case() {
                self.evolve_case(case, fact, occurred_at);
            }
            return;
        }
        if let Some(fact) = budget_fact(event) {
            self.budgets.entry(stream.as_budget().unwrap_or_default().to_string()).or_default().evolve(fact);
            return;
        }
        if let Some(case) = stream.as_case() {
            self.evolve_investigation(case, event);
        }
        if self.crew.evolve(event) {
            return;
        }
        match event {
            Event::PlantDescribed(fact) => self.plant = Some(fact.plant.clone()),
            Event::PolicyAdopted(fact) => self.policy = fact.policy.clone(),
            Event::RosterAdopted(fact) => self.roster = fact.roster.clone(),
            Event::KillSwitchEngaged(fact) => self.kill_switch = Some(fact.clone()),
            Event::KillSwitchReleased(_) => self.kill_switch = None,
            Event::AssetLockedOut(fact) => {
                self.locked_out.insert(fact.asset.clone(), fact.clone());
            }
            Event::AssetReturnedToService(fact) => {
                self.locked_out.remove(&fact.asset);
            }
            Event::BaselineLearned(fact) => {
                self.baseline_versions.insert(fact.signal.clone(), fact.version);
            }
            Event::RelearningProposed(fact) => self.relearning.entry(fact.asset.clone()).or_default().proposed = true,
            Event::RelearningApproved(fact) => self.relearning.entry(fact.asset.clone()).or_default().approved(),
            Event::BaselineRestored(fact) => self.relearning.entry(fact.asset.clone()).or_default().restored(),
            Event::ThresholdAdjusted(fact) => self.thresholds.entry(fact.signal.clone()).or_default().evolve(fact),
            Event::EffectWanted(fact) => self.want_effect(fact),
            Event::EffectAttempted(fact) => self.step_effect(fact.effect, |effect| effect.attempted(fact)),
            Event::EffectDone(fact) => self.step_effect(fact.effect, Effect::done),
            Event::EffectFailed(fact) => self.step_effect(fact.effect, |effect| effect.failed(fact)),
            Event::MessageUnknown(fact) => self.step_effect(fact.effect, |effect| effect.unknown(fact)),
            Event::EffectRetried(fact) => self.step_effect(fact.effect, Effect::retried),
            Event::EffectDropped(fact) => self.step_effect(fact.effect, Effect::dropped),
            Event::PersonIntroduced(fact) => {
                self.people.insert(fact.person.clone());
            }
            Event::PersonForgotten(fact) => {
                self.people.remove(&fact.person);
                self.contacts.forgotten(&fact.person);
                self.principals.forgotten(&fact.person);
            }
            Event::EnrolmentOffered(fact) => self.contacts.offered(fact),
            Event::ContactEnrolled(fact) => self.contacts.enrolled(fact),
            Event::ContactRemoved(fact) => self.contacts.removed(fact),
            Event::GrantsSet(fact) => self.principals.granted(fact),
            Event::TokenIssued(fact) => self.principals.issued(fact),
            Event::TokenRevoked(fact) => self.principals.revoked(fact),
            Event::PartFailed(fact) => {
                self.failing.entry(fact.part.clone()).or_insert(occurred_at);
            }
            Event::PartRecovered(fact) => {
                self.failing.remove(&fact.part);
            }
            Event::SummaryReported(fact) => {
                self.summed_up.insert(fact.kind, fact.to);
            }
            Event::InspectionMade(fact) => self.inspections.made(fact),
            Event::InspectionsReported(fact) => self.inspections.reported(fact),
            Event::DeviceAssigned(fact) => {
                self.collectors.insert(fact.device.clone(), fact.clone());
            }
            Event::ManualImported(_) | Event::ManualRemoved(_) => self.manuals.evolve(event),
            Event::PartitionOwned(fact) => self.epoch = fact.epoch,
            Event::AuditKeyAdopted(_) | Event::CheckpointSigned(_) => self.audit.evolve(event),
            Event::Unknown { .. } => self.unknown += 1,
            // Facts for others: the index of answers, the auditor, the evaluation. Cases and budgets are folded above.
            _ => {}
        }
    }

    /// The same where it matters who asked: limits from the settings are told from those that a person set.
    pub fn evolve_by(&mut self, by: &ActorId, stream: &StreamId, occurred_at: Timestamp, event: &Event) {
        self.evolve(stream, occurred_at, event);
        if let (Event::BudgetSet(limits), true, Some(scope)) = (event, by.is_settings(), stream.as_budget()) {
            self.budgets.entry(scope.to_string()).or_default().configured = Some(limits.clone());
        }
    }

    pub fn evolve_recorded(&mut self, recorded: &Recorded) {
        self.evolve_by(&recorded.actor, &recorded.stream, recorded.occurred_at, &recorded.event);
    }

    fn want_effect(&mut self, wanted: &EffectWanted) {
        let known = self.effects.insert(wanted.effect, Effect::wanted(wanted));
        if known.is_none() {
            self.outgoing.push_back(wanted.effect);
        }
    }

    fn step_effect(&mut self, effect: EffectId, step: impl FnOnce(&mut Effect)) {
        let Some(known) = self.effects.get_mut(&effect) else { return };
        let (was_pending, waited) = (known.pending().is_some(), known.waits_for_a_person());
        step(known);
        let is_pending = known.pending().is_some();
        self.given_up = self.given_up + usize::from(known.waits_for_a_person()) - usize::from(waited);
        if was_pending && !is_pending {
            // Mostly the first one or close to it.
            if let Some(place) = self.outgoing.iter().position(|waiting| *waiting == effect) {
                self.outgoing.remove(place);
            }
        } else if is_pending && !was_pending {
            self.outgoing.push_back(effect);
        }
    }

    fn evolve_investigation(&mut self, case: CaseId, event: &Event) {
        if let Event::InvestigationOpened(fact) = event {
            self.investigations.insert(case, Investigation::opened(fact));
            return;
        }
        let Some(known) = self.investigations.get_mut(&case) else { return };
        match event {
            Event::ContributionDelivered(fact) => known.answered(&fact.by, Part::Delivered),
            Event::ContributionMissed(fact) => known.answered(&fact.by, Part::Missed),
            Event::ReportDelivered(_) => known.is_reported = true,
            _ => {}
        }
    }

    fn evolve_case(&mut self, id: CaseId, fact: CaseFact<'_>, occurred_at: Timestamp) {
        let case = self.cases.entry(id).or_default();
        case.evolve(fact, occurred_at);
        if let CaseFact::ActionProposed(proposed) = fact {
            self.case_of_action.insert(proposed.proposal.action, id);
        }
        if let CaseFact::TicketOpened(opened) = fact {
            self.case_of_ticket.insert((opened.ticket.system.clone(), opened.ticket.id.clone()), id);
        }
        if let CaseFact::ActionStarted(started) = fact
            && let Some(signal) = case.file().and_then(|file| file.actions.get(&started.action)?.proposal().written_signal())
        {
            self.last_write.insert(signal.clone(), occurred_at);
        }
        match case {
            Case::Open(file) => {
                self.open_cases.entry(file.asset.clone()).or_default().insert(id);
            }
            Case::Closed(file, _) => {
                if let Some(open) = self.open_cases.get_mut(&file.asset) {
                    open.remove(&id);
                }
            }
            Case::Unopened => {}
        }
    }
}

/// The fact as one of a case's, if it is one.
pub fn case_fact(event: &Event) -> Option<CaseFact<'_>> {
    Some(match event {
        Event::AlertRaised(fact) => CaseFact::AlertRaised(fact),
        Event::DiagnosisRecorded(fact) => CaseFact::DiagnosisRecorded(fact),
        Event::ActionProposed(fact) => CaseFact::ActionProposed(fact),
        Event::ActionApproved(fact) => CaseFact::ActionApproved(fact),
        Event::ActionRejected(fact) => CaseFact::ActionRejected(fact),
        Event::ApprovalExpired(fact) => CaseFact::ApprovalExpired(fact),
        Event::ActionVoided(fact) => CaseFact::ActionVoided(fact),
        Event::ActionSuperseded(fact) => CaseFact::ActionSuperseded(fact),
        Event::ActionStarted(fact) => CaseFact::ActionStarted(fact),
        Event::ActionCompleted(fact) => CaseFact::ActionCompleted(fact),
        Event::ActionFailed(fact) => CaseFact::ActionFailed(fact),
        Event::ActionUnverified(fact) => CaseFact::ActionUnverified(fact),
        Event::ActionVerified(fact) => CaseFact::ActionVerified(fact),
        Event::ApprovalGiven(fact) => CaseFact::ApprovalGiven(fact),
        Event::ApprovalDelegated(fact) => CaseFact::ApprovalDelegated(fact),
        Event::ApprovalReminded(fact) => CaseFact::ApprovalReminded(fact),
        Event::ApprovalEscalated(fact) => CaseFact::ApprovalEscalated(fact),
        Event::TicketOpened(fact) => CaseFact::TicketOpened(fact),
        Event::OutcomeRecorded(fact) => CaseFact::OutcomeRecorded(fact),
        Event::ChangeJudged(fact) => CaseFact::ChangeJudged(fact),
        Event::CaseRemembered(_) => CaseFact::CaseRemembered,
        _ => return None,
    })
}

/// The alarm that the fact is about, and the fact as one of an alarm's, if it is one.
pub fn alarm_fact(event: &Event) -> Option<(&AssetId, &str, AlarmFact<'_>)> {
    Some(match event {
        Event::AlertRaised(fact) => (&fact.asset, &fact.detector, AlarmFact::Raised(fact.severity)),
        Event::AlertSuppressed(fact) => (&fact.asset, &fact.detector, AlarmFact::Suppressed(fact)),
        Event::AlarmCleared(fact) => (&fact.asset, &fact.detector, AlarmFact::Cleared),
        Event::AlarmAcknowledged(fact) => (&fact.asset, &fact.detector, AlarmFact::Acknowledged),
        Event::AlarmShelved(fact) => (&fact.asset, &fact.detector, AlarmFact::Shelved(fact)),
        Event::AlarmUnshelved(fact) => (&fact.asset, &fact.detector, AlarmFact::Unshelved),
        Event::AlarmTakenOutOfService(fact) => (&fact.asset, &fact.detector, AlarmFact::TakenOutOfService),
        Event::AlarmReturnedToService(fact) => (&fact.asset, &fact.detector, AlarmFact::ReturnedToService),
        _ => return None,
    })
}

fn budget_fact(event: &Event) -> Option<BudgetFact<'_>> {
    Some(match event {
        Event::BudgetSet(fact) => BudgetFact::Set(fact),
        Event::TokensReserved(fact) => BudgetFact::Reserved(fact),
        Event::CallDispatched(fact) => BudgetFact::Dispatched(fact),
        Event::TokensSettled(fact) => BudgetFact::Settled(fact),
        Event::BudgetOverrun(fact) => BudgetFact::Overrun(fact),
        Event::TokensReleased(fact) => BudgetFact::Released(fact),
        Event::ReservationExpired(fact) => BudgetFact::Expired(fact),
        Event::UsageCorrected(fact) => BudgetFact::Corrected(fact),
        Event::BudgetWarned(fact) => BudgetFact::Warned(fact),
        _ => return None,
    })
}
