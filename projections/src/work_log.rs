//! What was worked on, by whom, when? One row a step of a task, an investigation, an action, a letter, a model call or a report; never changed.

use crate::{
    actions::action_of,
    db::{Ask, Db, NotRead, Row},
    fact::{Fact, Poison},
    page::{Cursor, Page, Window},
    projection::Projection,
    store::stored,
    summary::summary,
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    ids::{ActorId, CaseId, SiteId, TaskId},
    task::task_of,
};
use serde::{Deserialize, Serialize};

static WORK_LOG: Table = Table {
    name: "work_log",
    columns: &[
        ("site", Kind::Text),
        ("seq", Kind::Whole),
        ("at", Kind::Time),
        ("agent", Kind::Text),
        ("what", Kind::Text),
        ("kind", Kind::Text),
        ("case_id", Kind::Text),
        ("task", Kind::Text),
        ("summary", Kind::Text),
    ],
    key: 2,
    indexes: &[&["at"], &["case_id"], &["task"]],
};

/// What a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    Agent,
    Task,
    Investigation,
    ModelCall,
    Action,
    Letter,
    Report,
}

impl Work {
    pub const ALL: [Self; 7] = [Self::Agent, Self::Task, Self::Investigation, Self::ModelCall, Self::Action, Self::Letter, Self::Report];
}

#[derive(Debug, Clone, PartialEq)]
pub struct WorkRow {
    pub site: SiteId,
    pub seq: u64,
    /// Wall time.
    pub at: Timestamp,
    /// Who did it: an agent, a part of Millwright, or a person.
    pub agent: ActorId,
    pub what: Work,
    /// Of the fact.
    pub kind: String,
    pub case: Option<CaseId>,
    pub task: Option<TaskId>,
    pub summary: String,
}

#[derive(Default)]
pub(crate) struct WorkLog {
    rows: Vec<Vec<Value>>,
}

#[async_trait]
impl Projection for WorkLog {
    fn name(&self) -> &'static str {
        "work_log"
    }
    fn version(&self) -> u32 {
        1
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&WORK_LOG]
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let Some(site) = &fact.site else { return Ok(()) };
        let event = fact.event()?;
        let Some(what) = work_of(event) else { return Ok(()) };
        let case = fact.case.or_else(|| case_of(event));
        self.rows.push(vec![
            Value::text(site),
            Value::count(fact.seq),
            Value::Time(fact.recorded_at),
            Value::text(whose(event).unwrap_or(&fact.actor)),
            Value::word(&what),
            Value::text(&fact.kind),
            Value::maybe(case, Value::text),
            Value::maybe(task_of(event), Value::text),
            Value::Text(summary(event)),
        ]);
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        writes.upsert(&WORK_LOG, std::mem::take(&mut self.rows));
    }
    fn forget(&mut self) {
        self.rows.clear();
    }
}

/// That somebody is still there, or still at it, is no step.
fn work_of(event: &Event) -> Option<Work> {
    if matches!(event, Event::LeaseRenewed(_) | Event::TaskMarked(_) | Event::AgentReported(_) | Event::LetterRepeated(_)) {
        return None;
    }
    Some(match event {
        _ if task_of(event).is_some() => Work::Task,
        _ if action_of(event).is_some() => Work::Action,
        Event::InvestigationOpened(_) | Event::ContributionDelivered(_) | Event::ContributionMissed(_) | Event::ReportDelivered(_) => {
            Work::Investigation
        }
        Event::ModelCalled(_) => Work::ModelCall,
        Event::LetterSent(_) | Event::LetterAcknowledged(_) | Event::LetterDeadLettered(_) | Event::LetterEscalated(_) => Work::Letter,
        Event::SummaryReported(_) => Work::Report,
        Event::AgentAlarmRaised(_) | Event::AgentAlarmCleared(_) => Work::Agent,
        _ if millwright_domain::agent::agent_of(event).is_some() => Work::Agent,
        _ => return None,
    })
}

/// Where somebody else says it of whoever did it.
fn whose(event: &Event) -> Option<&ActorId> {
    match event {
        Event::ModelCalled(fact) => Some(&fact.agent),
        Event::ContributionMissed(fact) => Some(&fact.by),
        Event::AgentAlarmRaised(fact) => Some(&fact.breach.agent),
        Event::AgentAlarmCleared(fact) => Some(&fact.agent),
        Event::AgentFellSilent(fact) => Some(&fact.agent),
        _ => None,
    }
}

fn case_of(event: &Event) -> Option<CaseId> {
    match event {
        Event::TaskFiled(fact) => fact.spec.case,
        Event::LetterSent(fact) => fact.case,
        _ => None,
    }
}

/// Which steps are asked for.
#[derive(Debug, Clone, Default)]
pub struct WorkFilter {
    pub site: Option<SiteId>,
    pub agent: Option<ActorId>,
    pub what: Option<Work>,
    pub case: Option<CaseId>,
    pub task: Option<TaskId>,
    /// At or after this.
    pub since: Option<Timestamp>,
}

/// The latest first.
pub async fn page(db: &Db, filter: &WorkFilter, window: &Window) -> Result<Page<WorkRow>, NotRead> {
    let mut ask = Ask::new(format!("SELECT {} FROM work_log WHERE 1 = 1", WORK_LOG.all_columns()));
    if let Some(site) = &filter.site {
        ask.push(" AND site = ").push_bind(Value::text(site));
    }
    if let Some(agent) = &filter.agent {
        ask.push(" AND agent = ").push_bind(Value::text(agent));
    }
    if let Some(what) = &filter.what {
        ask.push(" AND what = ").push_bind(Value::word(what));
    }
    if let Some(case) = filter.case {
        ask.push(" AND case_id = ").push_bind(Value::text(case));
    }
    if let Some(task) = filter.task {
        ask.push(" AND task = ").push_bind(Value::text(task));
    }
    if let Some(since) = filter.since {
        ask.push(" AND at >= ").push_bind(Value::Time(since));
    }
    window.narrow(&mut ask, &["at", "site", "seq"]);
    let rows = ask.rows(db).await?.iter().map(read).collect::<Result<_, sqlx::Error>>()?;
    Ok(window.cut(rows, |row: &WorkRow| Cursor::new(row.at.micros(), &row.site).then(row.seq)))
}

fn read(row: &Row) -> Result<WorkRow, sqlx::Error> {
    let word = row.text("what")?;
    let what = Work::ALL.into_iter().find(|known| Value::word(known) == Value::text(&word));
    Ok(WorkRow {
        site: row.parsed("site")?,
        seq: row.count("seq")?,
        at: row.time("at")?,
        agent: row.parsed("agent")?,
        what: what.ok_or_else(|| sqlx::Error::Decode(format!("{word:?} is no kind of work").into()))?,
        kind: row.text("kind")?,
        case: row.maybe_text("case_id")?.map(|case| stored(&case)).transpose()?,
        task: row.maybe_text("task")?.map(|task| stored(&task)).transpose()?,
        summary: row.text("summary")?,
    })
}
