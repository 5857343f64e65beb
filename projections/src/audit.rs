//! Who did what, when and why? Every fact on the ledger, readable or not, with its place in the hash chain.

use crate::{
    db::{Ask, Conn, Db, NotRead, Row},
    fact::{Fact, Poison},
    page::{Cursor, Page, Window},
    projection::Projection,
    shelf::{Shelf, Shelved},
    summary::summary,
    table::{Kind, Table, Value, Writes},
};
use async_trait::async_trait;
use chrono::TimeDelta;
use millwright_domain::{Timestamp, ids::EventId, position::PartitionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub(crate) const NAME: &str = "audit";
/// Between deciding and recording; a clock that was set back makes it long.
const SLACK: TimeDelta = TimeDelta::hours(24);

static AUDIT: Table = Table {
    name: "audit",
    columns: &[
        ("partition", Kind::Text),
        ("seq", Kind::Whole),
        ("recorded_at", Kind::Time),
        ("occurred_at", Kind::Time),
        ("id", Kind::Text),
        ("stream", Kind::Text),
        ("version", Kind::Whole),
        ("kind", Kind::Text),
        ("schema", Kind::Whole),
        ("actor", Kind::Text),
        ("command", Kind::Text),
        ("causation", Kind::Text),
        ("correlation", Kind::Text),
        ("hash", Kind::Text),
        ("summary", Kind::Text),
    ],
    key: 2,
    indexes: &[&["recorded_at"], &["stream"]],
};

/// One fact as an auditor sees it. Its data stays on the log, where the hash vouches for it.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    pub partition: PartitionId,
    pub seq: u64,
    pub recorded_at: Timestamp,
    pub occurred_at: Timestamp,
    pub id: String,
    pub stream: String,
    pub version: u64,
    pub kind: String,
    pub schema: u16,
    pub actor: String,
    pub command: Option<String>,
    pub causation: Option<String>,
    pub correlation: String,
    pub hash: String,
    pub summary: String,
}

static COUNTS: Table = Table {
    name: "audit_counts",
    columns: &[("partition", Kind::Text), ("facts", Kind::Whole), ("unknown", Kind::Whole), ("unreadable", Kind::Whole), ("doc", Kind::Doc)],
    key: 1,
    indexes: &[],
};

/// How many facts a partition holds, and how many of them this program does not know or cannot read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    partition: String,
    pub facts: u64,
    pub unknown: u64,
    pub unreadable: u64,
}

impl Shelved for Counts {
    const TABLE: &'static Table = &COUNTS;
    fn key(&self) -> String {
        self.partition.clone()
    }
    fn columns(&self) -> Vec<Value> {
        vec![Value::count(self.facts), Value::count(self.unknown), Value::count(self.unreadable)]
    }
}

#[derive(Default)]
pub(crate) struct Audit {
    rows: Vec<Vec<Value>>,
    counts: Shelf<Counts>,
}

#[async_trait]
impl Projection for Audit {
    fn name(&self) -> &'static str {
        NAME
    }
    fn version(&self) -> u32 {
        1
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&AUDIT, &COUNTS]
    }
    async fn recall(&mut self, facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let partitions: BTreeSet<String> = facts.iter().map(|fact| fact.partition.to_string()).collect();
        self.counts.recall(partitions, db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let partition = fact.partition.to_string();
        let mut counts = self.counts.get(&partition).cloned().unwrap_or_else(|| Counts { partition, ..Counts::default() });
        counts.facts += 1;
        counts.unknown += u64::from(!fact.is_known());
        counts.unreadable += u64::from(!fact.is_readable());
        self.counts.put(counts);
        self.rows.push(row(fact));
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        writes.upsert(&AUDIT, std::mem::take(&mut self.rows));
        self.counts.drain(writes);
    }
    fn forget(&mut self) {
        *self = Self::default();
    }
}

fn row(fact: &Fact) -> Vec<Value> {
    let said = match fact.event() {
        Ok(event) => summary(event),
        Err(Poison(why)) => why,
    };
    vec![
        Value::text(&fact.partition),
        Value::count(fact.seq),
        Value::Time(fact.recorded_at),
        Value::Time(fact.occurred_at),
        Value::text(fact.id),
        Value::text(&fact.stream),
        Value::count(fact.version),
        Value::text(&fact.kind),
        Value::Whole(fact.schema.into()),
        Value::text(&fact.actor),
        Value::maybe(fact.command, Value::text),
        Value::maybe(fact.causation, Value::text),
        Value::text(fact.correlation),
        Value::text(fact.hash),
        Value::Text(said),
    ]
}

