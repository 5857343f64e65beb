//! Which case is followed where outside, and what people did there last? One row a ticket.

use crate::{
    db::{Ask, Conn, Db, NotRead},
    fact::{Fact, Poison},
    page::{Cursor, Page, Window},
    projection::Projection,
    shelf::{Shelf, Shelved},
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    ids::{ActorId, CaseId, SiteId},
    ticket::{TicketDeed, TicketRef},
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TicketRow {
    pub ticket: TicketRef,
    pub case: CaseId,
    pub site: SiteId,
    /// Wall time.
    pub opened_at: Timestamp,
    /// Wall time of the latest fact.
    pub changed_at: Timestamp,
    /// What people did there last, and who, if it was an enrolled person.
    pub last: Option<(TicketDeed, Option<ActorId>)>,
    /// Deeds of people so far.
    pub touched: u32,
}

static TICKETS: Table = Table {
    name: "tickets",
    columns: &[
        ("id", Kind::Text),
        ("system", Kind::Text),
        ("ticket", Kind::Text),
        ("site", Kind::Text),
        ("case_id", Kind::Text),
        ("opened_at", Kind::Time),
        ("changed_at", Kind::Time),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[&["case_id"], &["opened_at", "id"]],
};

fn key(system: &str, ticket: &str) -> String {
    format!("{system}/{ticket}")
}

impl Shelved for TicketRow {
    const TABLE: &'static Table = &TICKETS;
    fn key(&self) -> String {
        key(&self.ticket.system, &self.ticket.id)
    }
    fn columns(&self) -> Vec<Value> {
        vec![
            Value::text(&self.ticket.system),
            Value::text(&self.ticket.id),
            Value::text(&self.site),
            Value::text(self.case),
            Value::Time(self.opened_at),
            Value::Time(self.changed_at),
        ]
    }
}

#[derive(Default)]
pub(crate) struct Tickets {
    tickets: Shelf<TicketRow>,
}

#[async_trait]
impl Projection for Tickets {
    fn name(&self) -> &'static str {
        "tickets"
    }
    fn version(&self) -> u32 {
        1
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&TICKETS]
    }
    async fn recall(&mut self, facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let named = facts.iter().filter_map(|fact| ticket_of(fact.event().ok()?));
        self.tickets.recall(named.map(|ticket| key(&ticket.system, &ticket.id)), db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let (Some(case), Some(site)) = (fact.case, &fact.site) else { return Ok(()) };
        let at = fact.recorded_at;
        match fact.event()? {
            Event::TicketOpened(opened) => {
                let (ticket, site) = (opened.ticket.clone(), site.clone());
                self.tickets.put(TicketRow { ticket, case, site, opened_at: at, changed_at: at, last: None, touched: 0 });
            }
            Event::TicketTouched(touched) => {
                let key = key(&touched.ticket.system, &touched.ticket.id);
                let row = self.tickets.edit(&key).ok_or_else(|| Poison(format!("ticket {key} was never opened")))?;
                row.last = Some((touched.deed.clone(), touched.by.clone()));
                row.touched += 1;
                row.changed_at = at;
            }
            _ => {}
        }
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.tickets.drain(writes);
    }
    fn forget(&mut self) {
        self.tickets.forget();
    }
}

fn ticket_of(event: &Event) -> Option<&TicketRef> {
    match event {
        Event::TicketOpened(fact) => Some(&fact.ticket),
        Event::TicketTouched(fact) => Some(&fact.ticket),
        _ => None,
    }
}

pub async fn find(db: &Db, system: &str, ticket: &str) -> Result<Option<TicketRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM tickets WHERE id = $1").bind(Value::text(key(system, ticket))).doc(db).await?)
}

/// The tickets of so many cases, in the order of their names.
pub async fn of_cases(db: &Db, cases: &[CaseId]) -> Result<Vec<TicketRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM tickets WHERE case_id IN ");
    ask.push_list(cases.iter().map(Value::text)).push(" ORDER BY id");
    Ok(ask.docs(db).await?)
}

/// Last opened first.
pub async fn page(db: &Db, site: Option<&SiteId>, window: &Window) -> Result<Page<TicketRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM tickets WHERE 1 = 1");
    if let Some(site) = site {
        ask.push(" AND site = ").push_bind(Value::text(site));
    }
    window.narrow(&mut ask, &["opened_at", "id"]);
    let rows = ask.docs(db).await?;
    Ok(window.cut(rows, |row: &TicketRow| Cursor::new(row.opened_at.micros(), row.key())))
}
