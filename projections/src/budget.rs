//! What may agents spend, and what have they? Limits, and settled and held tokens per hour and day.

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
    budget::{BudgetSet, Spent, Window},
    ids::ReservationId,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One scope's budget.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BudgetRow {
    pub partition: String,
    pub scope: String,
    pub limits: Option<BudgetSet>,
    /// Tokens held and since when: the time fixes the windows that they count in.
    open: BTreeMap<ReservationId, (u64, Timestamp)>,
    windows: Vec<WindowRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRow {
    pub window: Window,
    pub epoch: i64,
    pub settled: u64,
    pub held: u64,
    pub warned: bool,
}

/// Windows of each kind that are kept: a day of hours, and a day more.
const KEPT_WINDOWS: usize = 50;

impl BudgetRow {
    pub fn limit(&self, window: Window) -> u64 {
        self.limits.as_ref().map_or(0, |limits| match window {
            Window::Hour => limits.tokens_per_hour,
            Window::Day => limits.tokens_per_day,
        })
    }
    pub fn spent(&self, window: Window, at: Timestamp) -> Spent {
        let known = self.windows.iter().find(|row| row.window == window && row.epoch == window.epoch(at));
        known.map_or(Spent::default(), |row| Spent { settled: row.settled, held: row.held })
    }
    pub fn was_warned(&self, window: Window, at: Timestamp) -> bool {
        self.windows.iter().any(|row| row.window == window && row.epoch == window.epoch(at) && row.warned)
    }

    fn in_window(&mut self, window: Window, epoch: i64, change: impl FnOnce(&mut WindowRow)) {
        if let Some(row) = self.windows.iter_mut().find(|row| row.window == window && row.epoch == epoch) {
            return change(row);
        }
        let mut row = WindowRow { window, epoch, settled: 0, held: 0, warned: false };
        change(&mut row);
        if self.windows.len() >= KEPT_WINDOWS {
            self.windows.remove(0);
        }
        self.windows.push(row);
    }
    fn hold(&mut self, reservation: ReservationId, tokens: u64, at: Timestamp) {
        for window in Window::ALL {
            self.in_window(window, window.epoch(at), |row| row.held += tokens);
        }
        self.open.insert(reservation, (tokens, at));
    }
    fn end(&mut self, reservation: ReservationId, used: u64) {
        let Some((tokens, at)) = self.open.remove(&reservation) else { return };
        for window in Window::ALL {
            self.in_window(window, window.epoch(at), |row| {
                row.held = row.held.saturating_sub(tokens);
                row.settled = row.settled.saturating_add(used);
            });
        }
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
        let limit = |window| Value::count(self.limit(window));
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
        1
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
            Event::TokensReserved(fact) => row.hold(fact.reservation, fact.tokens, fact.reserved_at),
            Event::TokensSettled(fact) => row.end(fact.reservation, fact.used),
            Event::TokensReleased(fact) => row.end(fact.reservation, 0),
            Event::ReservationExpired(fact) => row.end(fact.reservation, fact.counted),
            Event::BudgetWarned(fact) => row.in_window(fact.window, fact.epoch, |row| row.warned = true),
            // The settlement beside an overrun has counted its tokens; that a call left changes no sum.
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
