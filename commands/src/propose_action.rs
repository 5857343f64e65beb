//! ProposeAction: resolve a named action to a device and a number, and rule whether it runs by itself, asks a person, or never runs.

use crate::{
    decision::{Circumstances, Decision, Refusal, Refused},
    safety::{SafetyRefused, may_act_on, within_limits},
};
use chrono::TimeDelta;
use millwright_domain::{
    action::{Action, Ending, Order, Proposal, WriteOrder},
    case::{ActionApproved, ActionProposed, ActionSuperseded, Case, CaseFile, Rule},
    envelope::StreamId,
    ids::{ActionId, ActionName, CaseId, EventId, derived},
    plant::Asset,
    policy::{ActionSpec, Occasion, Ruling, Setting, WriteSpec},
    quantity::QuantityKind,
    site::Site,
    track::{Track, track},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProposeAction {
    pub case: CaseId,
    pub name: ActionName,
    /// The diagnosis or alert that it answers.
    pub because: EventId,
}

#[derive(Debug, Clone, PartialEq, Error)]
pub enum ProposeActionRefused {
    #[error("there is no open case {0}")]
    NoOpenCase(CaseId),
    #[error("action {0} is on the `never` list")]
    Never(ActionName),
    #[error("action {0} is not defined; add it to `actions` in the policy")]
    Undefined(ActionName),
    #[error("asset {asset} has no writable {kind} signal, so {action} cannot be done on it")]
    NothingToWrite { action: ActionName, asset: String, kind: QuantityKind },
    #[error("a person has already said no to {0} in this case; a person can propose it again")]
    RejectedBefore(ActionName),
    #[error("all readings behind this case came late; actions never follow from late readings")]
    OnlyLateReadings,
    #[error(transparent)]
    Safety(#[from] SafetyRefused),
}

impl Refusal for ProposeActionRefused {
    fn code(&self) -> &'static str {
        match self {
            Self::NoOpenCase(_) => "no_open_case",
            Self::Never(_) => "never",
            Self::Undefined(_) => "undefined_action",
            Self::NothingToWrite { .. } => "nothing_to_write",
            Self::RejectedBefore(_) => "rejected_before",
            Self::OnlyLateReadings => "only_late_readings",
            Self::Safety(refused) => refused.code(),
        }
    }
    fn rule(&self) -> Option<Rule> {
        match self {
            Self::NoOpenCase(_) | Self::Undefined(_) | Self::NothingToWrite { .. } => None,
            Self::Never(_) | Self::OnlyLateReadings => Some(Rule::Safety),
            Self::RejectedBefore(_) => Some(Rule::Approval),
            Self::Safety(refused) => refused.rule(),
        }
    }
}

/// Who approves what policy lets run by itself.
pub const POLICY: &str = "svc-policy";

impl ProposeAction {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let stream = StreamId::case(self.case);
        let refused = |refused: ProposeActionRefused| refused.at(stream.clone());
        let Case::Open(file) = site.case(self.case) else {
            return Err(refused(ProposeActionRefused::NoOpenCase(self.case)));
        };
        if self.stands_already(file) {
            return Ok(Decision::AlreadySo);
        }
        let (order, ruling) = self.resolve(site, file, circumstances).map_err(refused)?;
        let proposal = self.proposal(site, file, order, ruling, circumstances);
        Ok(Decision::Facts { subject: Some(proposal.action.to_string()), facts: facts(site, &stream, file, proposal) })
    }

    /// The same action is pending, under way, or was done.
    pub(crate) fn stands_already(&self, file: &CaseFile) -> bool {
        file.actions.values().any(|action| action.proposal().name == self.name && !matches!(action, Action::Ended { .. }))
    }

    pub(crate) fn resolve(
        &self,
        site: &Site,
        file: &CaseFile,
        Circumstances { by, now, .. }: Circumstances<'_>,
    ) -> Result<(Order, Ruling), ProposeActionRefused> {
        let occasion = Occasion { asset: &file.asset, at: now.wall, track: self.track_record(site, file) };
        let ruling = site.policy.ruling_on(&self.name, &occasion);
        if ruling == Ruling::Never {
            return Err(ProposeActionRefused::Never(self.name.clone()));
        }
        let spec = site.policy.actions.get(&self.name).ok_or_else(|| ProposeActionRefused::Undefined(self.name.clone()))?;
        if by.is_service() && self.was_rejected(file) {
            return Err(ProposeActionRefused::RejectedBefore(self.name.clone()));
        }
        if file.only_late {
            return Err(ProposeActionRefused::OnlyLateReadings);
        }
        may_act_on(site, &file.asset)?;
        let order = match spec {
            ActionSpec::Message(message) => Order::Message(message.clone()),
            ActionSpec::Write(write) => Order::Write(self.write_order(site, file, write)?),
        };
        Ok((order, ruling))
    }

    /// Counted over all closed cases, so only where the policy asks for it.
    fn track_record(&self, site: &Site, file: &CaseFile) -> Track {
        let counts = site.policy.exceptions.iter().any(|exception| exception.action == self.name && exception.track_record.is_some());
        let class = site.plant.as_ref().and_then(|plant| plant.asset(&file.asset)).map(|asset| &asset.class);
        match (file.cause(), class) {
            (Some(cause), Some(class)) if counts => track(site, cause, class, &self.name),
            _ => Track::default(),
        }
    }

    fn was_rejected(&self, file: &CaseFile) -> bool {
        file.actions.values().any(|action| matches!(action, Action::Ended { proposal, ending: Ending::Rejected } if proposal.name == self.name))
    }

    fn write_order(&self, site: &Site, file: &CaseFile, write: &WriteSpec) -> Result<WriteOrder, ProposeActionRefused> {
        let nothing = || ProposeActionRefused::NothingToWrite { action: self.name.clone(), asset: file.asset.to_string(), kind: write.kind };
        let asset: &Asset = site.plant.as_ref().and_then(|plant| plant.asset(&file.asset)).ok_or_else(nothing)?;
        let (signal, writable) = asset.writable(write.kind).ok_or_else(nothing)?;
        let value = match write.to {
            Setting::PercentOfRated(percent) => writable.rated * percent / 100.0,
            Setting::Absolute(value) => value,
        };
        if !writable.allows(&self.name) {
            return Err(SafetyRefused::NotForThisAction { signal: signal.id.clone(), action: self.name.clone() }.into());
        }
        within_limits(&signal.id, value, writable)?;
        Ok(WriteOrder { device: signal.device.clone(), signal: signal.id.clone(), value, tolerance: writable.tolerance })
    }

    pub(crate) fn proposal(&self, site: &Site, file: &CaseFile, order: Order, ruling: Ruling, circumstances: Circumstances<'_>) -> Proposal {
        let written = match &order {
            Order::Write(write) => Some(&write.signal),
            Order::Message(_) => None,
        };
        Proposal {
            action: ActionId(derived(&circumstances.command.to_string(), "action", 0)),
            name: self.name.clone(),
            ruling,
            because: self.because,
            // What the machine stands at now: if it has been moved by the time of the write, the yes was to something else.
            preconditions: circumstances.observed.iter().filter(|reading| Some(&reading.signal) == written).cloned().collect(),
            order,
            policy_digest: site.policy.digest(),
            expires_at: circumstances.now.wall + TimeDelta::seconds(site.policy.approval_expires_after_s.into()),
            proposed_by: circumstances.by.clone(),
            risk: site.policy.risk_of(&self.name),
            cause: file.cause().cloned(),
            proposed_at: Some(circumstances.now.wall),
            instead_of: None,
        }
    }
}

