//! How does a site stand at one place of the ledger? Read from the tables in one statement, and reckoned from the site's own facts: both have to say the same.

use crate::{
    budget::BudgetRow,
    db::{Ask, Db, NotRead, Row, Value},
    open_cases::CaseRow,
};
use millwright_domain::{
    Timestamp,
    action::Action,
    budget::{Spent, Window},
    case::Case,
    ids::SiteId,
    policy::Ruling,
    position::PartitionId,
    site::Site,
    task::Stage,
};
use std::collections::BTreeMap;

/// The counts that the page shows of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub open_cases: u64,
    pub waiting_approvals: u64,
    /// Not over yet.
    pub open_tasks: u64,
    /// Of those: a result is there to be looked at.
    pub tasks_in_review: u64,
}

impl Counts {
    /// By the names that they have on the page.
    pub fn named(&self) -> [(&'static str, u64); 4] {
        let Self { open_cases, waiting_approvals, open_tasks, tasks_in_review } = *self;
        [("open_cases", open_cases), ("waiting_approvals", waiting_approvals), ("open_tasks", open_tasks), ("tasks_in_review", tasks_in_review)]
    }
}

/// How a site stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Standing {
    /// The seq behind the last fact of the site that is in it.
    pub next: u64,
    /// Each projection has come as far. While one is rebuilt that is not so, and nothing can be compared.
    pub level: bool,
    pub counts: Counts,
    /// Every figure by its name, as a text.
    pub figures: BTreeMap<String, String>,
    /// Streams that are followed no further, and why. They cannot be right.
    pub parked: BTreeMap<String, String>,
}

/// One statement is one look at the tables, whatever is written meanwhile.
const AT_ONE_PLACE: &str = "
    SELECT 'position' AS what, projection AS name, CAST(next_seq AS TEXT) AS value FROM positions WHERE partition = $1
    UNION ALL SELECT 'case', stage, CAST(doc AS TEXT) FROM cases WHERE site = $2 AND open = 1
    UNION ALL SELECT 'closed', '', CAST(COUNT(*) AS TEXT) FROM cases WHERE site = $2 AND open = 0
    UNION ALL SELECT 'approval', action, '' FROM pending_approvals WHERE site = $2
    UNION ALL SELECT 'actions', stage, CAST(COUNT(*) AS TEXT) FROM actions WHERE site = $2 GROUP BY stage
    UNION ALL SELECT 'tasks', stage, CAST(COUNT(*) AS TEXT) FROM tasks WHERE site = $2 GROUP BY stage
    UNION ALL SELECT 'budget', scope, CAST(doc AS TEXT) FROM budgets WHERE partition = $1
    UNION ALL SELECT 'parked', stream, reason FROM parked_streams WHERE partition = $1";

/// As the tables say. `at` (wall time) says which windows of budgets are meant.
pub async fn of_tables(db: &Db, site: &SiteId, at: Timestamp) -> Result<Standing, NotRead> {
    let partition = PartitionId::site(site);
    let rows = Ask::new(AT_ONE_PLACE).bind(Value::text(&partition)).bind(Value::text(site)).rows(db).await?;
    Ok(read(&rows, at)?)
}

