//! What did the crew find out about a case? One row a case: who was asked, what each said, and the report.

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
    ids::{ActorId, CaseId, SiteId},
    investigation::{ContributionDelivered, ReportDelivered},
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvestigationRow {
    pub case: CaseId,
    pub site: SiteId,
    /// Wall times.
    pub opened_at: Timestamp,
    pub due_at: Timestamp,
    /// In the order in which they were asked.
    pub parts: Vec<PartRow>,
    pub report: Option<(ReportDelivered, Timestamp)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartRow {
    pub agent: ActorId,
    /// When it answered; `None`: it is awaited.
    pub at: Option<Timestamp>,
    pub said: Option<ContributionDelivered>,
    /// Why it said nothing.
    pub missed: Option<String>,
}

static INVESTIGATIONS: Table = Table {
    name: "investigations",
    columns: &[("case_id", Kind::Text), ("site", Kind::Text), ("opened_at", Kind::Time), ("reported_at", Kind::Time), ("doc", Kind::Doc)],
    key: 1,
    indexes: &[&["opened_at"]],
};

impl Shelved for InvestigationRow {
    const TABLE: &'static Table = &INVESTIGATIONS;
    fn key(&self) -> String {
        self.case.to_string()
    }
    fn columns(&self) -> Vec<Value> {
        let reported = self.report.as_ref().map_or(Value::Null, |(_, at)| Value::Time(*at));
        vec![Value::text(&self.site), Value::Time(self.opened_at), reported]
    }
}

impl InvestigationRow {
    fn answer(&mut self, agent: &ActorId, at: Timestamp, said: Option<&ContributionDelivered>, missed: Option<&str>) {
        if let Some(part) = self.parts.iter_mut().find(|part| part.agent == *agent) {
            (part.at, part.said, part.missed) = (Some(at), said.cloned(), missed.map(Into::into));
        }
    }
}

#[derive(Default)]
pub(crate) struct Investigations {
    rows: Shelf<InvestigationRow>,
}

#[async_trait]
impl Projection for Investigations {
    fn name(&self) -> &'static str {
        "investigations"
    }
    fn version(&self) -> u32 {
        1
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&INVESTIGATIONS]
    }
    async fn recall(&mut self, facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let about = facts.iter().filter(|fact| fact.event().is_ok_and(is_of_one)).filter_map(|fact| fact.case);
        self.rows.recall(about.map(|case| case.to_string()), db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let (Some(case), Some(site)) = (fact.case, &fact.site) else { return Ok(()) };
        let (key, at) = (case.to_string(), fact.recorded_at);
        let event = fact.event()?;
        if let Event::InvestigationOpened(opened) = event {
            let part = |agent: &ActorId| PartRow { agent: agent.clone(), at: None, said: None, missed: None };
            let parts = opened.asked.iter().map(part).collect();
            self.rows.put(InvestigationRow { case, site: site.clone(), opened_at: at, due_at: opened.due_at, parts, report: None });
        }
        if !is_of_one(event) {
            return Ok(());
        }
        let row = self.rows.edit(&key).ok_or_else(|| Poison(format!("nobody was asked about case {key}")))?;
        match event {
            Event::ContributionDelivered(said) => row.answer(&said.by, at, Some(said), None),
            Event::ContributionMissed(missed) => row.answer(&missed.by, at, None, Some(&missed.why)),
            Event::ReportDelivered(report) => row.report = Some((report.clone(), at)),
            _ => {}
        }
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.rows.drain(writes);
    }
    fn forget(&mut self) {
        self.rows.forget();
    }
}

fn is_of_one(event: &Event) -> bool {
    matches!(event, Event::InvestigationOpened(_) | Event::ContributionDelivered(_) | Event::ContributionMissed(_) | Event::ReportDelivered(_))
}

pub async fn of_case(db: &Db, case: CaseId) -> Result<Option<InvestigationRow>, NotRead> {
    Ok(of_cases(db, &[case]).await?.pop())
}

/// Of those cases that the crew was asked about, in no order.
pub async fn of_cases(db: &Db, cases: &[CaseId]) -> Result<Vec<InvestigationRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM investigations WHERE case_id IN ");
    ask.push_list(cases.iter().map(Value::text));
    Ok(ask.docs(db).await?)
}
