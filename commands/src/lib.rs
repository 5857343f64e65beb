//! What may be asked, and the rules that allow or refuse it: one file a command, and the dispatcher that decides them in order.
//!
//! `decide` is pure: state, command and now in; facts or a refusal out. Begin with `approve_action.rs`.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod ask;
#[cfg(test)]
mod budget_model;
mod command;
mod crew;
mod decision;
mod deed;
pub mod dispatcher;
#[cfg(test)]
mod model;
mod safety;
mod telling;
#[cfg(test)]
mod testing;

// the road
mod approve_action;
mod chase_approval;
mod delegate_approval;
mod expire_approval;
mod finish_action;
mod investigate;
mod judge_change;
mod modify_action;
mod propose_action;
mod raise_alert;
mod record_diagnosis;
mod record_outcome;
mod reject_action;
mod remember_case;
mod start_action;
mod verify_action;
// alarms, and what is normal
mod acknowledge_alarm;
mod adjust_threshold;
mod alarm_service;
mod clear_alarm;
mod relearn;
mod shelve_alarm;
// the plant and its rules
mod adopt_policy;
mod adopt_roster;
mod assign_device;
mod describe_plant;
mod kill_switch;
mod learn_baseline;
mod lock_out;
mod report_dropped;
mod report_gap;
mod seal_readings;
mod sign_checkpoint;
// what leaves the house
mod attempt_effect;
mod finish_effect;
mod retry_effect;
mod want_effect;
// what comes in, and how the house itself is
mod receive_deed;
mod receive_message;
mod record_inspection;
mod report_parts;

// token budgets
mod dispatch_call;
mod expire_reservation;
mod keep_model_call;
mod record_manual;
mod record_model_call;
mod release_tokens;
mod reserve_tokens;
mod set_budget;
mod settle_tokens;
mod stop_loop;
// people, and the simulator's truth
mod enrol;
mod grants;
mod mark_truth;
mod people;
mod sign_in;

pub use acknowledge_alarm::AcknowledgeAlarm;
pub use adjust_threshold::{LearnThreshold, SetThreshold};
pub use adopt_policy::AdoptPolicy;
pub use adopt_roster::AdoptRoster;
pub use alarm_service::{ReturnAlarmToService, TakeAlarmOutOfService};
pub use approve_action::{ApproveAction, ApproveActionRefused};
pub use ask::{Answered, Ask};
pub use assign_device::AssignDevice;
pub use attempt_effect::AttemptEffect;
pub use chase_approval::{EscalateApproval, RemindApproval};
pub use clear_alarm::ClearAlarm;
pub use command::Command;
pub use crew::{
    AcceptTask, AcknowledgeLetter, BlockAgent, BlockTask, ChaseLetter, CheckAgent, ChooseModel, Claim, ClaimTask, DeliverTask, DrainAgent,
    ExpireLease, FailTask, FileTask, JoinCrew, LONGEST_LEASE_S, MOST_LETTER, MOST_RESULT, MarkTask, QueueTask, ReceiveCard, RecordTest, RenewLease,
    ReportBreaches, ReportMetrics, RevertTask, SHORTEST_LEASE_S, SendBackTask, SendLetter, SpawnAgent, StopAgent, UnblockAgent, UnblockTask,
};
pub use decision::{Decision, Refused};
pub use delegate_approval::DelegateApproval;
pub use describe_plant::DescribePlant;
pub use dispatch_call::DispatchCall;
pub use dispatcher::{Commands, NotAnswered, Surroundings};
pub use enrol::{CODE_GOOD_FOR, EnrolContact, OfferEnrolment, RemoveContact};
pub use expire_approval::ExpireApproval;
pub use expire_reservation::ExpireReservation;
pub use finish_action::{FinishAction, Verdict};
pub use finish_effect::{EffectResult, FinishEffect};
pub use grants::{IssueToken, LONGEST_TOKEN, PROVIDER, RevokeToken, SetGrants};
pub use investigate::{DeliverContribution, DeliverReport, MissContribution, OpenInvestigation};
pub use judge_change::JudgeChange;
pub use keep_model_call::{KeepModelCall, ReplayModelCall, ShredCallWords};
pub use kill_switch::{EngageKillSwitch, ReleaseKillSwitch};
pub use learn_baseline::LearnBaseline;
pub use lock_out::{LockOutAsset, ReturnAssetToService};
pub use mark_truth::MarkTruth;
pub use modify_action::{Instead, ModifyAction};
pub use people::{ForgetPerson, IntroducePerson};
pub use propose_action::{ProposeAction, ProposeActionRefused};
pub use raise_alert::RaiseAlert;
pub use receive_deed::ReceiveDeed;
pub use receive_message::{MarkMessageNotDelivered, MarkMessageRead, ReceiveMessage};
pub use record_diagnosis::RecordDiagnosis;
pub use record_inspection::{RecordInspection, ReportInspections};
pub use record_manual::{RecordManual, RecordManualRemoved};
pub use record_model_call::RecordModelCall;
pub use record_outcome::{RecordOutcome, RecordOutcomeRefused};
pub use reject_action::RejectAction;
pub use relearn::{ApproveRelearning, ProposeRelearning, RestoreBaseline};
pub use release_tokens::ReleaseTokens;
pub use remember_case::RememberCase;
pub use report_dropped::ReportReadingsDropped;
pub use report_gap::{Gap, ReportGap};
pub use report_parts::{ReportParts, ReportSummary};
pub use reserve_tokens::{ReserveTokens, ReserveTokensRefused};
pub use retry_effect::{DropEffect, RetryEffect};
pub use safety::{NO_FRESH_READING, SafetyRefused};
pub use seal_readings::SealReadings;
pub use set_budget::SetBudget;
pub use settle_tokens::SettleTokens;
pub use shelve_alarm::{LONGEST_SHELF_MIN, ShelveAlarm, UnshelveAlarm};
pub use sign_checkpoint::{AdoptAuditKey, SignCheckpoint};
pub use sign_in::{DOOR, RecordAccessRefused, RecordPasswordSet, RecordSignIn, RecordSignInRefused, RecordSignOut};
pub use start_action::{SEND_WITHIN, StartAction, StartActionRefused};
pub use stop_loop::StopLoop;
pub use verify_action::VerifyAction;
pub use want_effect::WantEffect;
