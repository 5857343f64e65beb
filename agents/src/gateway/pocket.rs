//! A purse in memory, with one limit: for tests, benches, and whoever tries a model out by hand.

use super::purse::{Denied, NotTold, Purse, Wish};
use async_trait::async_trait;
use millwright_domain::{
    ids::ReservationId,
    model_call::{NanoDollars, Spent},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

pub struct Pocket {
    limit: u64,
    inner: Mutex<Inner>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Inner {
    held: BTreeMap<ReservationId, Held>,
    over: BTreeSet<ReservationId>,
    settled: u64,
    cost: NanoDollars,
    estimated: u64,
    /// The most that settled and held ever came to.
    peak: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    tokens: u64,
    has_left: bool,
}

impl Pocket {
    pub fn of(limit: u64) -> Self {
        Self { limit, inner: Mutex::default() }
    }
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn settled(&self) -> u64 {
        self.inner().settled
    }
    pub fn estimated(&self) -> u64 {
        self.inner().estimated
    }
    pub fn held(&self) -> u64 {
        self.inner().held()
    }
    pub fn cost(&self) -> NanoDollars {
        self.inner().cost
    }
    pub fn peak(&self) -> u64 {
        self.inner().peak
    }
}

impl Inner {
    fn held(&self) -> u64 {
        self.held.values().map(|held| held.tokens).sum()
    }
    fn settle(&mut self, reservation: ReservationId, spent: &Spent, cost: NanoDollars) {
        if self.held.remove(&reservation).is_none() {
            return;
        }
        self.over.insert(reservation);
        let used = spent.usage.total();
        self.settled += used;
        self.cost = self.cost + cost;
        self.estimated += if spent.is_estimated() { used } else { 0 };
    }
}

#[async_trait]
impl Purse for Pocket {
    async fn reserve(&self, wish: &Wish) -> Result<(), Denied> {
        let mut inner = self.inner();
        if inner.held.contains_key(&wish.reservation) || inner.over.contains(&wish.reservation) {
            return Ok(());
        }
        let taken = inner.settled.saturating_add(inner.held());
        let after = taken.saturating_add(wish.tokens);
        if after > self.limit {
            return Err(Denied::OverBudget { scope: "this pocket".into(), remaining: self.limit.saturating_sub(taken), resets_at: None });
        }
        inner.held.insert(wish.reservation, Held { tokens: wish.tokens, has_left: false });
        inner.peak = inner.peak.max(after);
        Ok(())
    }

    async fn dispatched(&self, reservation: ReservationId) -> Result<(), Denied> {
        match self.inner().held.get_mut(&reservation) {
            Some(held) => {
                held.has_left = true;
                Ok(())
            }
            None => Err(Denied::Unavailable("nothing is held for this attempt".into())),
        }
    }

    async fn settle(&self, reservation: ReservationId, spent: &Spent, cost: NanoDollars) -> Result<(), NotTold> {
        self.inner().settle(reservation, spent, cost);
        Ok(())
    }

    async fn release(&self, reservation: ReservationId) -> Result<(), NotTold> {
        let mut inner = self.inner();
        if inner.held.remove(&reservation).is_some() {
            inner.over.insert(reservation);
        }
        Ok(())
    }

    fn abandoned(&self, reservation: ReservationId, spent: Option<Spent>, cost: NanoDollars) {
        let mut inner = self.inner();
        match spent {
            Some(spent) => inner.settle(reservation, &spent, cost),
            None => {
                inner.held.remove(&reservation);
            }
        }
    }
}
