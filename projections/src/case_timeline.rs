//! What happened in a case, in order? One row a fact, never changed.

use crate::{
    actions::action_of,
    db::{Ask, Db, NotRead, Row},
    fact::{Fact, Poison},
    projection::Projection,
    store::stored,
    summary::summary,
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    evidence::Evidence,
    ids::{ActionId, ActorId, CaseId, EventId},
    position::PartitionId,
    sealed::Sealed,
};

static TIMELINE: Table = Table {
    name: "case_timeline",
    columns: &[
        ("case_id", Kind::Text),
        ("seq", Kind::Whole),
        ("partition", Kind::Text),
        ("kind", Kind::Text),
        ("occurred_at", Kind::Time),
        ("recorded_at", Kind::Time),
        ("actor", Kind::Text),
        ("summary", Kind::Text),
        ("action", Kind::Text),
        ("note", Kind::Doc),
        ("evidence", Kind::Doc),
        ("id", Kind::Text),
        ("causation", Kind::Text),
    ],
    key: 2,
    indexes: &[],
};

/// One fact of a case, for people.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineRow {
    pub case: CaseId,
    pub partition: PartitionId,
    pub seq: u64,
    pub kind: String,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub actor: ActorId,
    pub summary: String,
    pub action: Option<ActionId>,
    pub note: Option<Sealed>,
    pub evidence: Vec<Evidence>,
    pub id: EventId,
    /// The fact that led to it.
    pub causation: Option<EventId>,
}

#[derive(Default)]
pub(crate) struct CaseTimeline {
    rows: Vec<Vec<Value>>,
}

#[async_trait]
impl Projection for CaseTimeline {
    fn name(&self) -> &'static str {
        "case_timeline"
    }
    fn version(&self) -> u32 {
        4
    }
    fn changed(&self) -> &'static [&'static str] {
        &["case_timeline.id", "case_timeline.causation"]
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&TIMELINE]
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let Some(case) = case_of(fact)? else { return Ok(()) };
        let event = fact.event()?;
        // That there was a call is told already; what was said in it is for those who ask for it.
        if matches!(event, Event::ModelCallKept(_)) {
            return Ok(());
        }
        self.rows.push(vec![
            Value::text(case),
            Value::count(fact.seq),
            Value::text(&fact.partition),
            Value::text(&fact.kind),
            Value::Time(fact.occurred_at),
            Value::Time(fact.recorded_at),
            Value::text(&fact.actor),
            Value::Text(summary(event)),
            Value::maybe(action_of(event), Value::text),
            Value::maybe(note_of(event), Value::doc),
            Value::maybe(evidence_of(event), |evidence| Value::doc(&evidence)),
            Value::text(fact.id),
            Value::maybe(fact.causation, Value::text),
        ]);
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        writes.upsert(&TIMELINE, std::mem::take(&mut self.rows));
    }
    fn forget(&mut self) {
        self.rows.clear();
    }
}

/// Its own facts, and what the crew wrote about it.
fn case_of(fact: &Fact) -> Result<Option<CaseId>, Poison> {
    if fact.kind != "LetterSent" {
        return Ok(fact.case);
    }
    Ok(match fact.event()? {
        Event::LetterSent(letter) => letter.case,
        _ => None,
    })
}

fn note_of(event: &Event) -> Option<&Sealed> {
    match event {
        Event::ActionRejected(fact) => fact.note.as_ref(),
        Event::ActionVerified(fact) => fact.note.as_ref(),
        Event::OutcomeRecorded(fact) => fact.note.as_ref(),
        Event::MessageReceived(fact) => Some(&fact.words),
        Event::TicketTouched(fact) => fact.words.as_ref(),
        _ => None,
    }
}

fn evidence_of(event: &Event) -> Option<&[Evidence]> {
    match event {
        Event::AlertRaised(fact) => Some(&fact.evidence),
        Event::ChangeJudged(fact) => Some(&fact.evidence),
        Event::DiagnosisRecorded(fact) => Some(&fact.evidence_for),
        Event::OutcomeRecorded(fact) => Some(&fact.evidence),
        _ => None,
    }
}

/// In the order of the log.
pub async fn of_case(db: &Db, case: CaseId) -> Result<Vec<TimelineRow>, NotRead> {
    of_cases(db, &[case]).await
}

/// Of so many cases, each case's in the order of the log.
pub async fn of_cases(db: &Db, cases: &[CaseId]) -> Result<Vec<TimelineRow>, NotRead> {
    let mut ask = Ask::new(format!("SELECT {} FROM case_timeline WHERE case_id IN ", TIMELINE.all_columns()));
    ask.push_list(cases.iter().map(Value::text)).push(" ORDER BY seq");
    Ok(ask.rows(db).await?.iter().map(read).collect::<Result<_, sqlx::Error>>()?)
}

fn read(row: &Row) -> Result<TimelineRow, sqlx::Error> {
    Ok(TimelineRow {
        case: row.parsed("case_id")?,
        partition: row.parsed("partition")?,
        seq: row.count("seq")?,
        kind: row.text("kind")?,
        occurred_at: row.time("occurred_at")?,
        recorded_at: row.time("recorded_at")?,
        actor: row.parsed("actor")?,
        summary: row.text("summary")?,
        action: row.maybe_text("action")?.map(|action| stored(&action)).transpose()?,
        note: row.maybe_doc("note")?,
        evidence: row.maybe_doc("evidence")?.unwrap_or_default(),
        id: row.parsed("id")?,
        causation: row.maybe_text("causation")?.map(|fact| stored(&fact)).transpose()?,
    })
}
