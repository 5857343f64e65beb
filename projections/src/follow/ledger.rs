//! Folding the ledger into every projection of it. A batch's rows and positions commit together.

use crate::{
    db::{Ask, BATCH_ANSWER, Conn, Row, answered},
    fact::{Fact, Poison},
    follow::FollowError,
    projection::{self, Projection},
    store::{PARKED, Shape, Store, advance, both_cover, positions},
    table::{Value, Writes},
};
use millwright_domain::{
    ids::CaseId,
    ports::event_log::EventLog,
    position::{Lane, PartitionId, Position},
};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

/// Records taken in at once at most, when there is a backlog: pages that many facts touch are then written once.
const BATCH: usize = 10_000;

/// A stream that one projection follows no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    pub projection: String,
    pub partition: PartitionId,
    pub stream: String,
    pub seq: u64,
    pub kind: String,
    pub reason: String,
    /// Later facts of the stream that were passed over.
    pub skipped: u64,
}

/// What a batch changed, for those who wait for changes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    pub position: Position,
    pub cases: BTreeSet<CaseId>,
    /// Sites, switches, baselines.
    pub plant: bool,
    /// Messages, tickets, people and how they are known, the house itself.
    pub outside: bool,
    /// Who is on a crew, its tasks and letters.
    pub crew: bool,
}

/// A batch that was taken in.
pub(crate) struct Taken {
    /// Where it begins.
    pub from: u64,
    pub change: Change,
}

struct Folded {
    projection: Box<dyn Projection>,
    position: Position,
    parked: HashMap<(PartitionId, String), Parked>,
}

/// The folds with their memory, and the store that they write to.
pub(crate) struct LedgerFold {
    store: Arc<Store>,
    folds: Vec<Folded>,
    loaded: bool,
}

pub(crate) fn shapes() -> Vec<Shape> {
    shapes_of(&projection::all())
}

pub(crate) fn shapes_of(projections: &[Box<dyn Projection>]) -> Vec<Shape> {
    let shape = |one: &dyn Projection| Shape { name: one.name(), version: one.version(), tables: one.tables(), changed: one.changed() };
    projections.iter().map(|one| shape(one.as_ref())).collect()
}

/// Only what happened in the plant and was decided: readings have their own follower, and the truth is the evaluation's alone.
pub(crate) fn is_followed(partition: &PartitionId) -> bool {
    partition.lane() == Lane::Ledger && !partition.is_truth()
}

impl LedgerFold {
    pub fn new(store: Arc<Store>) -> Self {
        Self::of(store, projection::all())
    }

    /// Some of the projections only, in tables that have only theirs.
    pub fn of(store: Arc<Store>, projections: Vec<Box<dyn Projection>>) -> Self {
        let fresh = |projection| Folded { projection, position: Position::default(), parked: HashMap::new() };
        Self { store, folds: projections.into_iter().map(fresh).collect(), loaded: false }
    }

    /// What every projection has taken in.
    pub async fn position(&mut self) -> Result<Position, FollowError> {
        self.load().await?;
        let mut common = self.folds.first().map(|fold| fold.position.clone()).unwrap_or_default();
        for fold in &self.folds {
            common = both_cover(&common, &fold.position);
        }
        Ok(common)
    }

    pub fn parked(&self) -> Vec<Parked> {
        self.folds.iter().flat_map(|fold| fold.parked.values().cloned()).collect()
    }

    /// Takes in one batch of a partition, not past `end`. `None` when there was nothing to take.
    pub async fn step(&mut self, log: &dyn EventLog, partition: &PartitionId, end: u64) -> Result<Option<Taken>, FollowError> {
        loop {
            self.load().await?;
            let from = self.folds.iter().map(|fold| fold.position.next(partition)).min().unwrap_or(0);
            let room = usize::try_from(end.saturating_sub(from)).unwrap_or(usize::MAX).min(BATCH);
            if room == 0 {
                return Ok(None);
            }
            let batch = log.read_ledger(partition, from, room).await?;
            if batch.is_empty() {
                return Ok(None);
            }
            let facts = Fact::read_all(partition, batch.iter().map(|(_, record)| record));
            match answered(BATCH_ANSWER, self.take_in(partition, &facts, batch.next())).await {
                Ok(true) => return Ok(Some(Taken { from, change: change(partition, batch.next(), &facts) })),
                // Another program was first: go on from where it left the tables.
                Ok(false) => self.forget(),
                Err(cause) => {
                    self.forget();
                    return Err(self.failed(cause));
                }
            }
        }
    }

    /// False, and nothing done, if another program has moved a position.
    async fn take_in(&mut self, partition: &PartitionId, facts: &[Fact], next: u64) -> Result<bool, sqlx::Error> {
        let store = self.store.clone();
        let mut writer = store.writer().await?;
        let mut transaction = writer.begin().await?;
        let believed: Vec<(&str, u64)> = self.folds.iter().map(|fold| (fold.projection.name(), fold.position.next(partition))).collect();
        if !advance(&believed, partition, next, &mut transaction.conn()).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        let mut writes = Writes::default();
        for fold in &mut self.folds {
            fold.take_in(partition, facts, &mut transaction.conn(), &mut writes).await?;
        }
        writes.apply(&mut transaction.conn()).await?;
        transaction.commit().await?;
        for fold in &mut self.folds {
            fold.position.advance(partition, next);
        }
        Ok(true)
    }

