//! Faults planted on purpose, one for each thing that must hold: a check that finds them is worth trusting.

use super::{
    ask::diagnosis,
    cast::{PEOPLE, POLICIES, STANDS_AT, policy},
    step::{Ask, What},
    world::{Sight, observed, time},
};
use crate::{
    ApproveAction, Command, Decision, RejectAction,
    decision::{Circumstances, Refused},
    propose_action::POLICY,
};
use millwright_domain::{
    Event, Now,
    action::Action,
    approval::Asked,
    case::{ActionApproved, ActionRejected},
    envelope::StreamId,
    ids::{ActionId, ActorId},
    site::Site,
};
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    SendsWhatAFormerRunBegan,
    SendsWhatAFormerHolderBegan,
    SendsWhatNobodyBegan,
    OverlooksTheEndOfTheLedger,
    ForgetsWhatItHasSeenTo,
    IgnoresTheEpoch,
    SendsAfterItsTime,
    ForgetsAnswers,
    SkipsTheBinding,
    TakesAFewDigits,
    CountsTheProposersYes,
    CountsAProgramsYes,
    CountsAnOutsidersYes,
    CountsOneYesTwice,
    TakesOneYesForTwo,
    TakesAChatForThePage,
    TakesALateYes,
    LetsPolicyAllowEverything,
    TakesBackWhatHasBegun,
    SkipsTheNeverList,
    SupersedesNothing,
    BeginsWhatWaits,
    BeginsWhatEnded,
    BeginsTwice,
    BeginsTooLate,
    BeginsTooSoon,
    BeginsUnderAnOldAssignment,
    SkipsTheKillSwitch,
    SkipsTheLockOut,
    SkipsAChangeOfPolicy,
    SkipsAChangeOfDiagnosis,
    JudgesByTheFirstReading,
}

impl Mutant {
    pub fn decides(self, site: &Site, ask: Ask, command: &Command, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let decided = match command {
            Command::ApproveAction(approve) => self.approves(site, ask, approve, circumstances),
            Command::RejectAction(RejectAction { action, .. }) if self == Self::TakesBackWhatHasBegun => {
                let (stream, _) = action_of(site, *action).unwrap();
                Ok(Decision::one(stream, ActionRejected { action: *action, by: circumstances.by.clone(), note: None }))
            }
            Command::StartAction(start) => self.starts(site, start.action, command, circumstances),
            Command::ProposeAction(_) if self == Self::SkipsTheNeverList => {
                command.decide(&with(site, |site| site.policy.never.clear()), circumstances)
            }
            _ => command.decide(site, circumstances),
        };
        match decided? {
            Decision::Facts { facts, subject } => Ok(Decision::Facts { facts: self.records(facts), subject }),
            Decision::AlreadySo => Ok(Decision::AlreadySo),
        }
    }

    fn approves(self, site: &Site, ask: Ask, approve: &ApproveAction, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let (mut approve, mut circumstances) = (approve.clone(), circumstances);
        let Some((proposal, asked)) = waiting(site, approve.action) else { return approve.decide(site, circumstances) };
        let by = circumstances.by;
        let wrongly_counted = match self {
            Self::CountsTheProposersYes => !by.is_service() && proposal.proposed_by == *by,
            Self::CountsAProgramsYes => by.is_service(),
            Self::CountsAnOutsidersYes => !by.is_service() && !asked.may_answer(&site.policy.approval, proposal, by),
            Self::CountsOneYesTwice => asked.yes.contains(by),
            _ => false,
        };
        let another = PEOPLE.into_iter().map(|who| who.actor()).find(|other| *other != proposal.proposed_by && !asked.yes.contains(other));
        match self {
            Self::SkipsTheBinding => approve.binding = proposal.binding(),
            Self::TakesAFewDigits if proposal.binding().starts_with(&approve.binding) => approve.binding = proposal.binding(),
            Self::TakesAChatForThePage if matches!(ask.what, What::Approve(_, shown) if shown.is_chat() && !shown.is_old()) => {
                (approve.binding, approve.via) = (proposal.binding(), None);
            }
            Self::TakesALateYes => circumstances.now = time(0),
            _ => {}
        }
        match another.as_ref().filter(|_| wrongly_counted) {
            Some(another) => Ok(said_by(by, approve.decide(site, Circumstances { by: another, ..circumstances })?)),
            None => approve.decide(site, circumstances),
        }
    }

    fn starts(self, site: &Site, action: ActionId, command: &Command, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some((stream, known)) = action_of(site, action) else { return command.decide(site, circumstances) };
        let mut circumstances = circumstances;
        let first = observed(Some(Sight { speed: STANDS_AT, pressure_is_high: false, at: super::account::seconds(circumstances.now.plant) }));
        let wrong_stage = match self {
            Self::BeginsWhatWaits => matches!(known, Action::AwaitingApproval { .. }),
            Self::BeginsWhatEnded => matches!(known, Action::Ended { .. }),
            Self::BeginsTwice => matches!(known, Action::Started { .. }),
            _ => false,
        };
        let mut site = site.clone();
        match self {
            Self::SkipsTheKillSwitch => site.kill_switch = None,
            Self::SkipsTheLockOut => site.locked_out.clear(),
            Self::BeginsTooSoon | Self::BeginsTwice => site.last_write.clear(),
            Self::BeginsTooLate if circumstances.now.wall >= known.proposal().begin_by() => {
                circumstances.now = Now { wall: time(0).wall, ..circumstances.now }
            }
            Self::JudgesByTheFirstReading => circumstances.observed = &first,
            Self::SkipsAChangeOfPolicy => {
                let agreed = POLICIES.map(policy).into_iter().find(|policy| policy.digest() == known.proposal().policy_digest);
                site.policy = agreed.unwrap();
            }
            Self::SkipsAChangeOfDiagnosis => {
                let causes = [diagnosis(0), diagnosis(1)];
                let agreed = causes.into_iter().find(|diagnosis| Some(&diagnosis.cause) == known.proposal().cause.as_ref());
                site.evolve(&stream, circumstances.now.plant, &Event::DiagnosisRecorded(agreed.unwrap()));
            }
            _ => {}
        }
        if wrong_stage {
            let approved = ActionApproved { action, binding: String::new(), by: POLICY.parse().unwrap() };
            site.evolve(&stream, circumstances.now.plant, &approved.into());
        }
        command.decide(&site, circumstances)
    }

