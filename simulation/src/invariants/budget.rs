//! No reservation past a budget: counted here anew from the facts, by hour and by day, without the account that the rules use.

use super::Invariant;
use crate::trace::Step;
use millwright_domain::{Event, Timestamp, budget::BudgetSet, envelope::Recorded, ids::ReservationId};
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
}

impl Invariant for NoReservationPastABudget {
    fn name(&self) -> &'static str {
        "no reservation past a budget"
    }

    fn sees(&mut self, _: Timestamp, step: &Step) -> Result<(), String> {
        let Step::Kept { fact, .. } = step else { return Ok(()) };
        let Some(scope) = fact.stream.as_budget() else { return Ok(()) };
        self.scopes.entry(scope.into()).or_default().takes_in(fact).map_err(|what| format!("budget {scope}: {what}"))
    }
}

impl Scope {
    fn takes_in(&mut self, fact: &Recorded) -> Result<(), String> {
        match &fact.event {
            Event::BudgetSet(limits) => self.limits = Some(limits.clone()),
            Event::TokensReserved(fact) => {
                if self.reservations.insert(fact.reservation, (fact.reserved_at, fact.tokens, 0)).is_some() {
                    return Err(format!("reservation {} was made twice", fact.reservation));
                }
                return self.within(fact.reserved_at);
            }
            Event::TokensSettled(fact) => self.end(fact.reservation, fact.used),
            Event::TokensReleased(fact) => self.end(fact.reservation, 0),
            Event::ReservationExpired(fact) => self.end(fact.reservation, fact.counted),
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
        let limits = self.limits.as_ref().ok_or("tokens were reserved without a budget")?;
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
