//! What did inspections find? One row each, and one a day that was reported.

use crate::{
    db::{Ask, Db, NotRead, Row},
    fact::{Fact, Poison},
    projection::Projection,
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{
    Event,
    ids::SiteId,
    inspection::{InspectionMade, InspectionsReported, PageLook},
};

static INSPECTIONS: Table = Table {
    name: "inspections",
    columns: &[
        ("site", Kind::Text),
        ("slot", Kind::Time),
        ("compared", Kind::Whole),
        ("findings", Kind::Whole),
        ("picture", Kind::Text),
        ("doc", Kind::Doc),
    ],
    key: 2,
    indexes: &[&["site", "picture"]],
};

static DAYS: Table = Table {
    name: "inspection_days",
    columns: &[("site", Kind::Text), ("ends_at", Kind::Time), ("made", Kind::Whole), ("with_findings", Kind::Whole), ("doc", Kind::Doc)],
    key: 2,
    indexes: &[],
};

#[derive(Default)]
pub(crate) struct Inspections {
    made: Vec<Vec<Value>>,
    days: Vec<Vec<Value>>,
}

#[async_trait]
impl Projection for Inspections {
    fn name(&self) -> &'static str {
        "inspections"
    }
    fn version(&self) -> u32 {
        1
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&INSPECTIONS, &DAYS]
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let Some(site) = &fact.site else { return Ok(()) };
        match fact.event()? {
            Event::InspectionMade(made) => {
                let picture = match &made.page {
                    PageLook::Seen { picture, .. } => Value::text(picture),
                    PageLook::NotSeen { .. } => Value::Null,
                };
                let findings = Value::count(made.findings.len() as u64 + u64::from(made.more));
                let compared = Value::Whole(made.compared.into());
                self.made.push(vec![Value::text(site), Value::Time(made.slot), compared, findings, picture, Value::doc(made)]);
            }
            Event::InspectionsReported(day) => {
                let [many, found] = [day.tally.made, day.tally.with_findings].map(|count| Value::Whole(count.into()));
                self.days.push(vec![Value::text(site), Value::Time(day.to), many, found, Value::doc(day)]);
            }
            _ => {}
        }
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        writes.upsert(&INSPECTIONS, std::mem::take(&mut self.made));
        writes.upsert(&DAYS, std::mem::take(&mut self.days));
    }
    fn forget(&mut self) {
        *self = Self::default();
    }
}

/// The latest first.
pub async fn latest(db: &Db, site: &SiteId, most: usize) -> Result<Vec<InspectionMade>, NotRead> {
    let ask = Ask::new("SELECT doc FROM inspections WHERE site = $1 ORDER BY slot DESC LIMIT $2");
    Ok(ask.bind(Value::text(site)).bind(Value::count(most as u64)).docs(db).await?)
}

/// The latest day first.
pub async fn days(db: &Db, site: &SiteId, most: usize) -> Result<Vec<InspectionsReported>, NotRead> {
    let ask = Ask::new("SELECT doc FROM inspection_days WHERE site = $1 ORDER BY ends_at DESC LIMIT $2");
    Ok(ask.bind(Value::text(site)).bind(Value::count(most as u64)).docs(db).await?)
}

/// The sites of which this is a picture.
pub async fn pictured(db: &Db, picture: &str) -> Result<Vec<SiteId>, NotRead> {
    let rows = Ask::new("SELECT DISTINCT site FROM inspections WHERE picture = $1").bind(Value::text(picture)).rows(db).await?;
    Ok(rows.iter().map(|row: &Row| row.parsed("site")).collect::<Result<_, sqlx::Error>>()?)
}
