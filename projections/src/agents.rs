//! Who is on a site's crew, how is each of them, and what did it come to?

mod moment;

use crate::{
    agent_days::figures_of,
    db::{Ask, Conn, Db, NotRead},
    fact::{Fact, Poison},
    projection::Projection,
    shelf::{Shelf, Shelved},
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    agent::{Agent, AgentStatus, Figures, agent_of},
    agent_alarm::Breach,
    ids::{ActorId, CaseId, SiteId, TaskId},
    task::task_of,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub use crate::agent_sums::Sums;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentRow {
    pub site: SiteId,
    pub name: ActorId,
    pub agent: Agent,
    /// Of all that it ever reported.
    pub sums: Sums,
    /// As last reported.
    pub cpu_percent: Option<f64>,
    pub memory_bytes: Option<u64>,
    pub model_in_use: Option<String>,
    /// Wall time.
    pub joined_at: Timestamp,
    pub changed_at: Timestamp,
    pub work: Work,
    /// Cases that it looks into now.
    #[serde(default)]
    pub on_cases: BTreeSet<CaseId>,
    /// Its figures that are past a rule's limit, and since when (wall time).
    #[serde(default)]
    pub alarms: Vec<(Breach, Timestamp)>,
}

impl AgentRow {
    /// Looking into a case is work, too.
    pub fn status(&self) -> AgentStatus {
        match self.agent.status() {
            AgentStatus::Idle if !self.on_cases.is_empty() => AgentStatus::Active,
            status => status,
        }
    }
}

/// What became of the tasks that it took.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Work {
    pub claimed: u64,
    pub delivered: u64,
    pub accepted: u64,
    pub sent_back: u64,
    pub failed: u64,
    pub leases_lost: u64,
    /// Delivered, and nobody has said what it is worth.
    in_review: BTreeSet<TaskId>,
}

impl Work {
    /// Of its results that were judged, those that were what was wanted: 0 to 1.
    pub fn accuracy(&self) -> Option<f64> {
        let judged = self.accepted + self.sent_back;
        (judged > 0).then(|| self.accepted as f64 / judged as f64)
    }
}

/// What an agent reported in one hour, for cost over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentHourRow {
    pub site: SiteId,
    pub name: ActorId,
    /// When it began, wall time.
    pub hour: Timestamp,
    pub sums: Sums,
}

const HOUR_S: i64 = 3_600;

