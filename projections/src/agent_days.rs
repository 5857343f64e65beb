//! What did each agent use of each model, day by day? What calls cost, and how that goes.

use crate::{
    agents::Sums,
    db::{Ask, Conn, Db, NotRead},
    fact::{Fact, Poison},
    projection::Projection,
    shelf::{Shelf, Shelved},
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    agent::Figures,
    call::ModelCalled,
    ids::{ActorId, SiteId},
};
use serde::{Deserialize, Serialize};

/// One agent with one model on one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentDayRow {
    pub site: SiteId,
    pub agent: ActorId,
    /// Empty where nothing was answered, or nobody said which.
    pub model: String,
    /// When it began, wall time, UTC.
    pub day: Timestamp,
    pub sums: Sums,
}

const DAY_S: i64 = 86_400;

static AGENT_DAYS: Table = Table {
    name: "agent_days",
    columns: &[
        ("key", Kind::Text),
        ("site", Kind::Text),
        ("agent", Kind::Text),
        ("model", Kind::Text),
        ("day", Kind::Time),
        ("tokens", Kind::Whole),
        ("calls", Kind::Whole),
        ("errors", Kind::Whole),
        ("inference_ms", Kind::Whole),
        ("cost_nano_dollars", Kind::Whole),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[&["site", "day"]],
};

impl Shelved for AgentDayRow {
    const TABLE: &'static Table = &AGENT_DAYS;
    fn key(&self) -> String {
        day_key(&self.site, &self.agent, self.day, &self.model)
    }
    fn columns(&self) -> Vec<Value> {
        let mut columns = vec![Value::text(&self.site), Value::text(&self.agent), Value::text(&self.model), Value::Time(self.day)];
        columns.extend(self.sums.columns());
        columns
    }
}

fn day_key(site: &SiteId, agent: &ActorId, day: Timestamp, model: &str) -> String {
    format!("{site}/{agent}/{}/{model}", day.micros())
}

/// A call as an agent would report it.
pub(crate) fn figures_of(call: &ModelCalled) -> Figures {
    Figures {
        tokens: call.usage.unwrap_or_default(),
        calls: 1,
        errors: u64::from(call.failed.is_some()),
        inference_ms: call.took_ms,
        cost_nano_dollars: u64::try_from(call.cost.0).unwrap_or_default(),
        model: Some(call.model.clone()).filter(|model| !model.is_empty()),
        ..Figures::default()
    }
}

/// Of whom and when a fact tells figures, if it does. Programs outside report theirs; parts of Millwright have each call on the ledger.
fn said(fact: &Fact) -> Option<(ActorId, Timestamp, Figures)> {
    match fact.event() {
        Ok(Event::ModelCalled(call)) => Some((call.agent.clone(), fact.recorded_at, figures_of(call))),
        Ok(Event::AgentReported(report)) if !report.agent.is_part() => Some((report.agent.clone(), report.at, report.figures.clone())),
        _ => None,
    }
}

fn is_of_days(fact: &Fact) -> bool {
    matches!(fact.kind.as_str(), "ModelCalled" | "AgentReported")
}

fn row_of(site: &SiteId, (agent, at, figures): (ActorId, Timestamp, Figures)) -> (AgentDayRow, Figures) {
    let (day, model) = (at.floor_to(DAY_S), figures.model.clone().unwrap_or_default());
    (AgentDayRow { site: site.clone(), agent, model, day, sums: Sums::default() }, figures)
}

#[derive(Default)]
pub(crate) struct AgentDays {
    days: Shelf<AgentDayRow>,
}

#[async_trait]
impl Projection for AgentDays {
    fn name(&self) -> &'static str {
        "agent_days"
    }
    fn version(&self) -> u32 {
        1
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&AGENT_DAYS]
    }
    async fn recall(&mut self, facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let named = facts.iter().filter(|fact| is_of_days(fact)).filter_map(|fact| Some(row_of(fact.site.as_ref()?, said(fact)?).0.key()));
        self.days.recall(named.collect::<Vec<_>>(), db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let Some(site) = fact.site.as_ref().filter(|_| is_of_days(fact)) else { return Ok(()) };
        fact.event()?;
        let Some((fresh, figures)) = said(fact).map(|said| row_of(site, said)) else { return Ok(()) };
        let mut row = self.days.get(&fresh.key()).cloned().unwrap_or(fresh);
        row.sums.add(&figures);
        if row.sums != Sums::default() {
            self.days.put(row);
        }
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.days.drain(writes);
    }
    fn forget(&mut self) {
        self.days.forget();
    }
}

/// Since that day, the earliest first.
pub async fn since(db: &Db, site: &SiteId, day: Timestamp) -> Result<Vec<AgentDayRow>, NotRead> {
    let sql = "SELECT doc FROM agent_days WHERE site = $1 AND day >= $2 ORDER BY day, key";
    Ok(Ask::new(sql).bind(Value::text(site)).bind(Value::Time(day.floor_to(DAY_S))).docs(db).await?)
}
