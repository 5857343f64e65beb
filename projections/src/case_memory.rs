//! What did past cases look like? One signature a case, to be loaded into memory in the order of the log.

use crate::{
    db::{Ask, Db, NotRead, Row},
    fact::{Fact, Poison},
    projection::Projection,
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use millwright_domain::{
    Event, Timestamp,
    ids::{CaseId, SiteId},
    memory::Signature,
};

static MEMORY: Table = Table {
    name: "case_memory",
    columns: &[
        ("case_id", Kind::Text),
        ("site", Kind::Text),
        ("seq", Kind::Whole),
        ("asset", Kind::Text),
        ("onset", Kind::Time),
        ("horizon_s", Kind::Whole),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[&["site", "seq"]],
};

/// A case as it is remembered.
#[derive(Debug, Clone, PartialEq)]
pub struct RememberedRow {
    pub case: CaseId,
    pub seq: u64,
    /// Plant time.
    pub onset: Timestamp,
    pub horizon_s: u64,
    pub signature: Signature,
}

#[derive(Default)]
pub(crate) struct CaseMemory {
    rows: Vec<Vec<Value>>,
}

#[async_trait]
impl Projection for CaseMemory {
    fn name(&self) -> &'static str {
        "case_memory"
    }
    fn version(&self) -> u32 {
        1
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&MEMORY]
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let (Some(case), Some(site)) = (fact.case, &fact.site) else { return Ok(()) };
        if let Event::CaseRemembered(remembered) = fact.event()? {
            self.rows.push(vec![
                Value::text(case),
                Value::text(site),
                Value::count(fact.seq),
                Value::text(&remembered.asset),
                Value::Time(remembered.onset),
                Value::count(remembered.horizon_s.into()),
                Value::doc(&remembered.signature),
            ]);
        }
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        writes.upsert(&MEMORY, std::mem::take(&mut self.rows));
    }
    fn forget(&mut self) {
        self.rows.clear();
    }
}

/// Of a site, from a seq on, in the order of the log.
pub async fn from(db: &Db, site: &SiteId, seq: u64, limit: usize) -> Result<Vec<RememberedRow>, NotRead> {
    let ask = Ask::new("SELECT case_id, seq, onset, horizon_s, doc FROM case_memory WHERE site = $1 AND seq >= $2 ORDER BY seq LIMIT $3");
    let ask = ask.bind(Value::text(site)).bind(Value::count(seq)).bind(Value::count(limit as u64));
    Ok(ask.rows(db).await?.iter().map(read).collect::<Result<_, sqlx::Error>>()?)
}

pub async fn find(db: &Db, case: CaseId) -> Result<Option<RememberedRow>, NotRead> {
    let ask = Ask::new("SELECT case_id, seq, onset, horizon_s, doc FROM case_memory WHERE case_id = $1").bind(Value::text(case));
    Ok(ask.row(db).await?.as_ref().map(read).transpose()?)
}

fn read(row: &Row) -> Result<RememberedRow, sqlx::Error> {
    Ok(RememberedRow {
        case: row.parsed("case_id")?,
        seq: row.count("seq")?,
        onset: row.time("onset")?,
        horizon_s: row.count("horizon_s")?,
        signature: row.doc("doc")?,
    })
}