static AGENTS: Table = Table {
    name: "agents",
    columns: &[
        ("key", Kind::Text),
        ("site", Kind::Text),
        ("agent", Kind::Text),
        ("role", Kind::Text),
        ("status", Kind::Text),
        ("model", Kind::Text),
        ("tokens", Kind::Whole),
        ("calls", Kind::Whole),
        ("errors", Kind::Whole),
        ("inference_ms", Kind::Whole),
        ("cost_nano_dollars", Kind::Whole),
        ("cpu_percent", Kind::Real),
        ("memory_bytes", Kind::Whole),
        ("heard_at", Kind::Time),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[],
};

static AGENT_HOURS: Table = Table {
    name: "agent_hours",
    columns: &[
        ("key", Kind::Text),
        ("site", Kind::Text),
        ("agent", Kind::Text),
        ("hour", Kind::Time),
        ("tokens", Kind::Whole),
        ("calls", Kind::Whole),
        ("errors", Kind::Whole),
        ("inference_ms", Kind::Whole),
        ("cost_nano_dollars", Kind::Whole),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[&["site", "hour"]],
};

impl Shelved for AgentRow {
    const TABLE: &'static Table = &AGENTS;
    fn key(&self) -> String {
        key(&self.site, &self.name)
    }
    fn columns(&self) -> Vec<Value> {
        let mut columns = vec![
            Value::text(&self.site),
            Value::text(&self.name),
            Value::text(&self.agent.role),
            Value::word(&self.status()),
            Value::maybe(self.model_in_use.as_ref(), Value::text),
        ];
        columns.extend(self.sums.columns());
        columns.extend([
            Value::maybe(self.cpu_percent, Value::Real),
            Value::maybe(self.memory_bytes, Value::count),
            Value::Time(self.agent.heard_at),
        ]);
        columns
    }
}

impl Shelved for AgentHourRow {
    const TABLE: &'static Table = &AGENT_HOURS;
    fn key(&self) -> String {
        hour_key(&self.site, &self.name, self.hour)
    }
    fn columns(&self) -> Vec<Value> {
        let mut columns = vec![Value::text(&self.site), Value::text(&self.name), Value::Time(self.hour)];
        columns.extend(self.sums.columns());
        columns
    }
}

fn key(site: &SiteId, agent: &ActorId) -> String {
    format!("{site}/{agent}")
}
fn hour_key(site: &SiteId, agent: &ActorId, hour: Timestamp) -> String {
    format!("{site}/{agent}/{}", hour.micros())
}

#[derive(Default)]
pub(crate) struct Agents {
    agents: Shelf<AgentRow>,
    hours: Shelf<AgentHourRow>,
}

#[async_trait]
impl Projection for Agents {
    fn name(&self) -> &'static str {
        "agents"
    }
    fn version(&self) -> u32 {
        2
    }
    fn changed(&self) -> &'static [&'static str] {
        &[
            "agents.status",
            "agents.model",
            "agents.doc",
            "agents.tokens",
            "agents.calls",
            "agents.errors",
            "agents.inference_ms",
            "agents.cost_nano_dollars",
            "agent_hours.tokens",
            "agent_hours.calls",
            "agent_hours.errors",
            "agent_hours.inference_ms",
            "agent_hours.cost_nano_dollars",
            "agent_hours.doc",
        ]
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&AGENTS, &AGENT_HOURS]
    }
    async fn recall(&mut self, facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        self.agents.recall_all(db).await?;
        let reported = facts.iter().filter_map(|fact| match fact.event() {
            Ok(Event::AgentReported(reported)) => Some(hour_key(fact.site.as_ref()?, &reported.agent, reported.at.floor_to(HOUR_S))),
            Ok(Event::ModelCalled(call)) => Some(hour_key(fact.site.as_ref()?, &call.agent, fact.recorded_at.floor_to(HOUR_S))),
            _ => None,
        });
        self.hours.recall(reported.collect::<Vec<_>>(), db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let stream = fact.stream.as_str();
        let Some(site) = &fact.site else { return Ok(()) };
        if fact.kind == "ModelCalled" {
            self.fold_call(site, fact.event()?, fact.recorded_at);
            return Ok(());
        }
        if let Some(case) = fact.case.filter(|_| moment::ON_CASES.contains(&fact.kind.as_str())) {
            self.fold_case(site, case, fact.event()?);
            return Ok(());
        }
        if stream.starts_with("agent/") {
            return self.fold_agent(site, fact);
        }
        if stream.starts_with("task/") {
            self.fold_task(site, fact.event()?, fact);
        }
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.agents.drain(writes);
        self.hours.drain(writes);
    }
    fn forget(&mut self) {
        self.agents.forget();
        self.hours.forget();
    }
}

impl Agents {
    fn fold_agent(&mut self, site: &SiteId, fact: &Fact) -> Result<(), Poison> {
        let (event, at) = (fact.event()?, fact.recorded_at);
        self.fold_alarm(site, event);
        let Some(name) = agent_of(event) else { return Ok(()) };
        let key = key(site, name);
        if let Event::AgentJoined(joined) = event {
            self.join(&key, site, joined, at);
            return Ok(());
        }
        let row = self.agents.edit(&key).ok_or_else(|| Poison(format!("{} speaks of {name}, which never joined", fact.kind)))?;
        row.agent.evolve(event);
        row.changed_at = at;
        if let Event::AgentReported(reported) = event {
            row.sums.add(&reported.figures);
            row.cpu_percent = reported.figures.cpu_percent;
            row.memory_bytes = reported.figures.memory_bytes;
            if reported.figures.model.is_some() {
                row.model_in_use.clone_from(&reported.figures.model);
            }
            self.add_to_hour(site, name, reported.at, &reported.figures);
        }
        Ok(())
    }

    fn add_to_hour(&mut self, site: &SiteId, name: &ActorId, at: Timestamp, figures: &Figures) {
        let hour = at.floor_to(HOUR_S);
        let known = self.hours.get(&hour_key(site, name, hour)).cloned();
        let mut row = known.unwrap_or_else(|| AgentHourRow { site: site.clone(), name: name.clone(), hour, sums: Sums::default() });
        row.sums.add(figures);
        self.hours.put(row);
    }

