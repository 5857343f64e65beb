//! ReserveTokens: hold the most that one attempt can use, in every window of every scope, before it is made. Not one token past a limit.

use crate::decision::{Circumstances, Decision, Refusal, Refused};
use chrono::TimeDelta;
use millwright_domain::{
    Timestamp,
    budget::{BudgetAccount, Lane, TokensReserved, Window},
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
    /// Must have a limit.
    pub scope: String,
    /// The others that it counts in; one without a limit is counted all the same.
    #[serde(default)]
    pub also: Vec<String>,
    /// Names this one attempt; a retry is another.
    pub reservation: ReservationId,
    pub agent: ActorId,
    pub tokens: u64,
    pub expires_after_s: u32,
    #[serde(default)]
    pub lane: Lane,
    /// `case/…` or `task/…`.
    #[serde(default)]
    pub about: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReserveTokensRefused {
    #[error("no budget is set for {0}, and without one nothing may be spent; set it first")]
    NoBudget(String),
    #[error("{asked} tokens asked, {remaining} left of {scope} this {}; {}", called(.window), until(.resets_at))]
    OverLimit { scope: String, window: Window, asked: u64, remaining: u64, resets_at: Option<Timestamp> },
    #[error("reservation {0} has ended; every attempt needs one of its own")]
    Ended(ReservationId),
    #[error("a reservation of no tokens holds nothing")]
    Nothing,
}

const fn called(window: &Window) -> &'static str {
    match window {
        Window::Hour => "hour",
        Window::Day => "day",
        Window::Month => "month",
        Window::Whole => "task",
    }
}

fn until(resets_at: &Option<Timestamp>) -> String {
    resets_at.map_or_else(|| "a person can raise it".into(), |at| format!("it resets at {at}"))
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
        let now = circumstances.now.wall;
        let account = site.budgets.get(&self.scope);
        if account.is_some_and(|account| account.open.contains_key(&self.reservation)) {
            return Ok(Decision::AlreadySo);
        }
        let scopes = self.scopes();
        self.makes_sense(account).and_then(|()| self.fits(site, &scopes, now)).map_err(|refused| refused.at(StreamId::budget(&self.scope)))?;
        let reserved = TokensReserved {
            reservation: self.reservation,
            agent: self.agent.clone(),
            tokens: self.tokens,
            reserved_at: now,
            expires_at: now + TimeDelta::seconds(self.expires_after_s.into()),
            scopes: if scopes.len() > 1 { scopes.clone() } else { vec![] },
            lane: self.lane,
            about: self.about.clone(),
        };
        let facts = scopes.iter().map(|scope| (StreamId::budget(scope), reserved.clone().into())).collect();
        Ok(Decision::Facts { facts, subject: Some(self.reservation.to_string()) })
    }

    /// Each once, the first first.
    fn scopes(&self) -> Vec<String> {
        let mut scopes = vec![self.scope.clone()];
        for scope in &self.also {
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        scopes
    }

    fn makes_sense(&self, account: Option<&BudgetAccount>) -> Result<(), ReserveTokensRefused> {
        if self.tokens == 0 {
            return Err(ReserveTokensRefused::Nothing);
        }
        let account = account.filter(|account| account.limits.is_some()).ok_or_else(|| ReserveTokensRefused::NoBudget(self.scope.clone()))?;
        account.ended(&self.reservation).map_or(Ok(()), |_| Err(ReserveTokensRefused::Ended(self.reservation)))
    }

    fn fits(&self, site: &Site, scopes: &[String], now: Timestamp) -> Result<(), ReserveTokensRefused> {
        let known = scopes.iter().filter_map(|scope| Some((scope, site.budgets.get(scope)?)));
        for (scope, account) in known {
            for window in Window::ALL {
                let remaining = account.remaining(window, scope, self.lane, now);
                if let Some(remaining) = remaining.filter(|remaining| self.tokens > *remaining) {
                    let (scope, resets_at) = (scope.clone(), window.resets_at(now));
                    return Err(ReserveTokensRefused::OverLimit { scope, window, asked: self.tokens, remaining, resets_at });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{plant, scene};
    use millwright_domain::budget::Lane;
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

    #[test]
    fn a_share_is_kept_for_critical_cases_and_for_a_tasks_last_call() {
        let scene = scene().given_budget(10_000, 50_000).when(plant::keep("site", 10_000, 50_000, 20)).happens();
        let scene = scene.when(plant::reserve(1, 8_001)).is_refused("over_limit").when(plant::reserve(1, 8_000)).happens();
        let scene = scene.when(plant::reserve(2, 1)).is_refused("over_limit");
        let scene = scene.when(plant::reserve_lane(3, 500, "task/1", Lane::Critical)).happens();
        let scene = scene.when(plant::keep("task/1", 1_000, 1_000, 30)).happens();
        let scene = scene.when(plant::reserve_lane(4, 201, "task/1", Lane::Critical)).is_refused("over_limit");
        scene.when(plant::reserve_lane(5, 500, "task/1", Lane::CriticalFinish)).happens();
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
