//! Every command there is, and the one place that leads each to its rule.

use crate::{
    AcknowledgeAlarm, AdoptPolicy, ApproveAction, ApproveRelearning, AssignDevice, AttemptEffect, ClearAlarm, Decision, DescribePlant, DispatchCall,
    EngageKillSwitch, ExpireApproval, ExpireReservation, FinishAction, FinishEffect, ForgetPerson, IntroducePerson, JudgeChange, LearnBaseline,
    LearnThreshold, LockOutAsset, MarkTruth, ProposeAction, ProposeRelearning, RaiseAlert, RecordDiagnosis, RecordOutcome, Refused, RejectAction,
    ReleaseKillSwitch, ReleaseTokens, RememberCase, ReportGap, ReportReadingsDropped, ReserveTokens, RestoreBaseline, ReturnAlarmToService,
    ReturnAssetToService, SealReadings, SetBudget, SetThreshold, SettleTokens, ShelveAlarm, StartAction, TakeAlarmOutOfService, UnshelveAlarm,
    WantEffect, decision::Circumstances,
};
use millwright_domain::{ids::AssetId, site::Site};
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
    ClearAlarm, AcknowledgeAlarm, ShelveAlarm, UnshelveAlarm, TakeAlarmOutOfService, ReturnAlarmToService,
    ProposeRelearning, ApproveRelearning, RestoreBaseline, LearnThreshold, SetThreshold,
    DescribePlant, AdoptPolicy, LearnBaseline, EngageKillSwitch, ReleaseKillSwitch, LockOutAsset, ReturnAssetToService, SealReadings,
    AssignDevice, ReportReadingsDropped, ReportGap,
    WantEffect, AttemptEffect, FinishEffect,
    SetBudget, ReserveTokens, DispatchCall, SettleTokens, ReleaseTokens, ExpireReservation,
    IntroducePerson, ForgetPerson, MarkTruth,
}

impl Command {
    /// The asset whose fresh readings the rule wants to see, if it judges by readings.
    pub(crate) fn judged_by_readings_of(&self, site: &Site) -> Option<AssetId> {
        let case = match self {
            Self::ProposeAction(command) => command.case,
            Self::StartAction(command) => *site.case_of_action.get(&command.action)?,
            _ => return None,
        };
        Some(site.case(case).file()?.asset.clone())
    }
}
