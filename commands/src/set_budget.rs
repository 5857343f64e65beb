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

/// The program sets the first limits from the settings; it is the only program that may.
const SETTINGS: &str = "svc-settings";

impl SetBudget {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        if circumstances.by.is_service() && circumstances.by.as_str() != SETTINGS {
            return Err(senseless("not_a_person", "only a person may change a budget"));
        }
        if site.budgets.get(&self.scope).and_then(|account| account.limits.as_ref()) == Some(&self.limits) {
            return Ok(Decision::AlreadySo);
        }
        Ok(Decision::one(StreamId::budget(&self.scope), self.limits.clone()))
    }
}
