//! SetBudget: the token limits of one scope. Set by a person, never by an agent for itself.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{budget::BudgetSet, envelope::StreamId, site::Site};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SetBudget {
    /// `site`, or an agent's name.
    pub scope: String,
    pub limits: BudgetSet,
}

impl SetBudget {
    /// What the settings give counts until a person says otherwise, and again once the settings themselves are changed.
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let by = circumstances.by;
        if by.is_service() && !by.is_settings() {
            return Err(senseless("not_a_person", "only a person may change a budget"));
        }
        let account = site.budgets.get(&self.scope);
        let standing = account.and_then(|account| if by.is_settings() { account.configured.as_ref() } else { account.limits.as_ref() });
        if standing == Some(&self.limits) {
            return Ok(Decision::AlreadySo);
        }
        Ok(Decision::one(StreamId::budget(&self.scope), self.limits.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::SetBudget;
    use crate::testing::{Asking, plant, scene};
    use millwright_domain::budget::BudgetSet;

    fn configured(hour: u64) -> Asking {
        plant::ask("svc-settings", SetBudget { scope: "site".into(), limits: BudgetSet::of(hour, 50_000) })
    }

    #[test]
    fn a_start_with_the_same_settings_leaves_what_a_person_set() {
        let scene = scene().given_plant().when(configured(10_000)).then_facts(["BudgetSet"]).when(plant::set_budget(2_000, 9_000)).happens();
        scene.when(configured(10_000)).is_already_so();
    }

    #[test]
    fn changed_settings_count_once() {
        let scene = scene().given_plant().when(configured(10_000)).happens().when(plant::set_budget(2_000, 9_000)).happens();
        scene.when(configured(20_000)).then_facts(["BudgetSet"]).when(configured(20_000)).is_already_so();
    }

    #[test]
    fn an_agent_sets_no_budget() {
        let set = SetBudget { scope: "site".into(), limits: BudgetSet::of(1, 1) };
        scene().given_plant().when(plant::ask("svc-weaver", set)).is_refused("not_a_person");
    }
}
