//! What is a site's crew to do, who is at it, and what came of it?

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
    ids::{ActorId, CaseId, SiteId, TaskId},
    sealed::Sealed,
    task::{FailureClass, Stage, Task, task_of},
};
use serde::{Deserialize, Serialize};

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskRow {
    pub id: TaskId,
    pub site: SiteId,
    pub task: Task,
    /// Wall time.
    pub filed_at: Timestamp,
    /// Wall time.
    pub changed_at: Timestamp,
    /// Of the latest delivery, also after it was sent back; not trusted.
    pub result: Option<String>,
    pub tests: Vec<TestRow>,
    /// The last time that it failed.
    pub failure: Option<(FailureClass, String)>,
    /// What a person said when she last sent it back, blocked or reverted it.
    pub note: Option<Sealed>,
    pub accepted_by: Option<ActorId>,
    /// Why a rule queued it last.
    #[serde(default)]
    pub why: Option<String>,
}

/// A test of a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestRow {
    pub fence: u64,
    pub passed: bool,
    pub report: String,
    pub by: ActorId,
    /// Wall time.
    pub at: Timestamp,
}

/// Tests that are shown of one task.
const KEPT_TESTS: usize = 10;

impl TaskRow {
    /// Who holds it, or whose result it is.
    pub fn agent(&self) -> Option<&ActorId> {
        self.task.lease.as_ref().map(|lease| &lease.agent).or(self.task.delivery.as_ref().map(|delivery| &delivery.agent))
    }

    fn take(&mut self, event: &Event, at: Timestamp) {
        self.task.evolve(event);
        self.changed_at = at;
        match event {
            Event::TaskQueued(fact) if fact.why.is_some() => self.why.clone_from(&fact.why),
            Event::TaskDelivered(fact) => self.result = Some(fact.result.clone()),
            Event::ResultTested(fact) => {
                let test = TestRow { fence: fact.fence, passed: fact.passed, report: fact.report.clone(), by: fact.by.clone(), at };
                self.tests.push(test);
                if self.tests.len() > KEPT_TESTS {
                    self.tests.remove(0);
                }
            }
            Event::TaskFailed(fact) => self.failure = Some((fact.class, fact.reason.clone())),
            Event::TaskAccepted(fact) => self.accepted_by = Some(fact.by.clone()),
            Event::TaskSentBack(fact) => self.note.clone_from(&fact.note),
            Event::TaskBlocked(fact) => self.note.clone_from(&fact.note),
            Event::TaskReverted(fact) => self.note.clone_from(&fact.note),
            _ => {}
        }
    }
}

