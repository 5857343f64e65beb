//! From what an actor wants to the real command, with the real ids and the binding that a person has before the eyes.

use super::{
    account::{Account, Proposals},
    cast::policy,
    step::{Ask, Instead, Shown, What, Word},
    world::Id,
};
use crate::{
    AdoptPolicy, ApproveAction, AssignDevice, Command, DelegateApproval, EngageKillSwitch, EscalateApproval, ExpireApproval, FinishAction,
    LockOutAsset, ModifyAction, ProposeAction, RecordDiagnosis, RecordOutcome, RejectAction, ReleaseKillSwitch, ReturnAssetToService, StartAction,
    Verdict, VerifyAction, testing::plant,
};
use millwright_domain::{
    case::{DiagnosisRecorded, Outcome},
    ids::{ActionId, CaseId, CommandId, EventId, derived},
    message::{BINDING_SHOWN, Channel},
};
use uuid::Uuid;

pub const CAUSES: [&str; 2] = ["bearing_wear", "clogging"];
pub const COLLECTORS: [&str; 2] = ["node-a", "node-b"];

impl Ask {
    /// The id under which it may come again, for what an action of that place would be.
    pub fn id(self, next: usize) -> Option<Id> {
        match self.what {
            What::Propose(_) | What::Modify(..) => Some(Id::Proposal(next)),
            What::Start(slot, true) => Some(Id::FirstStart(slot)),
            What::Finish(slot, _) => Some(Id::Finish(slot)),
            _ => None,
        }
    }
    pub const fn is_judged_by_readings(self) -> bool {
        matches!(self.what, What::Propose(_) | What::Modify(..) | What::Start(..))
    }
}

/// A proposal's id is made of its command's, so it is the same whenever that command is decided.
pub fn command_id(slot: usize) -> CommandId {
    CommandId(derived("model", "propose", u32::try_from(slot).unwrap()))
}
pub fn action_id(slot: usize) -> ActionId {
    ActionId(derived(&command_id(slot).to_string(), "action", 0))
}

/// As a client would write it.
pub fn command(ask: Ask, case: CaseId, account: &Account, proposals: &Proposals) -> Command {
    let shown = |slot, shown| binding_shown(slot, shown, account, proposals);
    let because = EventId(Uuid::from_u128(7));
    match ask.what {
        What::Propose(named) => ProposeAction { case, name: named.name().parse().unwrap(), because }.into(),
        What::Modify(slot, instead) => {
            let instead = match instead {
                Instead::Value(value) => crate::Instead::Value(value.into()),
                Instead::Action(named) => crate::Instead::Action(named.name().parse().unwrap()),
            };
            ModifyAction { action: action_id(slot), binding: shown(slot, Shown::Page), instead }.into()
        }
        What::Approve(slot, how) => {
            let via = how.is_chat().then_some(Channel::Whatsapp);
            ApproveAction { action: action_id(slot), binding: shown(slot, how), via }.into()
        }
        What::Reject(slot) => RejectAction { action: action_id(slot), note: None }.into(),
        What::Delegate(slot, to) => DelegateApproval { action: action_id(slot), to: to.actor() }.into(),
        What::Escalate(slot) => EscalateApproval { action: action_id(slot), level: 1 }.into(),
        What::Expire(slot) => ExpireApproval { action: action_id(slot) }.into(),
        What::Start(slot, _) => StartAction { action: action_id(slot) }.into(),
        What::Finish(slot, word) => FinishAction { action: action_id(slot), verdict: verdict(word), sent: None }.into(),
        What::Verify(slot, took) => VerifyAction { action: action_id(slot), took, note: None }.into(),
        What::EngageKillSwitch => EngageKillSwitch { reason: plant::sealed() }.into(),
        What::ReleaseKillSwitch => ReleaseKillSwitch.into(),
        What::LockOut => LockOutAsset { asset: plant::asset(), tag: plant::sealed() }.into(),
        What::ReturnToService => ReturnAssetToService { asset: plant::asset() }.into(),
        What::Adopt(number) => AdoptPolicy { policy: policy(number) }.into(),
        What::Diagnose(cause) => RecordDiagnosis { case, diagnosis: diagnosis(cause), revises: true }.into(),
        What::Close => RecordOutcome { case, outcome: Outcome::Repaired, true_cause: None, note: None, evidence: vec![] }.into(),
        What::Assign(node) => AssignDevice { device: "plc-1".parse().unwrap(), collector: COLLECTORS[node].parse().unwrap() }.into(),
    }
}

fn binding_shown(slot: usize, shown: Shown, account: &Account, proposals: &Proposals) -> String {
    let another = account.lives.iter().enumerate().find_map(|(other, life)| life.filter(|_| other != slot));
    let looked_at = if shown.is_old() { another } else { account.lives[slot] };
    // Nothing else was ever proposed: a page that somebody made up.
    let whole = looked_at.map_or_else(|| "0".repeat(64), |life| proposals.of(life.proposal).binding.clone());
    match shown {
        Shown::Page | Shown::OldPage => whole,
        Shown::Chat | Shown::OldChat => whole[..BINDING_SHOWN].into(),
        Shown::StubInChat => whole[..BINDING_SHOWN - 1].into(),
    }
}

fn verdict(word: Word) -> Verdict {
    match word {
        Word::Took => Verdict::Completed { read_back: None },
        Word::Failed => Verdict::Failed { reason: "nothing was sent, or it was refused".into() },
        Word::NobodyKnows => Verdict::Unverified { reason: "nobody knows".into() },
    }
}

pub fn diagnosis(cause: u8) -> DiagnosisRecorded {
    DiagnosisRecorded {
        asset: plant::asset(),
        cause: CAUSES[usize::from(cause)].parse().unwrap(),
        confidence: 0.8,
        by: "rules".into(),
        explanation: String::new(),
        evidence_for: vec![],
        evidence_against: vec![],
        suggests: vec![],
        branched_from: None,
    }
}
