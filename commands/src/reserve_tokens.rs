//! ReserveTokens: hold the most that one attempt can use, in every window, before it is made. Not one token past a limit.

use crate::decision::{Circumstances, Decision, Refusal, Refused};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    budget::{BudgetAccount, TokensReserved, Window},
    case::Rule,
    envelope::StreamId,
    ids::{ActorId, ReservationId},
    site::Site,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReserveTokens {
    pub scope: String,
    /// Names this one attempt; a retry is another.
    pub reservation: ReservationId,
    pub agent: ActorId,
    pub tokens: u64,
    pub expires_after_s: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReserveTokensRefused {
    #[error("no budget is set for {0}, and without one nothing may be spent; set it first")]
    NoBudget(String),
    #[error("{asked} tokens asked, {remaining} left this {window:?}; it resets at {resets_at}")]
    OverLimit { window: Window, asked: u64, remaining: u64, resets_at: Timestamp },
    #[error("reservation {0} has ended; every attempt needs one of its own")]
    Ended(ReservationId),
    #[error("a reservation of no tokens holds nothing")]
    Nothing,
}

impl Refusal for ReserveTokensRefused {
    fn code(&self) -> &'static str {
        match self {
            Self::NoBudget(_) => "no_budget",
            Self::OverLimit { .. } => "over_limit",
            Self::Ended(_) => "reservation_ended",
            Self::Nothing => "nothing_asked",
        }
    }
    fn rule(&self) -> Option<Rule> {
        match self {
            Self::NoBudget(_) | Self::OverLimit { .. } => Some(Rule::Budget),
            Self::Ended(_) | Self::Nothing => None,
        }
    }
}

impl ReserveTokens {
    pub(crate) fn decide(&self, site: &Site, circumstances: Circumstances<'_>) -> Result<Decision, Refused> {
        let stream = StreamId::budget(&self.scope);
        let now = circumstances.now.wall;
        let account = site.budgets.get(&self.scope);
        if account.is_some_and(|account| account.open.contains_key(&self.reservation)) {
            return Ok(Decision::AlreadySo);
        }
        self.fits(account, now).map_err(|refused| refused.at(stream.clone()))?;
        let reserved = TokensReserved {
            reservation: self.reservation,
            agent: self.agent.clone(),
            tokens: self.tokens,
            reserved_at: now,
            expires_at: now + TimeDelta::seconds(self.expires_after_s.into()),
        };
        Ok(Decision::one(stream, reserved).about(self.reservation))
    }

    fn fits(&self, account: Option<&BudgetAccount>, now: Timestamp) -> Result<(), ReserveTokensRefused> {
        if self.tokens == 0 {
            return Err(ReserveTokensRefused::Nothing);
        }
        let account = account.filter(|account| account.limits.is_some()).ok_or_else(|| ReserveTokensRefused::NoBudget(self.scope.clone()))?;
        if account.has_ended(&self.reservation) {
            return Err(ReserveTokensRefused::Ended(self.reservation));
        }
        let tight = Window::ALL.into_iter().find(|window| self.tokens > account.remaining(*window, now));
        match tight {
            None => Ok(()),
            Some(window) => Err(ReserveTokensRefused::OverLimit {
                window,
                asked: self.tokens,
                remaining: account.remaining(window, now),
                resets_at: window.resets_at(now),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};
    use proptest::prelude::*;

    #[test]
    fn not_one_token_past_the_limit() {
        let scene = scene().given_budget(10_000, 50_000).when(plant::reserve(1, 10_000)).happens();
        scene.when(plant::reserve(2, 1)).is_refused("over_limit").then_recorded(["CommandRefused"]);
    }

    #[test]
    fn without_a_budget_nothing_is_spent() {
        scene().given_plant().when(plant::reserve(1, 1)).is_refused("no_budget");
    }

    #[test]
    fn the_next_hour_is_free_again_but_the_day_counts_on() {
        let scene = scene().given_budget(10_000, 15_000).when(plant::reserve(1, 10_000)).happens().when(plant::settle(1, 10_000)).happens();
        scene.later_s(3_600).when(plant::reserve(2, 5_001)).is_refused("over_limit").when(plant::reserve(3, 5_000)).happens();
    }

    proptest! {
        /// Whatever is asked in whatever order: settled and held together stay within the limit, as long as no provider overruns.
        #[test]
        fn no_order_of_requests_passes_a_limit(steps in proptest::collection::vec((0..4u8, 1..40u128, 1..6_000u64), 1..80)) {
            let mut scene = scene().given_budget(10_000, 20_000);
            for (kind, reservation, tokens) in steps {
                let held = scene.held(reservation);
                scene = match kind {
                    0 | 1 => scene.when(plant::reserve(reservation, tokens)),
                    2 => scene.when(plant::settle(reservation, tokens.min(held))),
                    _ => scene.later_s(600).when(plant::release(reservation)),
                };
                let (hour, day) = scene.spent();
                prop_assert!(hour.total() <= 10_000 && day.total() <= 20_000, "{hour:?} {day:?}");
            }
        }
    }
}
