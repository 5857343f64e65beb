//! Which messages are wanted, under way, delivered, or waiting for a person?

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
    effect::EffectWanted,
    ids::{CaseId, EffectId, SiteId},
};
use serde::{Deserialize, Serialize};

/// One thing that is to leave the house, or has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoticeRow {
    pub wanted: EffectWanted,
    /// `None` for the platform's own.
    pub site: Option<SiteId>,
    pub stage: NoticeStage,
    /// Begun so far.
    pub attempts: u32,
    /// Wall time.
    pub wanted_at: Timestamp,
    /// Wall time.
    pub changed_at: Timestamp,
    pub receipt: Option<String>,
    pub reason: Option<String>,
    /// Wall time of the next attempt, while it waits.
    pub retry_at: Option<Timestamp>,
    /// Wall time; the channel says that it is on the person's screen.
    pub read_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeStage {
    Wanted,
    Attempted,
    /// Failed, to be tried again.
    Waiting,
    Done,
    /// Waits for a person.
    Dead,
    /// Sent, and nobody knows whether it arrived. Waits for a person.
    Unknown,
    /// A person did not want it delivered any more.
    Dropped,
}

static NOTICES: Table = Table {
    name: "notices",
    columns: &[
        ("id", Kind::Text),
        ("site", Kind::Text),
        ("case_id", Kind::Text),
        ("target", Kind::Text),
        ("stage", Kind::Text),
        ("attempts", Kind::Whole),
        ("receipt", Kind::Text),
        ("wanted_at", Kind::Time),
        ("changed_at", Kind::Time),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[&["wanted_at", "id"], &["case_id"], &["receipt"], &["stage", "wanted_at"], &["target", "wanted_at"]],
};

impl Shelved for NoticeRow {
    const TABLE: &'static Table = &NOTICES;
    fn key(&self) -> String {
        self.wanted.effect.to_string()
    }
    fn columns(&self) -> Vec<Value> {
        vec![
            Value::maybe(self.site.as_ref(), Value::text),
            Value::maybe(self.wanted.case, Value::text),
            Value::text(&self.wanted.target),
            Value::word(&self.stage),
            Value::Whole(self.attempts.into()),
            Value::maybe(self.receipt.as_ref(), Value::text),
            Value::Time(self.wanted_at),
            Value::Time(self.changed_at),
        ]
    }
}

#[derive(Default)]
pub(crate) struct Outbox {
    notices: Shelf<NoticeRow>,
}

#[async_trait]
impl Projection for Outbox {
    fn name(&self) -> &'static str {
        "notices"
    }
    fn version(&self) -> u32 {
        3
    }
    fn changed(&self) -> &'static [&'static str] {
        &["notices.doc", "notices.receipt"]
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&NOTICES]
    }
    async fn recall(&mut self, facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let named = facts.iter().filter_map(|fact| effect_of(fact.event().ok()?));
        self.notices.recall(named.map(|effect| effect.to_string()), db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        if !fact.stream.as_str().starts_with("effect/") {
            return Ok(());
        }
        let event = fact.event()?;
        if let Event::EffectWanted(wanted) = event {
            self.notices.put(NoticeRow {
                wanted: wanted.clone(),
                site: fact.site.clone(),
                stage: NoticeStage::Wanted,
                attempts: 0,
                wanted_at: fact.recorded_at,
                changed_at: fact.recorded_at,
                receipt: None,
                reason: None,
                retry_at: None,
                read_at: None,
            });
            return Ok(());
        }
        let Some(effect) = effect_of(event) else { return Ok(()) };
        let row = self.notices.edit(&effect.to_string());
        let row = row.ok_or_else(|| Poison(format!("{} speaks of effect {effect}, which nobody wanted", fact.kind)))?;
        row.changed_at = fact.recorded_at;
        step(row, event, fact.recorded_at);
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.notices.drain(writes);
    }
    fn forget(&mut self) {
        self.notices.forget();
    }
}

