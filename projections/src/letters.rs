//! What did a site's crew write to each other, and what waits for an answer?

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
    ids::{ActorId, CaseId, LetterId, SiteId, TaskId},
    letter::{LetterSent, LetterState},
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LetterRow {
    pub site: SiteId,
    pub sent: LetterSent,
    pub state: LetterState,
    /// Delivered again so many times.
    pub repeats: u32,
    pub acknowledged_by: Option<ActorId>,
    /// A group or a person of the roster.
    pub escalated_to: Option<String>,
    /// Wall time.
    pub changed_at: Timestamp,
}

static LETTERS: Table = Table {
    name: "letters",
    columns: &[
        ("id", Kind::Text),
        ("site", Kind::Text),
        ("case_id", Kind::Text),
        ("task_id", Kind::Text),
        ("sender", Kind::Text),
        ("addressee", Kind::Text),
        ("kind", Kind::Text),
        ("priority", Kind::Text),
        ("state", Kind::Text),
        ("sent_at", Kind::Time),
        ("ack_by", Kind::Time),
        ("changed_at", Kind::Time),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[&["sent_at", "id"], &["case_id", "sent_at"], &["task_id"], &["site", "state", "sent_at"]],
};

impl Shelved for LetterRow {
    const TABLE: &'static Table = &LETTERS;
    fn key(&self) -> String {
        self.sent.letter.to_string()
    }
    fn columns(&self) -> Vec<Value> {
        let sent = &self.sent;
        vec![
            Value::text(&self.site),
            Value::maybe(sent.case, Value::text),
            Value::maybe(sent.task, Value::text),
            Value::text(&sent.from),
            Value::text(&sent.to),
            Value::word(&sent.kind),
            Value::word(&sent.priority),
            Value::word(&self.state),
            Value::Time(sent.at),
            Value::maybe(sent.ack_by, Value::Time),
            Value::Time(self.changed_at),
        ]
    }
}

#[derive(Default)]
pub(crate) struct Letters {
    letters: Shelf<LetterRow>,
}

#[async_trait]
impl Projection for Letters {
    fn name(&self) -> &'static str {
        "letters"
    }
    fn version(&self) -> u32 {
        1
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&LETTERS]
    }
    async fn recall(&mut self, facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let named = facts.iter().filter_map(|fact| letter_of(fact.event().ok()?));
        self.letters.recall(named.map(|letter| letter.to_string()), db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let Some(site) = fact.site.as_ref().filter(|_| fact.stream.as_str().starts_with("letter/")) else { return Ok(()) };
        let (event, at) = (fact.event()?, fact.recorded_at);
        if let Event::LetterSent(sent) = event {
            let state = if sent.ack_by.is_some() { LetterState::Waiting } else { LetterState::Told };
            let (site, sent) = (site.clone(), sent.clone());
            self.letters.put(LetterRow { site, sent, state, repeats: 0, acknowledged_by: None, escalated_to: None, changed_at: at });
            return Ok(());
        }
        let Some(letter) = letter_of(event) else { return Ok(()) };
        let row = self.letters.edit(&letter.to_string());
        let row = row.ok_or_else(|| Poison(format!("{} speaks of letter {letter}, which nobody wrote", fact.kind)))?;
        row.changed_at = at;
        match event {
            Event::LetterAcknowledged(fact) => {
                row.state = LetterState::Acknowledged;
                row.acknowledged_by = Some(fact.by.clone());
            }
            Event::LetterRepeated(fact) => row.repeats = fact.number,
            Event::LetterDeadLettered(_) => row.state = LetterState::Dead,
            Event::LetterEscalated(fact) => {
                row.state = LetterState::Escalated;
                row.escalated_to = Some(fact.to.clone());
            }
            _ => {}
        }
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.letters.drain(writes);
    }
    fn forget(&mut self) {
        self.letters.forget();
    }
}

fn letter_of(event: &Event) -> Option<LetterId> {
    match event {
        Event::LetterSent(fact) => Some(fact.letter),
        Event::LetterAcknowledged(fact) => Some(fact.letter),
        Event::LetterRepeated(fact) => Some(fact.letter),
        Event::LetterDeadLettered(fact) => Some(fact.letter),
        Event::LetterEscalated(fact) => Some(fact.letter),
        _ => None,
    }
}

/// Which letters are asked for.
#[derive(Debug, Clone, Default)]
pub struct LetterFilter {
    pub site: Option<SiteId>,
    pub case: Option<CaseId>,
    pub task: Option<TaskId>,
    pub state: Option<LetterState>,
}

pub async fn find(db: &Db, letter: LetterId) -> Result<Option<LetterRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM letters WHERE id = $1").bind(Value::text(letter)).doc(db).await?)
}

/// What waits for an acknowledgement, or waited in vain, the oldest first.
pub async fn unanswered(db: &Db, site: &SiteId, most: usize) -> Result<Vec<LetterRow>, NotRead> {
    let sql = format!("SELECT doc FROM letters WHERE site = $1 AND state IN ('waiting', 'dead', 'escalated') ORDER BY sent_at, id LIMIT {most}");
    Ok(Ask::new(sql).bind(Value::text(site)).docs(db).await?)
}

/// Last written first.
pub async fn page(db: &Db, filter: &LetterFilter, window: &Window) -> Result<Page<LetterRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM letters WHERE 1 = 1");
    if let Some(site) = &filter.site {
        ask.push(" AND site = ").push_bind(Value::text(site));
    }
    if let Some(case) = filter.case {
        ask.push(" AND case_id = ").push_bind(Value::text(case));
    }
    if let Some(task) = filter.task {
        ask.push(" AND task_id = ").push_bind(Value::text(task));
    }
    if let Some(state) = &filter.state {
        ask.push(" AND state = ").push_bind(Value::word(state));
    }
    window.narrow(&mut ask, &["sent_at", "id"]);
    let rows = ask.docs(db).await?;
    Ok(window.cut(rows, |row: &LetterRow| Cursor::new(row.sent.at.micros(), row.sent.letter)))
}
