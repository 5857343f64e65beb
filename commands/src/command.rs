//! Every command there is, and the one place that leads each to its rule.

use crate::{
    AcceptTask, AcknowledgeAlarm, AcknowledgeLetter, AdoptAuditKey, AdoptPolicy, AdoptRoster, ApproveAction, ApproveRelearning, AssignDevice,
    AttemptEffect, BlockAgent, BlockTask, ChaseLetter, CheckAgent, ChooseModel, ClaimTask, ClearAlarm, Decision, DelegateApproval,
    DeliverContribution, DeliverReport, DeliverTask, DescribePlant, DispatchCall, DrainAgent, DropEffect, EngageKillSwitch, EnrolContact,
    EscalateApproval, ExpireApproval, ExpireLease, ExpireReservation, FailTask, FileTask, FinishAction, FinishEffect, ForgetPerson, IntroducePerson,
    IssueToken, JoinCrew, JudgeChange, KeepModelCall, LearnBaseline, LearnThreshold, LockOutAsset, MarkMessageNotDelivered, MarkMessageRead,
    MarkTask, MarkTruth, MissContribution, ModifyAction, OfferEnrolment, OpenInvestigation, ProposeAction, ProposeRelearning, QueueTask, RaiseAlert,
    ReceiveCard, ReceiveDeed, ReceiveMessage, RecordAccessRefused, RecordDiagnosis, RecordInspection, RecordManual, RecordManualRemoved,
    RecordModelCall, RecordOutcome, RecordPasswordSet, RecordSignIn, RecordSignInRefused, RecordSignOut, RecordTest, Refused, RejectAction,
    ReleaseKillSwitch, ReleaseTokens, RememberCase, RemindApproval, RemoveContact, RenewLease, ReplayModelCall, ReportBreaches, ReportGap,
    ReportInspections, ReportMetrics, ReportParts, ReportReadingsDropped, ReportSummary, ReserveTokens, RestoreBaseline, RetryEffect,
    ReturnAlarmToService, ReturnAssetToService, RevertTask, RevokeToken, SealReadings, SendBackTask, SendLetter, SetBudget, SetGrants, SetThreshold,
    SettleTokens, ShelveAlarm, ShredCallWords, SignCheckpoint, SpawnAgent, StartAction, StopAgent, StopLoop, TakeAlarmOutOfService, UnblockAgent,
    UnblockTask, UnshelveAlarm, VerifyAction, WantEffect, decision::Circumstances,
};
use millwright_domain::{
    ids::{AssetId, CaseId},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! commands {
    ($($name:ident),* $(,)?) => {
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum Command {
            $($name($name)),*
        }
        impl Command {
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name)),*
                }
            }
            pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
                match self {
                    $(Self::$name(command) => command.decide(site, circumstances)),*
                }
            }
        }
        $(impl From<$name> for Command {
            fn from(command: $name) -> Self {
                Self::$name(command)
            }
        })*
    };
}

commands! {
    RaiseAlert, JudgeChange, RecordDiagnosis, RememberCase, ProposeAction, ApproveAction, RejectAction, ExpireApproval, StartAction, FinishAction, RecordOutcome,
    OpenInvestigation, DeliverContribution, MissContribution, DeliverReport,
    ModifyAction, DelegateApproval, RemindApproval, EscalateApproval, VerifyAction,
    ClearAlarm, AcknowledgeAlarm, ShelveAlarm, UnshelveAlarm, TakeAlarmOutOfService, ReturnAlarmToService,
    ProposeRelearning, ApproveRelearning, RestoreBaseline, LearnThreshold, SetThreshold,
    DescribePlant, AdoptPolicy, AdoptRoster, LearnBaseline, EngageKillSwitch, ReleaseKillSwitch, LockOutAsset, ReturnAssetToService, SealReadings,
    AdoptAuditKey, SignCheckpoint,
    AssignDevice, ReportReadingsDropped, ReportGap,
    WantEffect, AttemptEffect, FinishEffect, RetryEffect, DropEffect,
    ReceiveMessage, MarkMessageRead, MarkMessageNotDelivered, ReceiveDeed, ReportParts, ReportSummary, RecordInspection, ReportInspections,
    RecordManual, RecordManualRemoved, RecordModelCall, KeepModelCall, ReplayModelCall, ShredCallWords, StopLoop,
    SetBudget, ReserveTokens, DispatchCall, SettleTokens, ReleaseTokens, ExpireReservation,
    JoinCrew, SpawnAgent, DrainAgent, StopAgent, ReportMetrics, BlockAgent, UnblockAgent, CheckAgent, ChooseModel, ReportBreaches,
    FileTask, QueueTask, ClaimTask, RenewLease, ExpireLease, DeliverTask, FailTask, RecordTest, AcceptTask, SendBackTask, BlockTask, UnblockTask,
    RevertTask, MarkTask, ReceiveCard, SendLetter, AcknowledgeLetter, ChaseLetter,
    IntroducePerson, ForgetPerson, OfferEnrolment, EnrolContact, RemoveContact, MarkTruth,
    SetGrants, IssueToken, RevokeToken, RecordSignIn, RecordSignOut, RecordSignInRefused, RecordPasswordSet, RecordAccessRefused,
}

impl Command {
    pub(crate) fn names_case(&self) -> Option<CaseId> {
        Some(match self {
            Self::JudgeChange(command) => command.case,
            Self::RecordDiagnosis(command) => command.case,
            Self::RememberCase(command) => command.case,
            Self::ProposeAction(command) => command.case,
            Self::RecordOutcome(command) => command.case,
            _ => return None,
        })
    }

    /// The asset whose fresh readings the rule wants to see, if it judges by readings.
    pub(crate) fn judged_by_readings_of(&self, site: &Site) -> Option<AssetId> {
        let case = match self {
            Self::ProposeAction(command) => command.case,
            Self::ModifyAction(command) => *site.case_of_action.get(&command.action)?,
            Self::StartAction(command) => *site.case_of_action.get(&command.action)?,
            _ => return None,
        };
        Some(site.case(case).file()?.asset.clone())
    }
}
