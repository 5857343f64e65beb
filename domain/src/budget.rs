//! A token budget: what agents may spend per hour and per day, held before a call and settled after it. Whole tokens only.
//!
//! Invariant: in every window, settled + held never passes the limit by a reservation. Only a provider's overrun can, and it blocks.

use crate::{
    Timestamp,
    ids::{ActorId, ReservationId},
};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Limits were set (first, or anew by a person).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetSet {
    pub tokens_per_hour: u64,
    pub tokens_per_day: u64,
}

/// Tokens are held for one attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokensReserved {
    pub reservation: ReservationId,
    pub agent: ActorId,
    /// The most that the attempt can use.
    pub tokens: u64,
    /// Wall time. Fixes the windows that all later facts of this reservation count in.
    pub reserved_at: Timestamp,
    pub expires_at: Timestamp,
}

/// On the log before the call leaves: tells "crashed before sending" from "crashed after".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallDispatched {
    pub reservation: ReservationId,
}

/// The call's true use. `estimated` when the provider never said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokensSettled {
    pub reservation: ReservationId,
    pub used: u64,
    #[serde(default)]
    pub estimated: bool,
}

/// The provider used more than was held. Counted in full; the scope is blocked until its windows allow it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetOverrun {
    pub reservation: ReservationId,
    pub held: u64,
    pub used: u64,
}

/// The call never left, so its tokens are free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokensReleased {
    pub reservation: ReservationId,
}

/// Nobody settled or released it in time. If it was dispatched it counts in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReservationExpired {
    pub reservation: ReservationId,
    pub counted: u64,
}

/// Settled use passed this share of a limit; once per window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BudgetWarned {
    pub window: Window,
    pub epoch: i64,
    pub percent: u8,
    pub settled: u64,
    pub limit: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    Hour,
    Day,
}

impl Window {
    pub const ALL: [Self; 2] = [Self::Hour, Self::Day];

    pub const fn seconds(self) -> i64 {
        match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
        }
    }
    /// The number of the window that this instant lies in (UTC).
    pub const fn epoch(self, at: Timestamp) -> i64 {
        at.floor_to(self.seconds()).micros() / (self.seconds() * 1_000_000)
    }
    pub fn resets_at(self, at: Timestamp) -> Timestamp {
        at.floor_to(self.seconds()) + TimeDelta::seconds(self.seconds())
    }
}

/// What one window has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Spent {
    pub settled: u64,
    pub held: u64,
}

impl Spent {
    pub const fn total(self) -> u64 {
        self.settled.saturating_add(self.held)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub tokens: u64,
    pub reserved_at: Timestamp,
    pub expires_at: Timestamp,
    pub dispatched: bool,
}

/// The state folded from one budget's facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BudgetAccount {
    pub limits: Option<BudgetSet>,
    pub open: BTreeMap<ReservationId, Hold>,
    spent: BTreeMap<(Window, i64), Spent>,
    warned: BTreeSet<(Window, i64, u8)>,
    /// Reservations that have ended; a second ending is refused.
    ended: BTreeSet<ReservationId>,
}

#[derive(Debug, Clone, Copy)]
pub enum BudgetFact<'a> {
    Set(&'a BudgetSet),
    Reserved(&'a TokensReserved),
    Dispatched(&'a CallDispatched),
    Settled(&'a TokensSettled),
    Overrun(&'a BudgetOverrun),
    Released(&'a TokensReleased),
    Expired(&'a ReservationExpired),
    Warned(&'a BudgetWarned),
}

impl BudgetAccount {
    pub fn limit(&self, window: Window) -> u64 {
        self.limits.as_ref().map_or(0, |limits| match window {
            Window::Hour => limits.tokens_per_hour,
            Window::Day => limits.tokens_per_day,
        })
    }
    pub fn spent(&self, window: Window, at: Timestamp) -> Spent {
        self.spent.get(&(window, window.epoch(at))).copied().unwrap_or_default()
    }
    pub fn remaining(&self, window: Window, at: Timestamp) -> u64 {
        self.limit(window).saturating_sub(self.spent(window, at).total())
    }
    pub fn was_warned(&self, window: Window, epoch: i64, percent: u8) -> bool {
        self.warned.contains(&(window, epoch, percent))
    }
    pub fn has_ended(&self, reservation: &ReservationId) -> bool {
        self.ended.contains(reservation)
    }

    pub fn evolve(&mut self, fact: BudgetFact<'_>) {
        match fact {
            BudgetFact::Set(limits) => self.limits = Some(limits.clone()),
            BudgetFact::Reserved(fact) => self.hold(fact),
            BudgetFact::Dispatched(fact) => {
                if let Some(hold) = self.open.get_mut(&fact.reservation) {
                    hold.dispatched = true;
                }
            }
            BudgetFact::Settled(fact) => self.end(fact.reservation, fact.used),
            BudgetFact::Released(fact) => self.end(fact.reservation, 0),
            BudgetFact::Expired(fact) => self.end(fact.reservation, fact.counted),
            // The settlement beside it has counted the tokens already.
            BudgetFact::Overrun(_) => {}
            BudgetFact::Warned(fact) => {
                self.warned.insert((fact.window, fact.epoch, fact.percent));
            }
        }
    }

    fn hold(&mut self, fact: &TokensReserved) {
        for window in Window::ALL {
            self.spent.entry((window, window.epoch(fact.reserved_at))).or_default().held += fact.tokens;
        }
        let hold = Hold { tokens: fact.tokens, reserved_at: fact.reserved_at, expires_at: fact.expires_at, dispatched: false };
        self.open.insert(fact.reservation, hold);
        self.forget_long_past(fact.reserved_at);
    }

    fn end(&mut self, reservation: ReservationId, used: u64) {
        let Some(hold) = self.open.remove(&reservation) else { return };
        for window in Window::ALL {
            let spent = self.spent.entry((window, window.epoch(hold.reserved_at))).or_default();
            spent.held = spent.held.saturating_sub(hold.tokens);
            spent.settled = spent.settled.saturating_add(used);
        }
        self.ended.insert(reservation);
    }

    /// Windows that ended more than two days ago decide nothing any more.
    fn forget_long_past(&mut self, now: Timestamp) {
        let oldest = now - TimeDelta::days(2);
        self.spent.retain(|(window, epoch), spent| *epoch >= window.epoch(oldest) || spent.held > 0);
        self.warned.retain(|(window, epoch, _)| *epoch >= window.epoch(oldest));
    }
}
