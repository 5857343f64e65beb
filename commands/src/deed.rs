//! What each command is among the deeds that roles allow; what is not here is asked by parts of Millwright alone.

use crate::Command;
use millwright_domain::{
    access::Deed,
    ids::{ActorId, AssetId},
};

impl Command {
    /// The deed that `by` does in asking this; `None`: nobody outside may ask it.
    pub fn deed(&self, by: &ActorId) -> Option<Deed> {
        Some(match self {
            Self::ApproveAction(_) | Self::RejectAction(_) | Self::DelegateApproval(_) | Self::VerifyAction(_) => Deed::Answer,
            Self::RecordOutcome(_) | Self::AcknowledgeAlarm(_) => Deed::Answer,
            Self::ProposeAction(_) | Self::ModifyAction(_) | Self::LockOutAsset(_) | Self::ReturnAssetToService(_) => Deed::Operate,
            Self::EngageKillSwitch(_) | Self::ShelveAlarm(_) | Self::UnshelveAlarm(_) => Deed::Operate,
            Self::RetryEffect(_) | Self::DropEffect(_) => Deed::Operate,
            Self::ReleaseKillSwitch(_) | Self::SetThreshold(_) | Self::ApproveRelearning(_) | Self::RestoreBaseline(_) => Deed::Engineer,
            Self::TakeAlarmOutOfService(_) | Self::ReturnAlarmToService(_) => Deed::Engineer,
            // How one can be reached oneself is one's own affair.
            Self::OfferEnrolment(asked) if asked.person == *by => Deed::Look,
            Self::RemoveContact(asked) if asked.person == *by => Deed::Look,
            Self::OfferEnrolment(_) | Self::EnrolContact(_) | Self::RemoveContact(_) | Self::IntroducePerson(_) | Self::ForgetPerson(_) => {
                Deed::Administer
            }
            Self::SetBudget(_) | Self::SetGrants(_) | Self::IssueToken(_) | Self::RevokeToken(_) => Deed::Administer,
            _ => return None,
        })
    }

    /// The asset that it names itself, if it names one.
    pub fn names_asset(&self) -> Option<&AssetId> {
        Some(match self {
            Self::LockOutAsset(asked) => &asked.asset,
            Self::ReturnAssetToService(asked) => &asked.asset,
            Self::AcknowledgeAlarm(asked) => &asked.asset,
            Self::ShelveAlarm(asked) => &asked.asset,
            Self::UnshelveAlarm(asked) => &asked.asset,
            Self::TakeAlarmOutOfService(asked) => &asked.asset,
            Self::ReturnAlarmToService(asked) => &asked.asset,
            Self::ApproveRelearning(asked) => &asked.asset,
            Self::RestoreBaseline(asked) => &asked.asset,
            _ => return None,
        })
    }
}
