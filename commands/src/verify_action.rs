//! VerifyAction: a person looked at the machine, and says whether a write that nobody could vouch for took.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{action::Action, case::ActionVerified, envelope::StreamId, ids::ActionId, sealed::Sealed, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyAction {
    pub action: ActionId,
    pub took: bool,
    pub note: Option<Sealed>,
}

impl VerifyAction {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.person("only a person can go and look")?.clone();
        let case = site.case_of_action.get(&self.action);
        let action = case.and_then(|case| site.case(*case).file()?.actions.get(&self.action));
        let (Some(case), Some(action)) = (case, action) else {
            return Err(senseless("nothing_proposed", format_args!("nothing with the id {} was proposed", self.action)));
        };
        if !matches!(action, Action::Unverified { .. }) {
            return Err(senseless("not_unverified", format_args!("this action is {}; there is nothing to vouch for", action.stage())));
        }
        let verified = ActionVerified { action: self.action, took: self.took, by, note: self.note.clone() };
        Ok(Decision::one(StreamId::case(*case), verified).about(case))
    }
}

#[cfg(test)]
mod tests {
    use super::VerifyAction;
    use crate::{
        Verdict,
        testing::{plant, scene},
    };

    #[test]
    fn a_person_says_whether_it_took_once() {
        for (took, stage) in [(true, "completed"), (false, "failed")] {
            let scene = scene().given_started();
            let action = scene.action();
            let verify = |by| plant::ask(by, VerifyAction { action, took, note: None });
            let scene = scene.when(verify("ann")).is_refused("not_unverified");
            let scene = scene.when(plant::finish(action, Verdict::Unverified { reason: "no reply".into() })).happens();
            let scene = scene.when(verify("svc-executor")).is_refused("not_a_person");
            let scene = scene.when(verify("ann")).then_facts(["ActionVerified"]).action_is(action, stage);
            scene.when(verify("bob")).is_refused("not_unverified");
        }
    }
}