    /// What a part of Millwright uses of models is on the ledger call by call; it does not report it again.
    fn fold_call(&mut self, site: &SiteId, event: &Event, at: Timestamp) {
        let Event::ModelCalled(call) = event else { return };
        let Some(row) = self.agents.edit(&key(site, &call.agent)) else { return };
        let figures = figures_of(call);
        row.sums.add(&figures);
        row.agent.heard(at);
        row.changed_at = at;
        if figures.model.is_some() {
            row.model_in_use.clone_from(&figures.model);
        }
        self.add_to_hour(site, &call.agent, at, &figures);
    }

    fn join(&mut self, key: &str, site: &SiteId, joined: &millwright_domain::agent::AgentJoined, at: Timestamp) {
        let known = self.agents.get(key).cloned();
        let agent = Agent::joined(known.as_ref().map(|row| row.agent.clone()), joined);
        let row = known.unwrap_or_else(|| AgentRow {
            site: site.clone(),
            name: joined.agent.clone(),
            agent: agent.clone(),
            sums: Sums::default(),
            cpu_percent: None,
            memory_bytes: None,
            model_in_use: None,
            joined_at: at,
            changed_at: at,
            work: Work::default(),
            on_cases: BTreeSet::new(),
            alarms: vec![],
        });
        self.agents.put(AgentRow { agent, changed_at: at, on_cases: BTreeSet::new(), ..row });
    }

    /// What happens to a task is told of whoever holds it, or delivered it.
    fn fold_task(&mut self, site: &SiteId, event: &Event, fact: &Fact) {
        let Some(task) = task_of(event) else { return };
        let at = fact.recorded_at;
        if let Event::TaskClaimed(claimed) = event {
            if let Some(row) = self.agents.edit(&key(site, &claimed.agent)) {
                row.agent.holds.insert(task);
                row.agent.heard(claimed.at);
                row.work.claimed += 1;
                row.changed_at = at;
            }
            return;
        }
        let of_task = |row: &&AgentRow| row.site == *site && (row.agent.holds.contains(&task) || row.work.in_review.contains(&task));
        let Some(key) = self.agents.iter().find(of_task).map(Shelved::key) else { return };
        let Some(row) = self.agents.edit(&key) else { return };
        row.changed_at = at;
        let Work { delivered, accepted, sent_back, failed, leases_lost, in_review, .. } = &mut row.work;
        match event {
            Event::LeaseRenewed(renewed) => return row.agent.heard(renewed.at),
            Event::ResultTested(_) | Event::TaskMarked(_) => return,
            Event::TaskDelivered(_) => {
                *delivered += 1;
                in_review.insert(task);
                row.agent.holds.remove(&task);
                return;
            }
            Event::LeaseLost(_) => *leases_lost += 1,
            Event::TaskFailed(_) => *failed += 1,
            Event::TaskAccepted(_) => *accepted += 1,
            Event::TaskSentBack(_) => *sent_back += 1,
            _ => {}
        }
        in_review.remove(&task);
        row.agent.holds.remove(&task);
    }
}

/// The crew, by name.
pub async fn all(db: &Db, site: Option<&SiteId>) -> Result<Vec<AgentRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM agents WHERE 1 = 1");
    if let Some(site) = site {
        ask.push(" AND site = ").push_bind(Value::text(site));
    }
    ask.push(" ORDER BY key");
    Ok(ask.docs(db).await?)
}

pub async fn find(db: &Db, site: &SiteId, agent: &ActorId) -> Result<Option<AgentRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM agents WHERE key = $1").bind(Value::text(key(site, agent))).doc(db).await?)
}

/// What was reported hour by hour since then, the latest first: so many hours of each agent.
pub async fn hours(db: &Db, agents: &[(SiteId, ActorId)], since: Timestamp, most: usize) -> Result<Vec<AgentHourRow>, NotRead> {
    let ranked = "ROW_NUMBER() OVER (PARTITION BY site, agent ORDER BY hour DESC) AS place";
    let mut ask = Ask::new(format!("SELECT doc FROM (SELECT doc, hour, {ranked} FROM agent_hours WHERE hour >= "));
    ask.push_bind(Value::Time(since)).push(" AND ").push_named("agent", agents);
    ask.push(&format!(") AS ranked WHERE place <= {most} ORDER BY hour DESC"));
    Ok(ask.docs(db).await?)
}
