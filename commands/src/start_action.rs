//! StartAction: the last look before the first byte. All safety rules on fresh readings; an approval is void if the machine has moved on.

use crate::{
    decision::{Circumstances, Decision, Refusal, Refused},
    expire_approval::NOT_BEGUN,
    safety::{SafetyRefused, Write, may_act_on, may_write},
    telling::{Telling, links},
};
use chrono::TimeDelta;
use millwright_domain::{
    Event,
    action::{Action, Order, Proposal, WriteOrder},
    case::{ActionStarted, ActionVoided, Case, CaseFile, Rule},
    envelope::StreamId,
    ids::{ActionId, CaseId},
    message::Message,
    policy::{ActionSpec, MessageSpec},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A write that has not left by then (wall time) never leaves.
pub const SEND_WITHIN: TimeDelta = TimeDelta::seconds(2);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StartAction {
    pub action: ActionId,
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum StartActionRefused {
    #[error("nothing with the id {0} was proposed")]
    NothingProposed(ActionId),
    #[error("this action is {0}; only an approved one can begin, and only once")]
    NotApproved(&'static str),
    #[error("the case is closed; its actions are void")]
    CaseClosed,
    #[error(transparent)]
    Safety(#[from] SafetyRefused),
}

impl Refusal for StartActionRefused {
    fn code(&self) -> &'static str {
        match self {
            Self::NothingProposed(_) => "nothing_proposed",
            Self::NotApproved(_) => "not_approved",
            Self::CaseClosed => "case_closed",
            Self::Safety(refused) => refused.code(),
        }
    }
    fn rule(&self) -> Option<Rule> {
        match self {
            Self::NothingProposed(_) => None,
            Self::NotApproved(_) | Self::CaseClosed => Some(Rule::Approval),
            Self::Safety(refused) => refused.rule(),
        }
    }
}

impl StartAction {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some(case) = site.case_of_action.get(&self.action).copied() else {
            return Err(StartActionRefused::NothingProposed(self.action).at(StreamId::partition()));
        };
        let stream = StreamId::case(case);
        let (file, proposal) = self.approved(site.case(case)).map_err(|refused| refused.at(stream.clone()))?;
        if let Some(reason) = moved_on(site, file, proposal, circumstances) {
            return Ok(Decision::one(stream, ActionVoided { action: self.action, reason }).about(case));
        }
        match &proposal.order {
            Order::Message(message) => self.start_message(site, file, case, message, circumstances),
            Order::Write(order) => self.start_write(site, file, case, (proposal, order), circumstances),
        }
        .map_err(|refused| self.refuse(refused, stream))
    }

    fn approved<'a>(&self, case: &'a Case) -> Result<(&'a CaseFile, &'a Proposal), StartActionRefused> {
        let file = match case {
            Case::Unopened => return Err(StartActionRefused::NothingProposed(self.action)),
            Case::Closed(..) => return Err(StartActionRefused::CaseClosed),
            Case::Open(file) => file,
        };
        match file.actions.get(&self.action) {
            None => Err(StartActionRefused::NothingProposed(self.action)),
            Some(Action::Approved { proposal, .. }) => Ok((file, proposal)),
            Some(other) => Err(StartActionRefused::NotApproved(other.stage())),
        }
    }

    fn start_write(
        &self,
        site: &Site,
        file: &CaseFile,
        case: CaseId,
        (proposal, order): (&Proposal, &WriteOrder),
        circumstances: Circumstances<'_>,
    ) -> Result<Decision, SafetyRefused> {
        let not_allowed = || SafetyRefused::NotAllowed(order.signal.clone());
        let asset = site.plant.as_ref().and_then(|plant| plant.asset(&file.asset)).ok_or_else(not_allowed)?;
        let Some(ActionSpec::Write(spec)) = site.policy.actions.get(&proposal.name) else { return Err(not_allowed()) };
        may_write(site, asset, Write { action: &proposal.name, order, spec }, circumstances.observed, circumstances.now)?;
        let collector = site.collectors.get(&order.device).ok_or_else(|| SafetyRefused::NobodyCollects(order.device.clone()))?;
        let started = ActionStarted { device_epoch: Some(collector.epoch), ..self.started(circumstances) };
        Ok(Decision::one(StreamId::case(case), started).about(case))
    }

    fn start_message(
        &self,
        site: &Site,
        file: &CaseFile,
        case: CaseId,
        message: &MessageSpec,
        circumstances: Circumstances<'_>,
    ) -> Result<Decision, SafetyRefused> {
        may_act_on(site, &file.asset)?;
        let headline = format!("{}: {}", file.asset, file.cause().map_or("alert", |cause| cause.as_str()));
        let telling = Telling {
            to: &message.to,
            message: Message { links: links(site, case), ..Message::plain(headline, &message.text) },
            because: self.action.to_string(),
            reason: "message",
            case: Some(case),
            action: Some(self.action),
        };
        let mut facts: Vec<(StreamId, Event)> = vec![(StreamId::case(case), self.started(circumstances).into())];
        facts.extend(telling.wanted(site));
        Ok(Decision::Facts { facts, subject: Some(case.to_string()) })
    }

    fn started(&self, circumstances: Circumstances<'_>) -> ActionStarted {
        let send_by = circumstances.now.wall + SEND_WITHIN;
        ActionStarted { action: self.action, send_by, device_epoch: None, observed: circumstances.observed.to_vec() }
    }

    /// An approval that safety refuses is spent: whoever still wants the action proposes it anew, on what is true then.
    /// Only where nothing fresh was measured yet, as right after a device has changed hands, it stands, and may be tried again in time.
    fn refuse(&self, refused: SafetyRefused, stream: StreamId) -> Refused {
        let stands = matches!(refused, SafetyRefused::NoFreshReading(_));
        let refused = StartActionRefused::from(refused).at(stream);
        let voided = ActionVoided { action: self.action, reason: refused.reason.clone() };
        let facts = if stands { vec![] } else { vec![(refused.stream.clone(), voided.into())] };
        Refused { facts, ..refused }
    }
}

/// Why the approval no longer fits the world, if it does not.
fn moved_on(site: &Site, file: &CaseFile, proposal: &Proposal, Circumstances { now, observed, .. }: Circumstances<'_>) -> Option<String> {
    if now.wall >= proposal.begin_by() {
        return Some(NOT_BEGUN.into());
    }
    if site.policy.digest() != proposal.policy_digest {
        return Some("the policy was changed after the approval".into());
    }
    if let (Some(then), Some(now)) = (&proposal.cause, file.cause())
        && then != now
    {
        return Some(format!("it was approved for {then}, and the machine is thought to have {now} now"));
    }
    let Order::Write(order) = &proposal.order else { return None };
    proposal.preconditions.iter().find_map(|before| {
        let now = observed.iter().find(|reading| reading.signal == before.signal)?;
        let moved = (now.value - before.value).abs() > order.tolerance;
        moved.then(|| format!("{} was {} when this was approved and is {} now", before.signal, before.value, now.value))
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn an_approved_write_begins_once_with_the_readings_it_was_judged_by() {
        let scene = scene().given_approval();
        let action = scene.action();
        let scene = scene.when(plant::start(action)).happens().then_facts(["ActionStarted"]);
        assert_eq!(scene.observed_at_start(action).len(), 2);
        scene.when(plant::start(action)).is_refused("not_approved");
    }

    #[test]
    fn nothing_begins_without_a_yes() {
        let scene = scene().given_proposal();
        let action = scene.action();
        scene.when(plant::start(action)).is_refused("not_approved");
    }

    #[test]
    fn an_approval_voids_itself_when_the_machine_has_moved_on() {
        let scene = scene().given_approval();
        let action = scene.action();
        scene.with_observed(1_000.0, 4.0).when(plant::start(action)).happens().then_facts(["ActionVoided"]);
    }

    #[test]
    fn an_interlock_that_does_not_hold_refuses_and_spends_the_approval() {
        let scene = scene().given_approval();
        let action = scene.action();
        let scene = scene.with_observed(1_200.0, 9.9).when(plant::start(action)).is_refused("interlock");
        scene.then_recorded(["CommandRefused", "ActionVoided"]).when(plant::start(action)).is_refused("not_approved");
    }

    #[test]
    fn without_a_fresh_reading_nothing_begins_and_the_approval_stands_until_there_is_one() {
        let scene = scene().given_approval();
        let action = scene.action();
        let scene = scene.later_s(20).when(plant::start(action)).is_refused("no_fresh_reading").then_recorded(["CommandRefused"]);
        let scene = scene.action_is(action, "approved");
        // What it was approved on still binds, and so does every other rule of safety.
        scene.clone().with_observed(1_000.0, 4.0).when(plant::start(action)).then_facts(["ActionVoided"]);
        scene.clone().with_observed(1_200.0, 9.9).when(plant::start(action)).is_refused("interlock").action_is(action, "voided");
        scene.with_observed(1_200.0, 4.0).when(plant::start(action)).happens().then_facts(["ActionStarted"]);
    }

    #[test]
    fn an_approval_that_waited_too_long_for_a_reading_is_void() {
        let scene = scene().given_approval();
        let action = scene.action();
        let scene = scene.later_s(419).when(plant::start(action)).is_refused("no_fresh_reading");
        scene.later_s(1).with_observed(1_200.0, 4.0).when(plant::start(action)).then_facts(["ActionVoided"]);
    }

    #[test]
    fn the_kill_switch_and_a_lock_out_stop_what_was_approved() {
        for (switch, code) in [(plant::kill_switch(), "kill_switch"), (plant::lock_out(), "locked_out")] {
            let scene = scene().given_approval();
            let action = scene.action();
            scene.when(switch).happens().when(plant::start(action)).is_refused(code);
        }
    }

    #[test]
    fn an_approval_is_void_once_the_machine_is_thought_to_have_something_else() {
        let scene = scene().given_case().when(plant::diagnose("bearing_wear", 0.8)).happens().when(plant::propose("slow_pump_to_75pct")).happens();
        let action = scene.action();
        let scene = scene.when(plant::approve(action)).happens();
        let surer = scene.clone().when(plant::revise("bearing_wear", 0.9)).happens();
        surer.when(plant::start(action)).then_facts(["ActionStarted"]);
        scene.when(plant::revise("clogging", 0.9)).happens().when(plant::start(action)).then_facts(["ActionVoided"]);
    }

    #[test]
    fn a_changed_policy_voids_what_was_approved_under_the_old_one() {
        let scene = scene().given_approval();
        let action = scene.action();
        scene.when(plant::adopt_other_policy()).happens().when(plant::start(action)).happens().then_facts(["ActionVoided"]);
    }

    #[test]
    fn a_message_is_handed_to_the_outbox() {
        let scene = scene().given_case().when(plant::propose("send_alert_to_backup_tech")).happens();
        let action = scene.action();
        scene.when(plant::start(action)).happens().then_facts(["ActionStarted", "EffectWanted"]);
    }
}
