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
            // What an agent does with its own place and work; that an answer to it is never a yes, the rules see to.
            Self::JoinCrew(_) | Self::ReportMetrics(_) | Self::ClaimTask(_) | Self::RenewLease(_) => Deed::Work,
            Self::DeliverTask(_) | Self::FailTask(_) | Self::BlockAgent(_) | Self::UnblockAgent(_) => Deed::Work,
            Self::FileTask(_) | Self::BlockTask(_) | Self::SendLetter(_) | Self::AcknowledgeLetter(_) => Deed::Work,
            Self::StopAgent(asked) if asked.agent == *by => Deed::Work,
            Self::AcceptTask(_) | Self::SendBackTask(_) | Self::RecordTest(_) => Deed::Answer,
            Self::QueueTask(_) | Self::UnblockTask(_) | Self::RevertTask(_) => Deed::Operate,
            Self::SpawnAgent(_) | Self::DrainAgent(_) | Self::StopAgent(_) | Self::ChooseModel(_) => Deed::Engineer,
            Self::ReplayModelCall(_) => Deed::Engineer,
            // How one can be reached oneself is one's own affair.
            Self::OfferEnrolment(asked) if asked.person == *by => Deed::Look,
            Self::RemoveContact(asked) if asked.person == *by => Deed::Look,
            Self::OfferEnrolment(_) | Self::EnrolContact(_) | Self::RemoveContact(_) | Self::IntroducePerson(_) | Self::ForgetPerson(_) => {
                Deed::Administer
            }
            Self::SetBudget(_) | Self::SetGrants(_) | Self::IssueToken(_) | Self::RevokeToken(_) => Deed::Administer,
            Self::ShredCallWords(_) => Deed::Administer,
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
