//! What may agents spend, and what have they? Limits, settled and held tokens of each scope by window, and who holds what.

use crate::{
    db::{Ask, Conn, Db, NotRead},
    fact::{Fact, Poison},
    projection::Projection,
    shelf::{Shelf, Shelved},
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    budget::{BudgetSet, Lane, Spent, TokensReserved, Window},
    ids::{ActorId, ReservationId},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One scope's budget.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BudgetRow {
    pub partition: String,
    pub scope: String,
    pub limits: Option<BudgetSet>,
    /// What is held for calls under way.
    pub open: BTreeMap<ReservationId, HeldRow>,
    /// Counted in full for want of an answer, and may still be corrected.
    expired: BTreeMap<ReservationId, (u64, Timestamp)>,
    windows: Vec<WindowRow>,
    /// Calls that left, in all; also those that a provider refused before counting.
    pub calls: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRow {
    pub agent: ActorId,
    pub tokens: u64,
    /// Fixes the windows that they count in.
    pub since: Timestamp,
    pub until: Timestamp,
    pub lane: Lane,
    /// `case/…` or `task/…`.
    pub about: Option<String>,
    /// The call has left.
    pub dispatched: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRow {
    pub window: Window,
    pub epoch: i64,
    pub settled: u64,
    pub held: u64,
    /// The highest share of the limit that was told, in percent.
    pub told_percent: u8,
}

/// Windows of each kind that are kept: a day of hours, and a day more.
const KEPT_WINDOWS: usize = 80;
const KEPT_EXPIRED: usize = 200;

impl BudgetRow {
    /// `None`: no limit.
    pub fn limit(&self, window: Window) -> Option<u64> {
        self.limits.as_ref()?.limit(window)
    }
    pub fn spent(&self, window: Window, at: Timestamp) -> Spent {
        self.seen(window, at).map_or(Spent::default(), |row| Spent { settled: row.settled, held: row.held })
    }
    pub fn told_percent(&self, window: Window, at: Timestamp) -> u8 {
        self.seen(window, at).map_or(0, |row| row.told_percent)
    }
    fn seen(&self, window: Window, at: Timestamp) -> Option<&WindowRow> {
        self.windows.iter().find(|row| row.window == window && row.epoch == window.epoch(at))
    }

    fn in_window(&mut self, window: Window, epoch: i64, change: impl FnOnce(&mut WindowRow)) {
        if let Some(row) = self.windows.iter_mut().find(|row| row.window == window && row.epoch == epoch) {
            return change(row);
        }
        let mut row = WindowRow { window, epoch, settled: 0, held: 0, told_percent: 0 };
        change(&mut row);
        if self.windows.len() >= KEPT_WINDOWS {
            // The whole is never let go, and a month lasts longer than its place in the list.
            let oldest = self.windows.iter().position(|row| matches!(row.window, Window::Hour | Window::Day));
            self.windows.remove(oldest.unwrap_or(0));
        }
        self.windows.push(row);
    }
    fn in_each_window(&mut self, at: Timestamp, change: impl Fn(&mut WindowRow)) {
        for window in Window::ALL {
            self.in_window(window, window.epoch(at), &change);
        }
    }
    fn hold(&mut self, fact: &TokensReserved) {
        self.in_each_window(fact.reserved_at, |row| row.held += fact.tokens);
        let held = HeldRow {
            agent: fact.agent.clone(),
            tokens: fact.tokens,
            since: fact.reserved_at,
            until: fact.expires_at,
            lane: fact.lane,
            about: fact.about.clone(),
            dispatched: false,
        };
        self.open.insert(fact.reservation, held);
    }
    fn end(&mut self, reservation: ReservationId, used: u64) -> Option<Timestamp> {
        let held = self.open.remove(&reservation)?;
        self.in_each_window(held.since, |row| {
            row.held = row.held.saturating_sub(held.tokens);
            row.settled = row.settled.saturating_add(used);
        });
        self.calls += u64::from(held.dispatched);
        Some(held.since)
    }
    fn expire(&mut self, reservation: ReservationId, counted: u64) {
        let Some(since) = self.end(reservation, counted) else { return };
        if self.expired.len() >= KEPT_EXPIRED {
            let oldest = self.expired.iter().min_by_key(|(_, (_, since))| *since).map(|(id, _)| *id);
            oldest.map(|id| self.expired.remove(&id));
        }
        self.expired.insert(reservation, (counted, since));
    }
    fn correct(&mut self, reservation: ReservationId, used: u64) {
        let Some((counted, since)) = self.expired.remove(&reservation) else { return };
        self.in_each_window(since, |row| row.settled = row.settled.saturating_sub(counted).saturating_add(used));
    }
}

static BUDGETS: Table = Table {
    name: "budgets",
    columns: &[
        ("key", Kind::Text),
        ("partition", Kind::Text),
        ("scope", Kind::Text),
        ("tokens_per_hour", Kind::Whole),
        ("tokens_per_day", Kind::Whole),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[],
};

impl Shelved for BudgetRow {
    const TABLE: &'static Table = &BUDGETS;
    fn key(&self) -> String {
        format!("{}/{}", self.partition, self.scope)
    }
    fn columns(&self) -> Vec<Value> {
        let limit = |window| Value::count(self.limit(window).unwrap_or_default());
        vec![Value::text(&self.partition), Value::text(&self.scope), limit(Window::Hour), limit(Window::Day)]
    }
}

#[derive(Default)]
pub(crate) struct Budgets {
    budgets: Shelf<BudgetRow>,
}

#[async_trait]
impl Projection for Budgets {
    fn name(&self) -> &'static str {
        "budget"
    }
    fn version(&self) -> u32 {
        2
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&BUDGETS]
    }
    async fn recall(&mut self, _facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        self.budgets.recall_all(db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let Some(scope) = fact.stream.as_budget() else { return Ok(()) };
        let event = fact.event()?;
        let fresh = BudgetRow { partition: fact.partition.to_string(), scope: scope.to_string(), ..BudgetRow::default() };
        let mut row = self.budgets.get(&fresh.key()).cloned().unwrap_or(fresh);
        match event {
            Event::BudgetSet(limits) => row.limits = Some(limits.clone()),
            Event::TokensReserved(fact) => row.hold(fact),
            Event::CallDispatched(fact) => {
                if let Some(held) = row.open.get_mut(&fact.reservation) {
                    held.dispatched = true;
                }
            }
            Event::TokensSettled(fact) => {
                row.end(fact.reservation, fact.used);
            }
            Event::TokensReleased(fact) => {
                row.end(fact.reservation, 0);
            }
            Event::ReservationExpired(fact) => row.expire(fact.reservation, fact.counted),
            Event::UsageCorrected(fact) => row.correct(fact.reservation, fact.used),
            Event::BudgetWarned(fact) => {
                row.in_window(fact.window, fact.epoch, |row| row.told_percent = row.told_percent.max(fact.percent));
            }
            // The settlement beside an overrun has counted its tokens.
            _ => return Ok(()),
        }
        self.budgets.put(row);
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.budgets.drain(writes);
    }
    fn forget(&mut self) {
        self.budgets.forget();
    }
}

pub async fn all(db: &Db) -> Result<Vec<BudgetRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM budgets ORDER BY key").docs(db).await?)
}
