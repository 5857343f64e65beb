//! Which cases are there, where do they stand, and what speaks for them? Folded with the domain's own fold of a case.

use crate::{
    case_words::Words,
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
    case::{Case, CaseFact, CaseFile, Outcome, OutcomeRecorded, Severity},
    change::ChangeJudged,
    ids::{AssetId, CaseId, CauseId, EventId, SiteId},
    site::case_fact,
};
use serde::{Deserialize, Serialize};

/// One case as people see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseRow {
    pub id: CaseId,
    pub site: SiteId,
    pub asset: AssetId,
    pub case: Case,
    pub opened_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    /// Plant time of the latest fact.
    pub changed_at: Timestamp,
    /// Seq behind the latest fact on its stream, also those of the crew and of people outside.
    pub changed_to: u64,
    pub detector: Option<String>,
    /// The worst so far.
    pub severity: Option<Severity>,
    pub diagnosed_at: Option<Timestamp>,
    /// The latest alert or diagnosis: what a person's proposal answers.
    pub because: EventId,
    pub outcome: Option<(OutcomeRecorded, Timestamp)>,
    /// What kind of change it shows, as judged last.
    #[serde(default)]
    pub change: Option<(ChangeJudged, Timestamp)>,
    pub branched_from: Option<CaseId>,
}

impl CaseRow {
    pub fn is_open(&self) -> bool {
        matches!(self.case, Case::Open(_))
    }
    pub fn stage(&self) -> &'static str {
        match &self.case {
            Case::Unopened => "open",
            Case::Open(file) => file.stage(),
            Case::Closed(..) => "closed",
        }
    }
    pub fn ended_as(&self) -> Option<Outcome> {
        self.outcome.as_ref().map(|(outcome, _)| outcome.outcome)
    }
}

static CASES: Table = Table {
    name: "cases",
    columns: &[
        ("id", Kind::Text),
        ("site", Kind::Text),
        ("asset", Kind::Text),
        ("open", Kind::Whole),
        ("stage", Kind::Text),
        ("cause", Kind::Text),
        ("outcome", Kind::Text),
        ("opened_at", Kind::Time),
        ("closed_at", Kind::Time),
        ("changed_at", Kind::Time),
        ("changed_to", Kind::Whole),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[&["site", "asset", "open"], &["open", "closed_at"], &["opened_at", "id"], &["open", "opened_at", "id"], &["site", "changed_to"]],
};

impl Shelved for CaseRow {
    const TABLE: &'static Table = &CASES;
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn columns(&self) -> Vec<Value> {
        vec![
            Value::text(&self.site),
            Value::text(&self.asset),
            Value::Whole(self.is_open().into()),
            Value::text(self.stage()),
            Value::maybe(self.case.file().and_then(CaseFile::cause), Value::text),
            Value::maybe(self.ended_as(), |outcome| Value::word(&outcome)),
            Value::Time(self.opened_at),
            Value::maybe(self.closed_at, Value::Time),
            Value::Time(self.changed_at),
            Value::count(self.changed_to),
        ]
    }
}

#[derive(Default)]
pub(crate) struct OpenCases {
    cases: Shelf<CaseRow>,
}

#[async_trait]
impl Projection for OpenCases {
    fn name(&self) -> &'static str {
        "open_cases"
    }
    fn version(&self) -> u32 {
        5
    }
    fn changed(&self) -> &'static [&'static str] {
        &["cases.changed_to", "cases.doc"]
    }
    fn tables(&self) -> Vec<&'static Table> {
        vec![&CASES]
    }
    async fn recall(&mut self, facts: &[&Fact], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        self.cases.recall(facts.iter().filter_map(|fact| fact.case).map(|case| case.to_string()), db).await
    }
    fn fold(&mut self, fact: &Fact) -> Result<(), Poison> {
        let (Some(id), Some(site)) = (fact.case, fact.site.clone()) else { return Ok(()) };
        let event = fact.event()?;
        let key = id.to_string();
        let Some(case_fact) = case_fact(event) else {
            // No step of the case, but shown with it: whoever was away is told of it, too.
            if let Some(row) = self.cases.edit(&key) {
                row.changed_to = fact.seq + 1;
            }
            return Ok(());
        };
        if self.cases.get(&key).is_none() {
            self.cases.put(opened(id, site, fact, case_fact)?);
        } else if let Some(row) = self.cases.edit(&key) {
            row.case.evolve(case_fact, fact.occurred_at);
        }
        if let Some(row) = self.cases.edit(&key) {
            row.changed_at = row.changed_at.max(fact.occurred_at);
            row.changed_to = fact.seq + 1;
            note(row, event, fact);
        }
        Ok(())
    }
    fn drain(&mut self, writes: &mut Writes) {
        self.cases.drain(writes);
    }
    fn forget(&mut self) {
        self.cases.forget();
    }
}

