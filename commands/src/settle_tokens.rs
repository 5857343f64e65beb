//! SettleTokens: what the call really used. More than was held is counted in full, recorded as an overrun, and blocks.

use crate::decision::{Circumstances, Decision, Refused, senseless};
use millwright_domain::{
    Event, Timestamp,
    budget::{BudgetAccount, BudgetFact, BudgetOverrun, BudgetWarned, Ended, THRESHOLDS, TokensSettled, UsageCorrected, Window},
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

impl SettleTokens {
    pub(crate) fn decide(&self, site: &Site, _: Circumstances<'_>) -> Result<Decision, Refused> {
        let account = site.budgets.get(&self.scope).ok_or_else(not_reserved)?;
        let Some(hold) = account.open.get(&self.reservation) else {
            let ended = account.ended(&self.reservation).ok_or_else(not_reserved)?;
            return Ok(self.correct(site, ended));
        };
        let settled = TokensSettled { reservation: self.reservation, used: self.used, estimated: self.estimated };
        let mut facts = vec![];
        for scope in hold.counts_in(&self.scope) {
            let stream = StreamId::budget(scope);
            let mut after = site.budgets.get(scope).cloned().unwrap_or_default();
            after.evolve(BudgetFact::Settled(&settled));
            facts.push((stream.clone(), settled.clone().into()));
            if self.used > hold.tokens {
                facts.push((stream.clone(), BudgetOverrun { reservation: self.reservation, held: hold.tokens, used: self.used }.into()));
            }
            facts.extend(warnings(&after, hold.reserved_at).map(|warned| (stream.clone(), warned)));
        }
        Ok(Decision::Facts { facts, subject: None })
    }

    /// It was counted in full when nobody had said what was used; now somebody does.
    fn correct(&self, site: &Site, ended: Ended) -> Decision {
        if !ended.by_expiry || self.estimated || ended.counted == self.used {
            return Decision::AlreadySo;
        }
        let corrected = UsageCorrected { reservation: self.reservation, counted: ended.counted, used: self.used };
        let mut facts = vec![];
        for (scope, account) in site.budgets.iter().filter(|(_, account)| account.ended(&self.reservation).is_some()) {
            let mut after = account.clone();
            after.evolve(BudgetFact::Corrected(&corrected));
            facts.push((StreamId::budget(scope), corrected.clone().into()));
            facts.extend(warnings(&after, ended.reserved_at).map(|warned| (StreamId::budget(scope), warned)));
        }
        Decision::Facts { facts, subject: None }
    }
}

fn not_reserved() -> Refused {
    senseless("not_reserved", "nothing is held under this reservation")
}

/// The shares of each limit that are passed now and were not told yet.
fn warnings(after: &BudgetAccount, at: Timestamp) -> impl Iterator<Item = Event> {
    Window::ALL.into_iter().flat_map(move |window| {
        let (limit, settled, epoch) = (after.limit(window), after.spent(window, at).settled, window.epoch(at));
        let passed = THRESHOLDS.into_iter().filter_map(move |percent| {
            let limit = limit?;
            // In 128 bits, so that no limit is too large to be multiplied.
            let passed = u128::from(settled) * 100 >= u128::from(limit) * u128::from(percent);
            (passed && !after.was_warned(window, epoch, percent)).then_some(BudgetWarned { window, epoch, percent, settled, limit }.into())
        });
        passed.collect::<Vec<_>>()
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};

    #[test]
    fn each_share_of_a_limit_is_told_once_a_window() {
        let scene = scene().given_budget(10_000, 500_000).when(plant::reserve(1, 9_000)).happens();
        let scene = scene.when(plant::settle(1, 8_000)).happens().then_facts(["TokensSettled", "BudgetWarned", "BudgetWarned"]);
        let scene = scene.when(plant::reserve(2, 500)).happens().when(plant::settle(2, 500)).happens().then_facts(["TokensSettled"]);
        let scene = scene.when(plant::reserve(3, 1_500)).happens().when(plant::settle(3, 1_500)).happens();
        scene.then_facts(["TokensSettled", "BudgetWarned", "BudgetWarned"]);
    }

    #[test]
    fn an_overrun_counts_in_full_and_blocks() {
        let scene = scene().given_budget(10_000, 50_000).when(plant::reserve(1, 1_000)).happens();
        let scene = scene.when(plant::settle(1, 12_000)).happens().then_facts([
            "TokensSettled",
            "BudgetOverrun",
            "BudgetWarned",
            "BudgetWarned",
            "BudgetWarned",
            "BudgetWarned",
        ]);
        scene.when(plant::reserve(2, 1)).is_refused("over_limit");
    }

    #[test]
    fn settling_twice_counts_once() {
        let scene = scene().given_budget(10_000, 50_000).when(plant::reserve(1, 1_000)).happens().when(plant::settle(1, 900)).happens();
        let scene = scene.when(plant::settle(1, 900)).is_already_so();
        assert_eq!(scene.spent().0.total(), 900);
    }

    #[test]
    fn what_was_used_is_told_late_and_corrects_what_was_counted() {
        let scene = scene().given_budget(10_000, 500_000).when(plant::reserve(1, 1_000)).happens().when(plant::dispatch(1)).happens();
        let scene = scene.later_s(120).when(plant::expire_reservation(1)).happens();
        assert_eq!(scene.spent().0.total(), 1_000);
        let scene = scene.when(plant::settle(1, 300)).then_facts(["UsageCorrected"]).when(plant::settle(1, 300)).is_already_so();
        assert_eq!(scene.spent().0.total(), 300);
    }

    #[test]
    fn every_scope_counts_or_none_does() {
        let scene = scene().given_budget(10_000, 50_000).when(plant::set_budget_of("agent/svc-writer", 2_000, 2_000)).happens();
        let scene = scene.when(plant::reserve_in(1, 2_001, "agent/svc-writer")).is_refused("over_limit");
        assert_eq!(scene.spent().0.total(), 0);
        let scene = scene.when(plant::reserve_in(2, 2_000, "agent/svc-writer")).then_facts(["TokensReserved", "TokensReserved"]);
        let scene = scene.when(plant::dispatch(2)).then_facts(["CallDispatched", "CallDispatched"]);
        let scene = scene.when(plant::settle(2, 900)).happens().when(plant::reserve_in(3, 1_101, "agent/svc-writer")).is_refused("over_limit");
        scene.when(plant::reserve_in(3, 1_100, "agent/svc-writer")).happens();
    }
}
