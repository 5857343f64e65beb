//! Which parts of the house fail, and what did each day come to? One row a failure, one a summary.

use crate::{
    db::{Ask, Db, NotRead, Row},
    fact::{Fact, Poison},
    projection::Projection,
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{Event, ids::SiteId, parts::SummaryReported};

static SUMMARIES: Table = Table {
    name: "summaries",
    columns: &[
        ("site", Kind::Text),
        ("kind", Kind::Text),
        ("ends_at", Kind::Time),
        ("alerts", Kind::Whole),
        ("cases_open", Kind::Whole),
        ("doc", Kind::Doc),
    ],
    key: 3,
    indexes: &[],
};

/// Each failure and each recovery has a row of its own.
static FAILURES: Table = Table {
    name: "part_failures",
    columns: &[("site", Kind::Text), ("part", Kind::Text), ("seq", Kind::Whole), ("works", Kind::Whole), ("at", Kind::Time), ("detail", Kind::Text)],
    key: 3,
    indexes: &[&["at"]],
};

#[derive(Default)]
pub(crate) struct HouseDays {
    summaries: Vec<Vec<Value>>,
    failures: Vec<Vec<Value>>,
}

#[async_trait]
impl Projection for HouseDays {
    fn name(&self) -> &'static str {
        "house_days"
    }
    fn version(&self) -> u32 {
        1
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&SUMMARIES, &FAILURES]
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let Some(site) = &fact.site else { return Ok(()) };
        let failure = |part: &str, works: i64, detail: &str| {
            let at = Value::Time(fact.recorded_at);
            vec![Value::text(site), Value::text(part), Value::count(fact.seq), Value::Whole(works), at, Value::text(detail)]
        };
        match fact.event()? {
            Event::SummaryReported(day) => self.summaries.push(vec![
                Value::text(site),
                Value::word(&day.kind),
                Value::Time(day.to),
                Value::Whole(day.figures.alerts.into()),
                Value::Whole(day.figures.cases_open.into()),
                Value::doc(day),
            ]),
            Event::PartFailed(failed) => self.failures.push(failure(&failed.part, 0, &failed.detail)),
            Event::PartRecovered(back) => self.failures.push(failure(&back.part, 1, "")),
            _ => {}
        }
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        writes.upsert(&SUMMARIES, std::mem::take(&mut self.summaries));
        writes.upsert(&FAILURES, std::mem::take(&mut self.failures));
    }
    fn forget(&mut self) {
        *self = Self::default();
    }
}

/// The latest first.
pub async fn summaries(db: &Db, site: &SiteId, most: usize) -> Result<Vec<SummaryReported>, NotRead> {
    let ask = Ask::new("SELECT doc FROM summaries WHERE site = $1 ORDER BY ends_at DESC, kind LIMIT $2");
    let rows = ask.bind(Value::text(site)).bind(Value::count(most as u64)).rows(db).await?;
    Ok(rows.iter().map(|row: &Row| row.doc("doc")).collect::<Result<_, sqlx::Error>>()?)
}