/// The proposal, what it supersedes on this machine, in whichever case, and the policy's yes where that is given at once.
pub(crate) fn facts(site: &Site, stream: &StreamId, file: &CaseFile, proposal: Proposal) -> Vec<(StreamId, millwright_domain::Event)> {
    let is_older = |action: &&Action| {
        action.is_pending() && proposal.written_signal().is_some() && action.proposal().written_signal() == proposal.written_signal()
    };
    let of_machine = site.open_cases_of(&file.asset).flat_map(|(case, file)| file.actions.values().map(move |action| (case, action)));
    let mut facts: Vec<(StreamId, millwright_domain::Event)> = of_machine
        .filter(|(_, action)| is_older(action))
        .map(|(case, older)| (StreamId::case(case), ActionSuperseded { action: older.proposal().action, by: proposal.action }.into()))
        .collect();
    let (action, binding, ruling) = (proposal.action, proposal.binding(), proposal.ruling);
    facts.push((stream.clone(), ActionProposed { binding: binding.clone(), proposal }.into()));
    if ruling == Ruling::AutoApprove {
        let by = POLICY.parse().expect("a literal that is a name");
        facts.push((stream.clone(), ActionApproved { action, binding, by }.into()));
    }
    facts
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn what_policy_allows_is_approved_at_once_and_what_it_does_not_waits() {
        scene().given_case().when(plant::propose("reduce_motor_speed_to_60pct")).happens().then_facts(["ActionProposed", "ActionApproved"]);
        scene().given_case().when(plant::propose("slow_pump_to_75pct")).happens().then_facts(["ActionProposed"]);
    }

    #[test]
    fn an_exception_of_the_policy_lets_run_at_night_what_asks_by_day() {
        let at_night = |hours| scene().given_case().when(plant::adopt(plant::policy_at(hours))).happens().when(plant::propose("slow_pump_to_75pct"));
        // It is 22:13 in the tests.
        at_night("22:00-06:00").then_facts(["ActionProposed", "ActionApproved"]);
        at_night("06:00-22:00").then_facts(["ActionProposed"]);
    }

    #[test]
    fn a_signal_may_be_kept_for_some_actions() {
        let scene = scene().given_case().when(plant::describe_kept_for("shutdown_motor")).happens();
        scene.clone().when(plant::propose("slow_pump_to_75pct")).is_refused("not_for_this_action");
        scene.when(plant::propose("shutdown_motor")).happens();
    }

    #[test]
    fn what_is_on_the_never_list_never_runs_and_the_attempt_is_on_record() {
        let scene = scene().given_case().when(plant::propose("modify_plc_program"));
        scene.is_refused("never").then_recorded(["CommandRefused"]);
    }

    #[test]
    fn a_newer_proposal_for_the_same_signal_takes_the_older_ones_place() {
        scene()
            .given_case()
            .when(plant::propose("slow_pump_to_75pct"))
            .happens()
            .when(plant::propose("shutdown_motor"))
            .happens()
            .then_facts(["ActionSuperseded", "ActionProposed"]);
    }

    #[test]
    fn two_cases_of_one_machine_never_have_two_writes_of_one_signal_waiting() {
        let scene = scene().given_case().when(plant::diagnose("bearing_wear", 0.8)).happens().when(plant::propose("slow_pump_to_75pct")).happens();
        let first = scene.action();
        let scene = scene.when(plant::diagnose("clogging", 0.8)).happens();
        let other = scene.subject().parse().unwrap();
        let scene = scene.when(plant::propose_in(other, "shutdown_motor"));
        scene.then_facts(["ActionSuperseded", "ActionProposed"]).action_is(first, "superseded");
    }

    #[test]
    fn the_same_proposal_twice_is_already_so() {
        scene().given_case().when(plant::propose("slow_pump_to_75pct")).happens().when(plant::propose("slow_pump_to_75pct")).is_already_so();
    }

    #[test]
    fn nothing_is_proposed_on_an_imported_site() {
        scene().given_imported_case().when(plant::propose("reduce_motor_speed_to_60pct")).is_refused("not_live");
    }

    #[test]
    fn no_action_follows_from_late_readings() {
        scene().given_late_case().when(plant::propose("reduce_motor_speed_to_60pct")).is_refused("only_late_readings");
    }

    #[test]
    fn a_rejected_action_is_not_proposed_again_by_a_program() {
        let scene = scene().given_case().when(plant::propose("slow_pump_to_75pct")).happens();
        let action = scene.action();
        scene.when(plant::reject(action)).happens().when(plant::propose("slow_pump_to_75pct")).is_refused("rejected_before");
    }
}