static TASKS: Table = Table {
    name: "tasks",
    columns: &[
        ("id", Kind::Text),
        ("site", Kind::Text),
        ("case_id", Kind::Text),
        ("title", Kind::Text),
        ("needs", Kind::Text),
        ("stage", Kind::Text),
        ("priority", Kind::Text),
        ("agent", Kind::Text),
        ("autonomous", Kind::Whole),
        ("estimated_tokens", Kind::Whole),
        ("deadline", Kind::Time),
        ("filed_at", Kind::Time),
        ("changed_at", Kind::Time),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[&["filed_at", "id"], &["site", "stage", "filed_at"], &["case_id"]],
};

impl Shelved for TaskRow {
    const TABLE: &'static Table = &TASKS;
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn columns(&self) -> Vec<Value> {
        let spec = &self.task.spec;
        vec![
            Value::text(&self.site),
            Value::maybe(spec.case, Value::text),
            Value::text(&spec.title),
            Value::text(&spec.needs),
            Value::word(&self.task.stage),
            Value::word(&spec.priority),
            Value::maybe(self.agent(), Value::text),
            Value::Whole(spec.autonomous.into()),
            Value::count(spec.estimated_tokens),
            Value::maybe(spec.deadline, Value::Time),
            Value::Time(self.filed_at),
            Value::Time(self.changed_at),
        ]
    }
}

#[derive(Default)]
pub(crate) struct Tasks {
    tasks: Shelf<TaskRow>,
}

#[async_trait]
impl Projection for Tasks {
    fn name(&self) -> &'static str {
        "tasks"
    }
    fn version(&self) -> u32 {
        2
    }
    fn changed(&self) -> &'static [&'static str] {
        &["tasks.doc"]
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&TASKS]
    }
    async fn recall(&mut self, facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let named = facts.iter().filter_map(|fact| task_of(fact.event().ok()?));
        self.tasks.recall(named.map(|task| task.to_string()), db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let Some(site) = fact.site.as_ref().filter(|_| fact.stream.as_str().starts_with("task/")) else { return Ok(()) };
        let (event, at) = (fact.event()?, fact.recorded_at);
        let Some(id) = task_of(event) else { return Ok(()) };
        if let Event::TaskFiled(filed) = event {
            let (site, task) = (site.clone(), Task::filed(filed));
            let (result, tests, failure, note) = (None, vec![], None, None);
            let row = TaskRow { id, site, task, filed_at: at, changed_at: at, result, tests, failure, note, accepted_by: None, why: None };
            self.tasks.put(row);
            return Ok(());
        }
        let row = self.tasks.edit(&id.to_string()).ok_or_else(|| Poison(format!("{} speaks of task {id}, which nobody filed", fact.kind)))?;
        row.take(event, at);
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.tasks.drain(writes);
    }
    fn forget(&mut self) {
        self.tasks.forget();
    }
}

/// Which tasks are asked for.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    pub site: Option<SiteId>,
    pub case: Option<CaseId>,
    pub stage: Option<Stage>,
    pub agent: Option<ActorId>,
}

pub async fn find(db: &Db, task: TaskId) -> Result<Option<TaskRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM tasks WHERE id = $1").bind(Value::text(task)).doc(db).await?)
}

/// What so many agents hold at the moment.
pub async fn held_by(db: &Db, agents: &[(SiteId, ActorId)]) -> Result<Vec<TaskRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM tasks WHERE stage = 'active' AND ");
    ask.push_named("agent", agents).push(" ORDER BY id");
    Ok(ask.docs(db).await?)
}

/// How many there are at each stage.
pub async fn counts(db: &Db, site: &SiteId) -> Result<Vec<(Stage, u64)>, NotRead> {
    let ask = Ask::new("SELECT stage, count(*) AS many FROM tasks WHERE site = $1 GROUP BY stage");
    let rows = ask.bind(Value::text(site)).rows(db).await?;
    let of = |stage: &str| Stage::ALL.into_iter().find(|known| Value::word(known) == Value::text(stage));
    let counted = rows.iter().map(|row| Ok((row.text("stage")?, row.count("many")?))).collect::<Result<Vec<(String, u64)>, sqlx::Error>>()?;
    Ok(counted.into_iter().filter_map(|(stage, many)| Some((of(&stage)?, many))).collect())
}

/// Last filed first.
pub async fn page(db: &Db, filter: &TaskFilter, window: &Window) -> Result<Page<TaskRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM tasks WHERE 1 = 1");
    if let Some(site) = &filter.site {
        ask.push(" AND site = ").push_bind(Value::text(site));
    }
    if let Some(case) = filter.case {
        ask.push(" AND case_id = ").push_bind(Value::text(case));
    }
    if let Some(stage) = &filter.stage {
        ask.push(" AND stage = ").push_bind(Value::word(stage));
    }
    if let Some(agent) = &filter.agent {
        ask.push(" AND agent = ").push_bind(Value::text(agent));
    }
    window.narrow(&mut ask, &["filed_at", "id"]);
    let rows = ask.docs(db).await?;
    Ok(window.cut(rows, |row: &TaskRow| Cursor::new(row.filed_at.micros(), row.id)))
}