    fn records(self, facts: Vec<(StreamId, Event)>) -> Vec<(StreamId, Event)> {
        let mut recorded = vec![];
        for (stream, event) in facts {
            match event {
                Event::ActionSuperseded(_) if self == Self::SupersedesNothing => {}
                Event::ApprovalGiven(given) if self == Self::TakesOneYesForTwo => {
                    recorded.push((stream, ActionApproved { action: given.action, binding: given.binding, by: given.by }.into()));
                }
                Event::ActionStarted(mut started) if self == Self::BeginsUnderAnOldAssignment => {
                    started.device_epoch = Some(1);
                    recorded.push((stream, started.into()));
                }
                Event::ActionProposed(proposed) if self == Self::LetsPolicyAllowEverything => {
                    let (action, binding) = (proposed.proposal.action, proposed.binding.clone());
                    recorded.push((stream.clone(), proposed.into()));
                    recorded.push((stream, ActionApproved { action, binding, by: POLICY.parse().unwrap() }.into()));
                }
                event => recorded.push((stream, event)),
            }
        }
        recorded
    }
}

fn with(site: &Site, change: impl FnOnce(&mut Site)) -> Site {
    let mut site = site.clone();
    change(&mut site);
    site
}

fn action_of(site: &Site, action: ActionId) -> Option<(StreamId, &Action)> {
    let case = *site.case_of_action.get(&action)?;
    Some((StreamId::case(case), site.case(case).file()?.actions.get(&action)?))
}

fn waiting(site: &Site, action: ActionId) -> Option<(&millwright_domain::action::Proposal, &Asked)> {
    match action_of(site, action)?.1 {
        Action::AwaitingApproval { proposal, asked } => Some((proposal, asked)),
        _ => None,
    }
}

fn said_by(by: &ActorId, decision: Decision) -> Decision {
    let Decision::Facts { mut facts, subject } = decision else { return decision };
    for (_, event) in &mut facts {
        match event {
            Event::ActionApproved(approved) => approved.by = by.clone(),
            Event::ApprovalGiven(given) => given.by = by.clone(),
            _ => {}
        }
    }
    Decision::Facts { facts, subject }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SendsWhatAFormerRunBegan => "an executor that sends again what a former run of it began",
            Self::SendsWhatAFormerHolderBegan => "an executor that sends what a former holder of the device began",
            Self::SendsWhatNobodyBegan => "an executor that sends what waits for its yes",
            Self::OverlooksTheEndOfTheLedger => "an executor that begins before the end of the ledger, and takes old facts for new ones",
            Self::ForgetsWhatItHasSeenTo => "an executor that forgets what it has seen to",
            Self::IgnoresTheEpoch => "a gate that ignores the epoch",
            Self::SendsAfterItsTime => "a gate that ignores the time",
            Self::ForgetsAnswers => "a dispatcher that forgets its answers",
            Self::SkipsTheBinding => "a yes whose binding nobody looks at",
            Self::TakesAFewDigits => "a yes by a few digits of the binding",
            Self::CountsTheProposersYes => "a yes of the proposer's that counts",
            Self::CountsAProgramsYes => "a yes of a program's that counts",
            Self::CountsAnOutsidersYes => "a yes of somebody's whom policy does not name that counts",
            Self::CountsOneYesTwice => "a yes that counts twice",
            Self::TakesOneYesForTwo => "a yes that is enough where it takes two",
            Self::TakesAChatForThePage => "a yes to a high risk in a chat",
            Self::TakesALateYes => "a yes that comes too late and counts",
            Self::LetsPolicyAllowEverything => "a policy that lets everything through",
            Self::TakesBackWhatHasBegun => "a no to what has begun",
            Self::SkipsTheNeverList => "a proposal that the never list does not stop",
            Self::SupersedesNothing => "a proposal beside another one for the same signal",
            Self::BeginsWhatWaits => "a beginning without a yes",
            Self::BeginsWhatEnded => "a beginning after a no",
            Self::BeginsTwice => "a beginning of what has begun",
            Self::BeginsTooLate => "a beginning long after the yes",
            Self::BeginsTooSoon => "a beginning right after another one",
            Self::BeginsUnderAnOldAssignment => "a beginning under a former assignment of the device",
            Self::SkipsTheKillSwitch => "a beginning that the kill switch does not stop",
            Self::SkipsTheLockOut => "a beginning that a lock-out does not stop",
            Self::SkipsAChangeOfPolicy => "a beginning under another policy",
            Self::SkipsAChangeOfDiagnosis => "a beginning for another cause",
            Self::JudgesByTheFirstReading => "a beginning that is judged by an old reading",
        })
    }
}
