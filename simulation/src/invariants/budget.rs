//! No reservation past a budget, in any of its scopes, and all of them or none: counted here anew from the facts, without the account that the
//! rules use.

use super::Invariant;
use crate::trace::Step;
use millwright_domain::{
    Event, Timestamp,
    budget::{BudgetSet, SITE},
    envelope::Recorded,
    ids::ReservationId,
};
use std::collections::BTreeMap;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

#[derive(Default)]
pub struct NoReservationPastABudget {
    scopes: BTreeMap<String, Scope>,
}

#[derive(Default)]
struct Scope {
    limits: Option<BudgetSet>,
    /// Reserved when, how much is held, how much was used.
    reservations: BTreeMap<ReservationId, (Timestamp, u64, u64)>,
    /// What else a reservation said that it counts in.
    named: BTreeMap<ReservationId, Vec<String>>,
}

impl NoReservationPastABudget {
    /// A call that leaves is held in every scope that its reservation named.
    fn counts_everywhere(&self, scope: &str, reservation: ReservationId) -> Result<(), String> {
        let named = self.scopes.get(scope).and_then(|known| known.named.get(&reservation)).ok_or("a call left without a reservation")?;
        let missing = named.iter().find(|other| !self.scopes.get(*other).is_some_and(|known| known.reservations.contains_key(&reservation)));
        missing.map_or(Ok(()), |missing| Err(format!("a call left that budget {missing} knows nothing of")))
    }
}

impl Invariant for NoReservationPastABudget {
    fn name(&self) -> &'static str {
        "no reservation past a budget"
    }

    fn sees(&mut self, _: Timestamp, step: &Step) -> Result<(), String> {
        let Step::Kept { fact, .. } = step else { return Ok(()) };
        let Some(scope) = fact.stream.as_budget() else { return Ok(()) };
        if let Event::CallDispatched(left) = &fact.event {
            return self.counts_everywhere(scope, left.reservation);
        }
        let known = self.scopes.entry(scope.into()).or_default();
        if scope == SITE && known.limits.is_none() && matches!(fact.event, Event::TokensReserved(_)) {
            return Err("tokens were reserved without a budget".into());
        }
        known.takes_in(fact).map_err(|what| format!("budget {scope}: {what}"))
    }
}

impl Scope {
    fn takes_in(&mut self, fact: &Recorded) -> Result<(), String> {
        match &fact.event {
            Event::BudgetSet(limits) => self.limits = Some(limits.clone()),
            Event::TokensReserved(fact) => {
                self.named.insert(fact.reservation, fact.scopes.clone());
                if self.reservations.insert(fact.reservation, (fact.reserved_at, fact.tokens, 0)).is_some() {
                    return Err(format!("reservation {} was made twice", fact.reservation));
                }
                return self.within(fact.reserved_at);
            }
            Event::TokensSettled(fact) => self.end(fact.reservation, fact.used),
            Event::TokensReleased(fact) => self.end(fact.reservation, 0),
            Event::ReservationExpired(fact) => self.end(fact.reservation, fact.counted),
            Event::UsageCorrected(fact) => self.end(fact.reservation, fact.used),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, reservation: ReservationId, used: u64) {
        if let Some((_, held, settled)) = self.reservations.get_mut(&reservation) {
            (*held, *settled) = (0, used);
        }
    }

    fn within(&self, now: Timestamp) -> Result<(), String> {
        // Scopes beside the site's may only count.
        let Some(limits) = &self.limits else { return Ok(()) };
        for (window, limit) in [(HOUR, limits.tokens_per_hour), (DAY, limits.tokens_per_day)] {
            let same = |at: &Timestamp| at.micros().div_euclid(window) == now.micros().div_euclid(window);
            let total: u64 = self.reservations.values().filter(|(at, ..)| same(at)).map(|(_, held, used)| held + used).sum();
            if total > limit {
                return Err(format!("{total} tokens are held or used of {limit}"));
            }
        }
        Ok(())
    }
}