/// The row that a case's first fact makes.
fn opened(id: CaseId, site: SiteId, fact: &Fact, first: CaseFact<'_>) -> Result<CaseRow, Poison> {
    let mut case = Case::Unopened;
    case.evolve(first, fact.occurred_at);
    let asset = case.file().map(|file| file.asset.clone());
    let asset = asset.ok_or_else(|| Poison(format!("the case begins with {}, before any alert or diagnosis", fact.kind)))?;
    Ok(CaseRow {
        id,
        site,
        asset,
        case,
        opened_at: fact.occurred_at,
        closed_at: None,
        changed_at: fact.occurred_at,
        changed_to: fact.seq + 1,
        detector: None,
        severity: None,
        diagnosed_at: None,
        because: fact.id,
        outcome: None,
        change: None,
        branched_from: None,
    })
}

/// What people want to see of a case and no decision needs.
fn note(row: &mut CaseRow, event: &Event, fact: &Fact) {
    match event {
        Event::AlertRaised(alert) => {
            row.detector = Some(alert.detector.clone());
            row.severity = row.severity.max(Some(alert.severity));
            row.because = fact.id;
        }
        Event::DiagnosisRecorded(diagnosis) => {
            row.diagnosed_at = Some(fact.occurred_at);
            row.branched_from = row.branched_from.or(diagnosis.branched_from);
            row.because = fact.id;
        }
        Event::ChangeJudged(judged) => row.change = Some((judged.clone(), fact.occurred_at)),
        Event::OutcomeRecorded(outcome) => {
            row.outcome = Some((outcome.clone(), fact.occurred_at));
            if outcome.closes {
                // Words that are added later do not move its end.
                row.closed_at.get_or_insert(fact.occurred_at);
            }
        }
        _ => {}
    }
}

/// Which cases are asked for.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    pub site: Option<SiteId>,
    pub asset: Option<AssetId>,
    pub open: Option<bool>,
    pub cause: Option<CauseId>,
    pub words: Words,
    /// Not closed before this, by plant time.
    pub from: Option<Timestamp>,
    /// Opened before this, by plant time.
    pub to: Option<Timestamp>,
}

/// The cause of cases that nobody has named one for yet, to whoever asks.
const UNKNOWN_CAUSE: &str = "unknown";

pub async fn find(db: &Db, id: CaseId) -> Result<Option<CaseRow>, NotRead> {
    Ok(Ask::new("SELECT doc FROM cases WHERE id = $1").bind(Value::text(id)).doc(db).await?)
}

/// Those of them that there are, in no order.
pub async fn find_all(db: &Db, ids: &[CaseId]) -> Result<Vec<CaseRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM cases WHERE id IN ");
    ask.push_list(ids.iter().map(Value::text));
    Ok(ask.docs(db).await?)
}

/// Last closed first, of one cause or of all.
pub async fn closed(db: &Db, cause: Option<&CauseId>, limit: usize) -> Result<Vec<CaseRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM cases WHERE open = 0");
    if let Some(cause) = cause {
        ask.push(" AND cause = ").push_bind(Value::text(cause));
    }
    ask.push(" ORDER BY closed_at DESC, id LIMIT ").push_bind(Value::count(limit as u64));
    Ok(ask.docs(db).await?)
}

