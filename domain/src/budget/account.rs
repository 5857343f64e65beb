//! One scope's account, folded from its facts: what is held, what was settled, in which window, and which shares were told.

use super::{
    BudgetOverrun, BudgetSet, BudgetWarned, CallDispatched, Lane, ReservationExpired, TokensReleased, TokensReserved, TokensSettled, UsageCorrected,
    Window,
};
use crate::{Timestamp, ids::ReservationId};
use chrono::TimeDelta;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

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
    /// All that it counts in.
    pub scopes: Vec<String>,
}

impl Hold {
    /// Of a hold in the account of `scope`.
    pub fn counts_in<'a>(&'a self, scope: &'a str) -> impl Iterator<Item = &'a str> {
        let alone = self.scopes.is_empty().then_some(scope);
        alone.into_iter().chain(self.scopes.iter().map(String::as_str))
    }
}

/// How a reservation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub reserved_at: Timestamp,
    pub counted: u64,
    /// Nobody had said what was used, so it may still be corrected.
    pub by_expiry: bool,
}

/// The state folded from one scope's facts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BudgetAccount {
    pub limits: Option<BudgetSet>,
    /// The last that the settings gave. A person may have set others since.
    pub configured: Option<BudgetSet>,
    pub open: BTreeMap<ReservationId, Hold>,
    spent: BTreeMap<(Window, i64), Spent>,
    warned: BTreeSet<(Window, i64, u8)>,
    /// A second ending is refused for as long as anybody could ask for one.
    ended: BTreeMap<ReservationId, Ended>,
    oldest_ended: Option<Timestamp>,
}

/// After this a reservation is nobody's business any more.
const ENDED_KEPT: TimeDelta = TimeDelta::days(40);

#[derive(Debug, Clone, Copy)]
pub enum BudgetFact<'a> {
    Set(&'a BudgetSet),
    Reserved(&'a TokensReserved),
    Dispatched(&'a CallDispatched),
    Settled(&'a TokensSettled),
    Overrun(&'a BudgetOverrun),
    Released(&'a TokensReleased),
    Expired(&'a ReservationExpired),
    Corrected(&'a UsageCorrected),
    Warned(&'a BudgetWarned),
}

impl BudgetAccount {
    /// `None`: no limit.
    pub fn limit(&self, window: Window) -> Option<u64> {
        self.limits.as_ref()?.limit(window)
    }
    pub fn spent(&self, window: Window, at: Timestamp) -> Spent {
        self.spent.get(&(window, window.epoch(at))).copied().unwrap_or_default()
    }
    /// What a call in this lane can still hold; `None`: as much as it likes.
    pub fn remaining(&self, window: Window, scope: &str, lane: Lane, at: Timestamp) -> Option<u64> {
        let cap = self.limits.as_ref()?.cap(window, scope, lane)?;
        Some(cap.saturating_sub(self.spent(window, at).total()))
    }
    pub fn was_warned(&self, window: Window, epoch: i64, percent: u8) -> bool {
        self.warned.contains(&(window, epoch, percent))
    }
    pub fn ended(&self, reservation: &ReservationId) -> Option<Ended> {
        self.ended.get(reservation).copied()
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
            BudgetFact::Settled(fact) => self.end(fact.reservation, fact.used, false),
            BudgetFact::Released(fact) => self.end(fact.reservation, 0, false),
            BudgetFact::Expired(fact) => self.end(fact.reservation, fact.counted, true),
            BudgetFact::Corrected(fact) => self.correct(fact),
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
        let hold =
            Hold { tokens: fact.tokens, reserved_at: fact.reserved_at, expires_at: fact.expires_at, dispatched: false, scopes: fact.scopes.clone() };
        self.open.insert(fact.reservation, hold);
        self.forget_long_past(fact.reserved_at);
    }

    fn end(&mut self, reservation: ReservationId, used: u64, by_expiry: bool) {
        let Some(hold) = self.open.remove(&reservation) else { return };
        for window in Window::ALL {
            let spent = self.spent.entry((window, window.epoch(hold.reserved_at))).or_default();
            spent.held = spent.held.saturating_sub(hold.tokens);
            spent.settled = spent.settled.saturating_add(used);
        }
        self.ended.insert(reservation, Ended { reserved_at: hold.reserved_at, counted: used, by_expiry });
        self.oldest_ended = Some(self.oldest_ended.map_or(hold.reserved_at, |oldest| oldest.min(hold.reserved_at)));
    }

    fn correct(&mut self, fact: &UsageCorrected) {
        let Some(ended) = self.ended.get_mut(&fact.reservation) else { return };
        for window in Window::ALL {
            let spent = self.spent.entry((window, window.epoch(ended.reserved_at))).or_default();
            spent.settled = spent.settled.saturating_sub(ended.counted).saturating_add(fact.used);
        }
        (ended.counted, ended.by_expiry) = (fact.used, false);
    }

    fn forget_long_past(&mut self, now: Timestamp) {
        self.spent.retain(|(window, epoch), spent| window.matters(*epoch, now) || spent.held > 0);
        self.warned.retain(|(window, epoch, _)| window.matters(*epoch, now));
        // Looked through once a while, not at every call.
        if self.oldest_ended.is_some_and(|oldest| oldest < now - ENDED_KEPT * 2) {
            self.ended.retain(|_, ended| ended.reserved_at >= now - ENDED_KEPT);
            self.oldest_ended = self.ended.values().map(|ended| ended.reserved_at).min();
        }
    }
}