    async fn load(&mut self) -> Result<(), FollowError> {
        if !self.loaded {
            let loaded = answered(BATCH_ANSWER, self.read_positions()).await;
            loaded.map_err(|cause| self.failed(cause))?;
            self.loaded = true;
        }
        Ok(())
    }

    async fn read_positions(&mut self) -> Result<(), sqlx::Error> {
        let mut writer = self.store.writer().await?;
        for fold in &mut self.folds {
            fold.position = positions(fold.projection.name(), &mut writer.conn()).await?;
            fold.parked = parked(fold.projection.name(), &mut writer.conn()).await?;
        }
        Ok(())
    }

    /// The tables may say something else than memory: begin anew from those.
    pub fn forget(&mut self) {
        self.loaded = false;
        self.folds.iter_mut().for_each(|fold| fold.projection.forget());
    }

    fn failed(&self, cause: sqlx::Error) -> FollowError {
        FollowError::Write { place: self.store.place.clone(), cause }
    }
}

impl Folded {
    async fn take_in(&mut self, partition: &PartitionId, facts: &[Fact], db: &mut Conn<'_>, writes: &mut Writes) -> Result<(), sqlx::Error> {
        let from = self.position.next(partition);
        let new: Vec<&Fact> = facts.iter().filter(|fact| fact.seq >= from).collect();
        self.projection.recall(&new, db).await?;
        let mut changed = BTreeSet::new();
        for fact in new {
            let key = || (partition.clone(), fact.stream.to_string());
            let parked = if self.parked.is_empty() { None } else { self.parked.get_mut(&key()) };
            if let Some(parked) = parked {
                parked.skipped += 1;
                changed.insert(key());
            } else if let Err(poison) = self.projection.fold(fact) {
                self.parked.insert(key(), park(self.projection.name(), fact, poison));
                changed.insert(key());
            }
        }
        self.projection.drain(writes);
        let rows = changed.iter().filter_map(|key| self.parked.get(key)).map(parked_row).collect();
        writes.upsert(&PARKED, rows);
        Ok(())
    }
}

fn park(projection: &str, fact: &Fact, poison: Poison) -> Parked {
    tracing::warn!(projection, stream = %fact.stream, seq = fact.seq, reason = poison.0, "stream {} is parked: it is shown no further", fact.stream);
    Parked {
        projection: projection.into(),
        partition: fact.partition.clone(),
        stream: fact.stream.to_string(),
        seq: fact.seq,
        kind: fact.kind.clone(),
        reason: poison.0,
        skipped: 0,
    }
}

fn parked_row(parked: &Parked) -> Vec<Value> {
    vec![
        Value::text(&parked.projection),
        Value::text(&parked.partition),
        Value::text(&parked.stream),
        Value::count(parked.seq),
        Value::text(&parked.kind),
        Value::text(&parked.reason),
        Value::count(parked.skipped),
    ]
}

async fn parked(projection: &str, db: &mut Conn<'_>) -> Result<HashMap<(PartitionId, String), Parked>, sqlx::Error> {
    let ask = Ask::new(format!("{PARKED_STREAMS} WHERE projection = $1")).bind(Value::text(projection));
    let rows = ask.rows(db).await?;
    let parked = rows.iter().map(read_parked).map(|one| one.map(|one| ((one.partition.clone(), one.stream.clone()), one)));
    parked.collect()
}

/// Every parked stream, as the tables say.
pub(super) async fn parked_in(store: &Store) -> Result<Vec<Parked>, sqlx::Error> {
    Ask::new(PARKED_STREAMS).rows(&store.readers()).await?.iter().map(read_parked).collect()
}

const PARKED_STREAMS: &str = "SELECT projection, partition, stream, seq, kind, reason, skipped FROM parked_streams";

fn read_parked(row: &Row) -> Result<Parked, sqlx::Error> {
    Ok(Parked {
        projection: row.text("projection")?,
        partition: row.parsed("partition")?,
        stream: row.text("stream")?,
        seq: row.count("seq")?,
        kind: row.text("kind")?,
        reason: row.text("reason")?,
        skipped: row.count("skipped")?,
    })
}

pub(super) fn change(partition: &PartitionId, next: u64, facts: &[Fact]) -> Change {
    Change {
        position: Position::at(partition.clone(), next),
        cases: facts.iter().filter_map(|fact| fact.case).collect(),
        plant: facts.iter().any(|fact| is_of_plant(fact.stream.as_str())),
        outside: facts.iter().any(|fact| is_of_outside(fact.stream.as_str())),
        crew: facts.iter().any(|fact| is_of_crew(fact.stream.as_str()) || is_of_crew_on_a_case(&fact.kind)),
    }
}

/// What leaves the house, who is known outside, and how the house itself is.
fn is_of_outside(stream: &str) -> bool {
    stream == "parts" || ["effect/", "person/"].iter().any(|beginning| stream.starts_with(beginning))
}

fn is_of_crew(stream: &str) -> bool {
    ["agent/", "task/", "letter/"].iter().any(|beginning| stream.starts_with(beginning))
}

/// Who looks into a case, and what that uses.
fn is_of_crew_on_a_case(kind: &str) -> bool {
    matches!(kind, "InvestigationOpened" | "ContributionDelivered" | "ContributionMissed" | "ReportDelivered" | "ModelCalled")
}

/// Sites, signals and machines: what people said of them, and what was learned.
fn is_of_plant(stream: &str) -> bool {
    stream == "site" || stream.starts_with("signal/") || stream.starts_with("asset/")
}
