//! ModifyAction: not this, but that. The old proposal is superseded by a new one, which waits for another person's yes.

use crate::{
    approve_action::{ApproveActionRefused, answerable, may_answer},
    decision::{Circumstances, Decision, Refusal, Refused, senseless},
    propose_action::{ProposeAction, facts},
    safety::{SafetyRefused, within_limits},
};
use millwright_domain::{
    Event,
    action::{Order, Proposal},
    case::{ActionSuperseded, CaseFile},
    envelope::StreamId,
    ids::{ActionId, ActionName},
    policy::Ruling,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModifyAction {
    pub action: ActionId,
    /// The binding shown to the person.
    pub binding: String,
    pub instead: Instead,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Instead {
    /// Another action of the policy.
    Action(ActionName),
    /// The same write with another value, in the signal's unit.
    Value(f64),
}

impl ModifyAction {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let Some(case) = site.case_of_action.get(&self.action).copied() else {
            return Err(ApproveActionRefused::NothingProposed(self.action).at(StreamId::partition()));
        };
        let stream = StreamId::case(case);
        let (old, asked) = answerable(site.case(case), self.action, circumstances.now.wall).map_err(|refused| refused.at(stream.clone()))?;
        may_answer(site, old, asked, circumstances.by).map_err(|refused| refused.at(stream.clone()))?;
        if old.binding() != self.binding {
            return Err(ApproveActionRefused::AnotherBinding.at(stream));
        }
        let Some(file) = site.case(case).open_file() else { return Err(ApproveActionRefused::CaseClosed.at(stream)) };
        let new = self.proposal(site, file, old, case, circumstances, &stream)?;
        let (by, old) = (new.action, self.action);
        let mut all: Vec<(StreamId, Event)> = vec![(stream.clone(), ActionSuperseded { action: old, by }.into())];
        let others =
            facts(site, &stream, file, new).into_iter().filter(|(_, event)| !matches!(event, Event::ActionSuperseded(other) if other.action == old));
        all.extend(others);
        Ok(Decision::Facts { facts: all, subject: Some(by.to_string()) })
    }

    fn proposal(
        &self,
        site: &Site,
        file: &CaseFile,
        old: &Proposal,
        case: millwright_domain::ids::CaseId,
        circumstances: Circumstances<'_>,
        stream: &StreamId,
    ) -> Result<Proposal, Refused> {
        let (name, value) = match &self.instead {
            Instead::Action(name) if *name == old.name => return Err(senseless("same_action", "that is what is proposed already")),
            Instead::Action(name) => (name.clone(), None),
            Instead::Value(value) => (old.name.clone(), Some(*value)),
        };
        let propose = ProposeAction { case, name, because: old.because };
        if value.is_none() && propose.stands_already(file) {
            return Err(senseless("stands_already", format_args!("{} is pending, under way or was done in this case already", propose.name)));
        }
        let (mut order, mut ruling) = propose.resolve(site, file, circumstances).map_err(|refused| refused.at(stream.clone()))?;
        if let Some(value) = value {
            order = with_value(site, file, order, value).map_err(|refused| refused.at(stream.clone()))?;
            // Policy speaks of the action's own value; of any other one a person has to.
            ruling = Ruling::RequireApproval;
        }
        Ok(Proposal { instead_of: Some(self.action), ..propose.proposal(site, file, order, ruling, circumstances) })
    }
}

fn with_value(site: &Site, file: &CaseFile, order: Order, value: f64) -> Result<Order, SafetyRefused> {
    let Order::Write(mut write) = order else { return Ok(order) };
    let asset = site.plant.as_ref().and_then(|plant| plant.asset(&file.asset));
    let writable = asset.and_then(|asset| asset.signals.iter().find(|signal| signal.id == write.signal)?.writable.as_ref());
    let writable = writable.ok_or_else(|| SafetyRefused::NotAllowed(write.signal.clone()))?;
    within_limits(&write.signal, value, writable)?;
    write.value = value;
    Ok(Order::Write(write))
}

#[cfg(test)]
mod tests {
    use super::Instead;
    use crate::testing::{plant, scene};

    #[test]
    fn another_value_takes_the_place_of_the_first_and_needs_another_persons_yes() {
        let scene = scene().given_proposal();
        let old = scene.action();
        let scene = scene.when(plant::modify("ann", old, Instead::Value(1_000.0))).then_facts(["ActionSuperseded", "ActionProposed"]);
        let new = scene.action();
        assert_ne!(new, old);
        let scene = scene.when(plant::approved_by("ann", old)).is_refused("action_superseded");
        let scene = scene.when(plant::approved_by("ann", new)).is_refused("own_proposal");
        scene.when(plant::approved_by("bob", new)).happens().when(plant::start(new)).then_facts(["ActionStarted"]);
    }

    #[test]
    fn another_value_stays_within_the_hard_limits() {
        for value in [599.0, 1_501.0, f64::NAN] {
            let scene = scene().given_proposal();
            let action = scene.action();
            scene.when(plant::modify("ann", action, Instead::Value(value))).is_refused("outside_limits").action_is(action, "awaiting_approval");
        }
    }

    #[test]
    fn another_action_is_judged_by_policy_like_any() {
        let named = |name: &str| Instead::Action(name.parse().unwrap());
        let scene = scene().given_proposal();
        let action = scene.action();
        scene.clone().when(plant::modify("ann", action, named("modify_plc_program"))).is_refused("never").action_is(action, "awaiting_approval");
        scene.clone().when(plant::modify("ann", action, named("slow_pump_to_75pct"))).is_refused("same_action");
        scene.clone().when(plant::modify("ann", action, named("shutdown_motor"))).then_facts(["ActionSuperseded", "ActionProposed"]);
        let scene = scene.when(plant::modify("ann", action, named("reduce_motor_speed_to_60pct")));
        scene.then_facts(["ActionSuperseded", "ActionProposed", "ActionApproved"]);
    }

    #[test]
    fn what_was_done_in_the_case_already_is_not_done_again_by_changing_another_proposal_into_it() {
        let scene = scene().given_completed().when(plant::propose("shutdown_motor")).happens();
        let action = scene.action();
        scene.when(plant::modify("ann", action, Instead::Action("slow_pump_to_75pct".parse().unwrap()))).is_refused("stands_already");
    }

    #[test]
    fn a_program_modifies_nothing_and_an_old_page_modifies_nothing_newer() {
        let scene = scene().given_proposal();
        let action = scene.action();
        scene.clone().when(plant::modify("svc-agent", action, Instead::Value(1_000.0))).is_refused("not_a_person");
        scene.later_s(300).when(plant::modify("ann", action, Instead::Value(1_000.0))).is_refused("approval_expired");
    }
}
