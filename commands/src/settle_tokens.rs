//! SettleTokens: what the call really used. More than was held is counted in full, recorded as an overrun, and blocks.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    Event, Timestamp,
    budget::{BudgetAccount, BudgetFact, BudgetOverrun, BudgetWarned, TokensSettled, Window},
    envelope::StreamId,
    ids::ReservationId,
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettleTokens {
    pub scope: String,
    pub reservation: ReservationId,
    pub used: u64,
    /// The provider never said; this is our estimate.
    pub estimated: bool,
}

/// Once a window, when settled use passes it.
const WARN_AT_PERCENT: u8 = 80;

impl SettleTokens {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let account = site.budgets.get(&self.scope);
        let Some((account, hold)) = account.and_then(|account| Some((account, account.open.get(&self.reservation)?))) else {
            if account.is_some_and(|account| account.has_ended(&self.reservation)) {
                return Ok(Decision::AlreadySo);
            }
            return Err(senseless("not_reserved", "nothing is held under this reservation"));
        };
        let settled = TokensSettled { reservation: self.reservation, used: self.used, estimated: self.estimated };
        let mut after = account.clone();
        after.evolve(BudgetFact::Settled(&settled));
        let mut facts: Vec<Event> = vec![settled.into()];
        if self.used > hold.tokens {
            facts.push(BudgetOverrun { reservation: self.reservation, held: hold.tokens, used: self.used }.into());
        }
        facts.extend(warnings(&after, hold.reserved_at));
        let stream = StreamId::budget(&self.scope);
        Ok(Decision::Facts { facts: facts.into_iter().map(|fact| (stream.clone(), fact)).collect(), subject: None })
    }
}

fn warnings(after: &BudgetAccount, at: Timestamp) -> impl Iterator<Item = Event> {
    Window::ALL.into_iter().filter_map(move |window| {
        let (limit, settled, epoch) = (after.limit(window), after.spent(window, at).settled, window.epoch(at));
        // In 128 bits, so that no limit is too large to be multiplied.
        let passed = u128::from(settled) * 100 >= u128::from(limit) * u128::from(WARN_AT_PERCENT);
        (passed && !after.was_warned(window, epoch, WARN_AT_PERCENT))
            .then(|| BudgetWarned { window, epoch, percent: WARN_AT_PERCENT, settled, limit }.into())
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn four_fifths_warn_once_an_hour() {
        let scene = scene().given_budget(10_000, 50_000).when(plant::reserve(1, 9_000)).happens();
        let scene = scene.when(plant::settle(1, 8_000)).happens().then_facts(["TokensSettled", "BudgetWarned"]);
        scene.when(plant::reserve(2, 500)).happens().when(plant::settle(2, 500)).happens().then_facts(["TokensSettled"]);
    }

    #[test]
    fn an_overrun_counts_in_full_and_blocks() {
        let scene = scene().given_budget(10_000, 50_000).when(plant::reserve(1, 1_000)).happens();
        let scene = scene.when(plant::settle(1, 12_000)).happens().then_facts(["TokensSettled", "BudgetOverrun", "BudgetWarned"]);
        scene.when(plant::reserve(2, 1)).is_refused("over_limit");
    }

    #[test]
    fn settling_twice_counts_once() {
        let scene = scene().given_budget(10_000, 50_000).when(plant::reserve(1, 1_000)).happens().when(plant::settle(1, 900)).happens();
        let scene = scene.when(plant::settle(1, 900)).is_already_so();
        assert_eq!(scene.spent().0.total(), 900);
    }
}