/// Last closed first, so many of each of these causes.
pub async fn closed_of(db: &Db, causes: &[CauseId], limit: usize) -> Result<Vec<CaseRow>, NotRead> {
    let ranked = "ROW_NUMBER() OVER (PARTITION BY cause ORDER BY closed_at DESC, id) AS place";
    let mut ask = Ask::new(format!("SELECT doc FROM (SELECT doc, closed_at, id, {ranked} FROM cases WHERE open = 0 AND cause IN "));
    ask.push_list(causes.iter().map(Value::text)).push(") AS ranked WHERE place <= ").push_bind(Value::count(limit as u64));
    ask.push(" ORDER BY closed_at DESC, id");
    Ok(ask.docs(db).await?)
}

/// Open ones, last opened first, so many of each of these assets.
pub async fn open_at(db: &Db, assets: &[(SiteId, AssetId)], limit: usize) -> Result<Vec<CaseRow>, NotRead> {
    let ranked = "ROW_NUMBER() OVER (PARTITION BY site, asset ORDER BY opened_at DESC, id DESC) AS place";
    let mut ask = Ask::new(format!("SELECT doc FROM (SELECT doc, opened_at, id, {ranked} FROM cases WHERE open = 1 AND "));
    ask.push_named("asset", assets);
    ask.push(") AS ranked WHERE place <= ").push_bind(Value::count(limit as u64)).push(" ORDER BY opened_at DESC, id DESC");
    Ok(ask.docs(db).await?)
}

/// Last closed first, of those that ended so.
pub async fn ended_as(db: &Db, outcome: Outcome, limit: usize) -> Result<Vec<CaseRow>, NotRead> {
    let ask = Ask::new("SELECT doc FROM cases WHERE open = 0 AND outcome = $1 ORDER BY closed_at DESC, id LIMIT $2");
    Ok(ask.bind(Value::word(&outcome)).bind(Value::count(limit as u64)).docs(db).await?)
}

/// Last opened first.
pub async fn page(db: &Db, filter: &CaseFilter, window: &Window) -> Result<Page<CaseRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM cases WHERE 1 = 1");
    if let Some(site) = &filter.site {
        ask.push(" AND site = ").push_bind(Value::text(site));
    }
    if let Some(asset) = &filter.asset {
        ask.push(" AND asset = ").push_bind(Value::text(asset));
    }
    if let Some(open) = filter.open {
        ask.push(" AND open = ").push_bind(Value::Whole(open.into()));
    }
    if let Some(cause) = &filter.cause {
        ask.push(&format!(" AND COALESCE(cause, '{UNKNOWN_CAUSE}') = ")).push_bind(Value::text(cause));
    }
    if let Some(from) = filter.from {
        ask.push(" AND (closed_at IS NULL OR closed_at >= ").push_bind(Value::Time(from)).push(")");
    }
    if let Some(to) = filter.to {
        ask.push(" AND opened_at < ").push_bind(Value::Time(to));
    }
    filter.words.narrow(&mut ask);
    window.narrow(&mut ask, &["opened_at", "id"]);
    let rows = ask.docs(db).await?;
    Ok(window.cut(rows, |row: &CaseRow| Cursor::new(row.opened_at.micros(), row.id)))
}

/// Every site that has a case.
pub async fn sites(db: &Db) -> Result<Vec<SiteId>, NotRead> {
    let rows = Ask::new("SELECT DISTINCT site FROM cases ORDER BY site").rows(db).await?;
    Ok(rows.iter().map(|row| row.parsed("site")).collect::<Result<_, sqlx::Error>>()?)
}

/// A site's cases that changed behind a place of its ledger, all of them or one, in the order of their latest change.
pub async fn changed_behind(db: &Db, site: &SiteId, next: u64, case: Option<CaseId>, limit: usize) -> Result<Vec<CaseRow>, NotRead> {
    let mut ask = Ask::new("SELECT doc FROM cases WHERE site = ");
    ask.push_bind(Value::text(site)).push(" AND changed_to > ").push_bind(Value::count(next));
    if let Some(case) = case {
        ask.push(" AND id = ").push_bind(Value::text(case));
    }
    ask.push(" ORDER BY changed_to LIMIT ").push_bind(Value::count(limit as u64));
    Ok(ask.docs(db).await?)
}