fn effect_of(event: &Event) -> Option<EffectId> {
    match event {
        Event::EffectWanted(fact) => Some(fact.effect),
        Event::EffectAttempted(fact) => Some(fact.effect),
        Event::EffectDone(fact) => Some(fact.effect),
        Event::EffectFailed(fact) => Some(fact.effect),
        Event::MessageUnknown(fact) => Some(fact.effect),
        Event::EffectRetried(fact) => Some(fact.effect),
        Event::EffectDropped(fact) => Some(fact.effect),
        Event::MessageRead(fact) => Some(fact.effect),
        Event::MessageNotDelivered(fact) => Some(fact.effect),
        _ => None,
    }
}

fn step(row: &mut NoticeRow, event: &Event, at: Timestamp) {
    row.retry_at = None;
    match event {
        Event::EffectAttempted(fact) => {
            row.stage = NoticeStage::Attempted;
            row.attempts = fact.attempt;
        }
        Event::EffectDone(fact) => {
            row.stage = NoticeStage::Done;
            row.receipt = Some(fact.receipt.clone());
        }
        Event::EffectFailed(fact) => {
            row.stage = if fact.final_ { NoticeStage::Dead } else { NoticeStage::Waiting };
            row.reason = Some(fact.reason.clone());
            row.retry_at = fact.retry_at;
        }
        Event::MessageUnknown(fact) => {
            row.stage = NoticeStage::Unknown;
            row.reason = Some(fact.reason.clone());
        }
        Event::EffectRetried(_) => row.stage = NoticeStage::Wanted,
        Event::EffectDropped(_) => row.stage = NoticeStage::Dropped,
        Event::MessageRead(_) => row.read_at = Some(at),
        Event::MessageNotDelivered(fact) => row.reason = Some(fact.reason.clone()),
        _ => {}
    }
}

pub async fn find(db: &Db, effect: EffectId) -> Result<Option<NoticeRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM notices WHERE id = $1").bind(Value::text(effect)).doc(db).await?)
}

/// The latest that the channel gave this receipt for; some channels count for each person anew.
pub async fn of_receipt(db: &Db, receipt: &str, target: Option<&str>) -> Result<Option<NoticeRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM notices WHERE receipt = ");
    ask.push_bind(Value::text(receipt));
    if let Some(target) = target {
        ask.push(" AND target = ").push_bind(Value::text(target));
    }
    ask.push(" ORDER BY wanted_at DESC LIMIT 1");
    Ok(ask.doc(db).await?)
}

/// The latest that arrived at a target and is about a case.
pub async fn last_to(db: &Db, target: &str) -> Result<Option<NoticeRow>, NotRead> {
    let ask =
        Ask::new("SELECT doc FROM notices WHERE target = $1 AND stage = 'done' AND case_id IS NOT NULL ORDER BY wanted_at DESC, id DESC LIMIT 1");
    Ok(ask.bind(Value::text(target)).doc(db).await?)
}

/// What waits for a person: given up, or sent with no telling whether it arrived. The oldest first.
pub async fn waiting_for_a_person(db: &Db, site: Option<&SiteId>, most: usize) -> Result<Vec<NoticeRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM notices WHERE stage IN ('dead', 'unknown')");
    if let Some(site) = site {
        ask.push(" AND site = ").push_bind(Value::text(site));
    }
    ask.push(&format!(" ORDER BY wanted_at, id LIMIT {most}"));
    Ok(ask.docs(db).await?)
}

/// Last wanted first.
pub async fn page(db: &Db, site: Option<&SiteId>, case: Option<CaseId>, window: &Window) -> Result<Page<NoticeRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM notices WHERE 1 = 1");
    if let Some(site) = site {
        ask.push(" AND site = ").push_bind(Value::text(site));
    }
    if let Some(case) = case {
        ask.push(" AND case_id = ").push_bind(Value::text(case));
    }
    window.narrow(&mut ask, &["wanted_at", "id"]);
    let rows = ask.docs(db).await?;
    Ok(window.cut(rows, |row: &NoticeRow| Cursor::new(row.wanted_at.micros(), row.wanted.effect)))
}