fn read(rows: &[Row], at: Timestamp) -> Result<Standing, sqlx::Error> {
    let (mut standing, mut positions) = (Standing::default(), vec![]);
    let (mut cases, mut approvals, mut tasks) = (0, 0, BTreeMap::new());
    for row in rows {
        let (what, name, value) = (row.text("what")?, row.text("name")?, row.text("value")?);
        match what.as_str() {
            "position" => positions.push(value.parse().unwrap_or(0)),
            "case" => {
                let row: CaseRow = json(&value)?;
                standing.figure(format!("case {}", row.id), case_line(&row.case));
                standing.figure(format!("case {} in the list", row.id), name);
                cases += 1;
            }
            "closed" => standing.figure("cases closed".into(), value),
            "approval" => {
                standing.figure(format!("approval {name}"), "waits".into());
                approvals += 1;
            }
            "actions" => standing.figure(format!("actions {name}"), value),
            "tasks" => {
                tasks.insert(name.clone(), value.parse().unwrap_or(0));
                standing.figure(format!("tasks {name}"), value);
            }
            "budget" => {
                let row: BudgetRow = json(&value)?;
                standing.figure(format!("budget {name}"), spent_line(|window| row.spent(window, at)));
            }
            _ => {
                standing.parked.insert(name, value);
            }
        }
    }
    let of = |stage: &Stage| tasks.get(&word(stage)).copied().unwrap_or(0);
    standing.counted(cases, approvals, of);
    standing.next = positions.iter().copied().min().unwrap_or(0);
    standing.level = positions.iter().all(|next| *next == standing.next);
    Ok(standing)
}

/// As follows from its facts up to `next`.
pub fn of_site(site: &Site, next: u64, at: Timestamp) -> Standing {
    let mut standing = Standing { next, level: true, ..Standing::default() };
    let (mut open, mut closed, mut approvals) = (0, 0_u64, 0);
    let (mut actions, mut tasks) = (BTreeMap::<&str, u64>::new(), BTreeMap::<String, u64>::new());
    for (id, case) in &site.cases {
        match case {
            Case::Unopened => continue,
            Case::Closed(..) => closed += 1,
            Case::Open(file) => {
                standing.figure(format!("case {id}"), case_line(case));
                standing.figure(format!("case {id} in the list"), file.stage().into());
                open += 1;
            }
        }
        for action in case.file().into_iter().flat_map(|file| file.actions.values()) {
            *actions.entry(action.stage()).or_default() += 1;
            if matches!(action, Action::AwaitingApproval { proposal, .. } if proposal.ruling == Ruling::RequireApproval) {
                standing.figure(format!("approval {}", action.proposal().action), "waits".into());
                approvals += 1;
            }
        }
    }
    for task in site.crew.tasks.values() {
        *tasks.entry(word(&task.stage)).or_default() += 1;
    }
    standing.figure("cases closed".into(), closed.to_string());
    actions.into_iter().for_each(|(stage, many)| standing.figure(format!("actions {stage}"), many.to_string()));
    tasks.iter().for_each(|(stage, many)| standing.figure(format!("tasks {stage}"), many.to_string()));
    for (scope, account) in &site.budgets {
        standing.figure(format!("budget {scope}"), spent_line(|window| account.spent(window, at)));
    }
    standing.counted(open, approvals, |stage| tasks.get(&word(stage)).copied().unwrap_or(0));
    standing
}

impl Standing {
    fn figure(&mut self, name: String, value: String) {
        self.figures.insert(name, value);
    }

    fn counted(&mut self, open_cases: u64, waiting_approvals: u64, of: impl Fn(&Stage) -> u64) {
        let open_tasks = Stage::ALL.iter().filter(|stage| !stage.is_over()).map(&of).sum();
        self.counts = Counts { open_cases, waiting_approvals, open_tasks, tasks_in_review: of(&Stage::Review) };
        self.figure("cases open".into(), open_cases.to_string());
    }
}

fn case_line(case: &Case) -> String {
    let Some(file) = case.file() else { return "not opened".into() };
    let cause = file.cause().map_or_else(|| "no cause".into(), ToString::to_string);
    format!("{} on {}, {cause}, {} alerts, {} actions", file.stage(), file.asset, file.alerts, file.actions.len())
}

fn spent_line(spent: impl Fn(Window) -> Spent) -> String {
    let (hour, day) = (spent(Window::Hour), spent(Window::Day));
    format!("hour {} used {} held, day {} used {} held", hour.settled, hour.held, day.settled, day.held)
}

fn word(stage: &Stage) -> String {
    match Value::word(stage) {
        Value::Text(word) => word,
        _ => stage.to_string(),
    }
}

fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|cause| sqlx::Error::Decode(Box::new(cause)))
}