/// Which facts are asked for.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub partition: Option<String>,
    pub stream: Option<String>,
    pub kind: Option<String>,
    pub actor: Option<String>,
    /// Recorded at this or later.
    pub from: Option<Timestamp>,
    /// Recorded before this.
    pub to: Option<Timestamp>,
    /// Recorded at or before this: the moment that a past ends with.
    pub until: Option<Timestamp>,
}

/// Last recorded first.
pub async fn page(db: &Db, filter: &AuditFilter, window: &Window) -> Result<Page<AuditRow>, NotRead> {
    let mut ask = Ask::new(format!("SELECT {} FROM audit WHERE 1 = 1", AUDIT.all_columns()));
    // Walking back in time meets a partition's facts soon; gathering and sorting all of them would not: hence no index for it.
    let asked = [("partition || ''", &filter.partition), ("stream", &filter.stream), ("kind", &filter.kind), ("actor", &filter.actor)];
    for (column, wanted) in asked {
        if let Some(wanted) = wanted {
            ask.push(&format!(" AND {column} = ")).push_bind(Value::text(wanted));
        }
    }
    for (than, bound) in [(">=", filter.from), ("<", filter.to), ("<=", filter.until)] {
        if let Some(bound) = bound {
            ask.push(&format!(" AND recorded_at {than} ")).push_bind(Value::Time(bound));
        }
    }
    // Facts of one commit share their time; their place tells them apart. The index on the time ends in the key, which is the place.
    window.narrow(&mut ask, &["recorded_at", "partition", "seq"]);
    let rows = ask.rows(db).await?.iter().map(read).collect::<Result<_, sqlx::Error>>()?;
    Ok(window.cut(rows, |row: &AuditRow| Cursor::new(row.recorded_at.micros(), &row.partition).then(row.seq)))
}

/// The fact with this id. The id holds the time that it was decided at, which leads to it by the index on the time.
pub async fn by_id(db: &Db, id: EventId) -> Result<Option<AuditRow>, NotRead> {
    let mut ask = Ask::new(format!("SELECT {} FROM audit WHERE id = ", AUDIT.all_columns()));
    ask.push_bind(Value::text(id));
    if let Some(decided) = id.0.get_timestamp() {
        let (seconds, nanos) = decided.to_unix();
        let decided =
            Timestamp::from_micros(i64::try_from(seconds).unwrap_or(i64::MAX / 1_000_000).saturating_mul(1_000_000) + i64::from(nanos) / 1_000);
        ask.push(" AND recorded_at >= ").push_bind(Value::Time(decided - SLACK)).push(" AND recorded_at <= ").push_bind(Value::Time(decided + SLACK));
    }
    ask.push(" LIMIT 1");
    Ok(ask.row(db).await?.as_ref().map(read).transpose()?)
}

pub async fn counts(db: &Db) -> Result<Counts, NotRead> {
    let sum = |column: &str| format!("CAST(COALESCE(SUM({column}), 0) AS BIGINT) AS {column}");
    let ask = Ask::new(format!("SELECT {}, {}, {} FROM audit_counts", sum("facts"), sum("unknown"), sum("unreadable")));
    let Some(row) = ask.row(db).await? else { return Ok(Counts::default()) };
    let read = |column| row.count(column);
    Ok(Counts { partition: String::new(), facts: read("facts")?, unknown: read("unknown")?, unreadable: read("unreadable")? })
}

fn read(row: &Row) -> Result<AuditRow, sqlx::Error> {
    Ok(AuditRow {
        partition: row.parsed("partition")?,
        seq: row.count("seq")?,
        recorded_at: row.time("recorded_at")?,
        occurred_at: row.time("occurred_at")?,
        id: row.text("id")?,
        stream: row.text("stream")?,
        version: row.count("version")?,
        kind: row.text("kind")?,
        schema: u16::try_from(row.count("schema")?).unwrap_or(u16::MAX),
        actor: row.text("actor")?,
        command: row.maybe_text("command")?,
        causation: row.maybe_text("causation")?,
        correlation: row.text("correlation")?,
        hash: row.text("hash")?,
        summary: row.text("summary")?,
    })
}
