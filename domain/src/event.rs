//! Every fact there is on the ledger, by name and schema version. This list only grows.

use crate::{
    access::{AccessRefused, GrantsSet, PasswordSet, SignInRefused, SignedIn, SignedOut, TokenIssued, TokenRevoked},
    agent::{AgentBlocked, AgentDrained, AgentFellSilent, AgentJoined, AgentReported, AgentSpawned, AgentStopped, AgentUnblocked, ModelChosen},
    agent_alarm::{AgentAlarmCleared, AgentAlarmRaised},
    alarm::{AlarmAcknowledged, AlarmCleared, AlarmReturnedToService, AlarmShelved, AlarmTakenOutOfService, AlarmUnshelved, AlertSuppressed},
    approval::{ApprovalDelegated, ApprovalEscalated, ApprovalGiven, ApprovalReminded},
    audit::{AuditKeyAdopted, CheckpointSigned},
    baseline::{BaselineLearned, BaselineRestored, RelearningApproved, RelearningProposed},
    board::CardTouched,
    budget::{
        BudgetOverrun, BudgetSet, BudgetWarned, CallDispatched, ReservationExpired, TokensReleased, TokensReserved, TokensSettled, UsageCorrected,
    },
    call::ModelCalled,
    case::{
        ActionApproved, ActionCompleted, ActionFailed, ActionProposed, ActionRejected, ActionStarted, ActionSuperseded, ActionUnverified,
        ActionVerified, ActionVoided, AlertRaised, ApprovalExpired, CaseRemembered, CommandRefused, DiagnosisRecorded, OutcomeRecorded,
    },
    change::ChangeJudged,
    collecting::{CollectionResumed, DeviceAnswered, DeviceAssigned, DeviceFellSilent, ReadingsDropped},
    contact::{ContactEnrolled, ContactRemoved, EnrolmentOffered},
    effect::{EffectAttempted, EffectDone, EffectDropped, EffectFailed, EffectRetried, EffectWanted},
    envelope::CommandAnswered,
    going_round::LoopStopped,
    inspection::{InspectionMade, InspectionsReported},
    investigation::{ContributionDelivered, ContributionMissed, InvestigationOpened, ReportDelivered},
    kept_call::{CallWordsShredded, ModelCallKept, ModelCallReplayed},
    letter::{LetterAcknowledged, LetterDeadLettered, LetterEscalated, LetterRepeated, LetterSent},
    manual::{ManualImported, ManualRemoved},
    message::{MessageNotDelivered, MessageRead, MessageReceived, MessageUnknown},
    parts::{PartFailed, PartRecovered, SummaryReported},
    roster::RosterAdopted,
    sealed::{PersonForgotten, PersonIntroduced},
    site::{
        AssetLockedOut, AssetReturnedToService, GroundTruthMarked, KillSwitchEngaged, KillSwitchReleased, PartitionOwned, PlantDescribed,
        PolicyAdopted, ReadingsSealed,
    },
    task::{
        LeaseLost, LeaseRenewed, ResultTested, TaskAccepted, TaskBlocked, TaskClaimed, TaskDelivered, TaskFailed, TaskFiled, TaskMarked, TaskQueued,
        TaskReverted, TaskSentBack, TaskUnblocked,
    },
    threshold::ThresholdAdjusted,
    ticket::{TicketOpened, TicketTouched},
};
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, value::RawValue};
use thiserror::Error;

/// Why stored data could not be read as its type.
#[derive(Debug, Error)]
#[error("{kind} of schema {schema} could not be read")]
pub struct BadEventData {
    pub kind: String,
    pub schema: u16,
    #[source]
    pub cause: serde_json::Error,
}

macro_rules! facts {
    ($($name:ident = $schema:literal),* $(,)?) => {
        /// A fact on the ledger.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Event {
            $($name($name),)*
            /// Written by a newer program, or by nobody we know: kept, shown, counted, skipped by folds.
            Unknown { kind: String, schema: u16, data: Value },
        }

        impl Event {
            /// Type names and the schema version each is written with today.
            pub const TYPES: &'static [(&'static str, u16)] = &[$((stringify!($name), $schema)),*];

            /// Each type's name, its schema version, and what makes the JSON Schema of its data.
            pub(crate) const SCHEMAS: &'static [(&'static str, u16, fn(&mut SchemaGenerator) -> Schema)] =
                &[$((stringify!($name), $schema, SchemaGenerator::subschema_for::<$name>)),*];

            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                    Self::Unknown { kind, .. } => kind,
                }
            }
            pub fn schema(&self) -> u16 {
                match self {
                    $(Self::$name(_) => $schema,)*
                    Self::Unknown { schema, .. } => *schema,
                }
            }
            pub(crate) fn data_to_json(&self) -> serde_json::Result<Box<RawValue>> {
                match self {
                    $(Self::$name(fact) => serde_json::value::to_raw_value(fact),)*
                    Self::Unknown { data, .. } => serde_json::value::to_raw_value(data),
                }
            }
            /// Reads stored data, whatever version it was written in. Bytes are never rewritten.
            pub fn from_stored(kind: &str, schema: u16, data: &RawValue) -> Result<Self, BadEventData> {
                let bad = |cause| BadEventData { kind: kind.into(), schema, cause };
                match kind {
                    $(stringify!($name) if schema == $schema => Ok(Self::$name(serde_json::from_str(data.get()).map_err(bad)?)),)*
                    $(stringify!($name) if schema < $schema => {
                        let old: Value = serde_json::from_str(data.get()).map_err(bad)?;
                        Ok(Self::$name(serde_json::from_value(upcast(kind, schema, old)).map_err(bad)?))
                    })*
                    _ => Ok(Self::Unknown { kind: kind.into(), schema, data: serde_json::from_str(data.get()).map_err(bad)? }),
                }
            }
        }
        $(impl From<$name> for Event {
            fn from(fact: $name) -> Self {
                Self::$name(fact)
            }
        })*
    };
}

facts! {
    // the partition itself
    PartitionOwned = 1, CommandAnswered = 1, ReadingsSealed = 1, AuditKeyAdopted = 1, CheckpointSigned = 1,
    // the plant and its rules
    PlantDescribed = 1, PolicyAdopted = 1, RosterAdopted = 1, BaselineLearned = 1,
    RelearningProposed = 1, RelearningApproved = 1, BaselineRestored = 1, ThresholdAdjusted = 1,
    KillSwitchEngaged = 1, KillSwitchReleased = 1, AssetLockedOut = 1, AssetReturnedToService = 1,
    // who collects, and what is missing
    DeviceAssigned = 1, ReadingsDropped = 1, DeviceFellSilent = 1, DeviceAnswered = 1, CollectionResumed = 1,
    // a case
    AlertRaised = 1, ChangeJudged = 1, DiagnosisRecorded = 1, CaseRemembered = 1,
    ActionProposed = 1, ActionApproved = 1, ActionRejected = 1, ApprovalExpired = 1, ActionVoided = 1, ActionSuperseded = 1,
    ApprovalGiven = 1, ApprovalDelegated = 1, ApprovalReminded = 1, ApprovalEscalated = 1,
    ActionStarted = 1, ActionCompleted = 1, ActionFailed = 1, ActionUnverified = 1, ActionVerified = 1,
    OutcomeRecorded = 1, CommandRefused = 1,
    // what the crew found out about it
    InvestigationOpened = 1, ContributionDelivered = 1, ContributionMissed = 1, ReportDelivered = 1, ModelCalled = 1, LoopStopped = 1,
    // what was said in calls to models
    ModelCallKept = 1, ModelCallReplayed = 1, CallWordsShredded = 1,
    // alarms as operators handle them
    AlarmCleared = 1, AlarmAcknowledged = 1, AlarmShelved = 1, AlarmUnshelved = 1, AlarmTakenOutOfService = 1, AlarmReturnedToService = 1,
    AlertSuppressed = 1,
    // what leaves the house
    EffectWanted = 1, EffectAttempted = 1, EffectDone = 1, EffectFailed = 1, MessageUnknown = 1, EffectRetried = 1, EffectDropped = 1,
    // what comes in
    MessageReceived = 1, MessageRead = 1, MessageNotDelivered = 1, TicketOpened = 1, TicketTouched = 1,
    // what the crew can cite
    ManualImported = 1, ManualRemoved = 1,
    // token budgets
    BudgetSet = 1, TokensReserved = 1, CallDispatched = 1, TokensSettled = 1, BudgetOverrun = 1, TokensReleased = 1, ReservationExpired = 1, UsageCorrected = 1, BudgetWarned = 1,
    // a site's crew, and what it is to do
    AgentJoined = 1, AgentSpawned = 1, AgentDrained = 1, AgentStopped = 1, AgentBlocked = 1, AgentUnblocked = 1, AgentReported = 1,
    AgentFellSilent = 1, ModelChosen = 1, AgentAlarmRaised = 1, AgentAlarmCleared = 1,
    TaskFiled = 1, TaskQueued = 1, TaskClaimed = 1, LeaseRenewed = 1, LeaseLost = 1, TaskDelivered = 1, ResultTested = 1, TaskAccepted = 1,
    TaskSentBack = 1, TaskBlocked = 1, TaskUnblocked = 1, TaskFailed = 1, TaskReverted = 1, TaskMarked = 1, CardTouched = 1,
    LetterSent = 1, LetterAcknowledged = 1, LetterRepeated = 1, LetterDeadLettered = 1, LetterEscalated = 1,
    // people
    PersonIntroduced = 1, PersonForgotten = 1, EnrolmentOffered = 1, ContactEnrolled = 1, ContactRemoved = 1,
    // who may do what
    GrantsSet = 1, TokenIssued = 1, TokenRevoked = 1, SignedIn = 1, SignedOut = 1, SignInRefused = 1, PasswordSet = 1, AccessRefused = 1,
    // the house itself
    PartFailed = 1, PartRecovered = 1, SummaryReported = 1, InspectionMade = 1, InspectionsReported = 1,
    // what a simulator did, for the evaluation alone
    GroundTruthMarked = 1,
}

/// Turns data of an older schema into today's shape. One arm for each step that a type has taken; none has yet.
fn upcast(_kind: &str, _schema: u16, data: Value) -> Value {
    data
}
