//! A database of projections: versions, positions, digests. How it is opened is its engine's own.

pub(crate) mod digest;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use crate::{
    db::{Ask, BATCH_ANSWER, Conn, Db, NotRead, Pool, Writer, answered},
    table::{Kind, Table, Value},
};
use millwright_domain::position::{PartitionId, Position};
use sqlx::SqliteConnection;
use std::{collections::HashMap, sync::Arc};
use thiserror::Error;
use tokio::sync::Mutex;

#[derive(Debug, Error)]
pub enum StoreError {
    #[error(
        "could not {doing} the projections at {place}; check free space, permissions, and that the database answers. What is there can be deleted: it is rebuilt from the log"
    )]
    Database {
        doing: &'static str,
        place: String,
        #[source]
        cause: sqlx::Error,
    },
    #[error("could not read the projections in {place}")]
    Unreadable {
        place: String,
        #[source]
        cause: NotRead,
    },
    #[error(
        "{place} holds projection `{projection}` in version {found}, this program knows up to {known}; use the newer program, or delete what is there: it is rebuilt from the log"
    )]
    TooNew { place: String, projection: String, found: u32, known: u32 },
}

/// Name, version and tables of one projection.
pub(crate) struct Shape {
    pub name: &'static str,
    pub version: u32,
    pub tables: Vec<&'static Table>,
    /// Columns, as `table.column`, that are new or mean something else than in the version before.
    pub changed: &'static [&'static str],
}

impl Shape {
    /// Whether what a fold reads back from this table means something else than in the version before.
    fn reads_back_otherwise(&self, table: &Table) -> bool {
        let read_back = table.columns.iter().filter(|(_, kind)| matches!(kind, Kind::Bytes | Kind::Doc));
        let mut names = read_back.map(|(column, _)| format!("{}.{column}", table.name));
        names.any(|name| self.changed.contains(&name.as_str()))
    }
}

/// One generation of the tables of a lane.
pub(crate) struct Store {
    /// Shown to people.
    pub place: String,
    pub generation: u64,
    pub versions: HashMap<String, u32>,
    readers: Db,
    /// The tables of this generation themselves, to compare and count them.
    own: Db,
    writer: Writing,
}

/// One writer, many readers; readers never wait for the writer.
enum Writing {
    Sqlite(Mutex<SqliteConnection>),
    Postgres(sqlx::PgPool),
}

static VERSIONS: Table =
    Table { name: "projection_versions", columns: &[("projection", Kind::Text), ("version", Kind::Whole)], key: 1, indexes: &[] };

static POSITIONS: Table =
    Table { name: "positions", columns: &[("projection", Kind::Text), ("partition", Kind::Text), ("next_seq", Kind::Whole)], key: 2, indexes: &[] };

/// Streams that a projection does not follow any further, and why.
pub(crate) static PARKED: Table = Table {
    name: "parked_streams",
    columns: &[
        ("projection", Kind::Text),
        ("partition", Kind::Text),
        ("stream", Kind::Text),
        ("seq", Kind::Whole),
        ("kind", Kind::Text),
        ("reason", Kind::Text),
        ("skipped", Kind::Whole),
    ],
    key: 3,
    indexes: &[],
};

/// Tables that every generation has beside those of its projections.
pub(crate) fn housekeeping() -> [&'static Table; 3] {
    [&VERSIONS, &POSITIONS, &PARKED]
}

impl Store {
    /// What people's questions are put to.
    pub fn readers(&self) -> Db {
        self.readers.clone()
    }

    pub async fn writer(&self) -> Result<Writer<'_>, sqlx::Error> {
        match &self.writer {
            Writing::Sqlite(writer) => Ok(Writer::Sqlite(writer.lock().await)),
            Writing::Postgres(pool) => pool.acquire().await.map(Writer::Postgres),
        }
    }

    /// Whether it was made by an older program; it can be read, and has to be rebuilt before anything is added.
    pub fn is_outdated(&self, shapes: &[Shape]) -> bool {
        shapes.iter().any(|shape| self.versions.get(shape.name) != Some(&shape.version))
    }

    /// Whether this program can fold on into an older one's tables: they have the same columns, and what the fold reads back means the
    /// same in both.
    pub async fn can_be_gone_on_with(&self, shapes: &[Shape]) -> Result<bool, sqlx::Error> {
        for shape in shapes {
            let found = self.versions.get(shape.name).copied().unwrap_or_default();
            // What was changed is known of one version only.
            let is_next = found == shape.version || found + 1 == shape.version;
            if !is_next || shape.tables.iter().any(|table| shape.reads_back_otherwise(table)) {
                return Ok(false);
            }
            for table in &shape.tables {
                match Ask::new(format!("SELECT {} FROM {} LIMIT 0", table.all_columns(), table.name)).rows(&self.own).await {
                    Ok(_) => {}
                    Err(sqlx::Error::Database(_)) => return Ok(false),
                    Err(cause) => return Err(cause),
                }
            }
        }
        Ok(true)
    }

    /// What all of these have taken in, and whether all are equally far.
    pub async fn position(&self, shapes: &[Shape]) -> Result<(Position, bool), sqlx::Error> {
        let rows = answered(BATCH_ANSWER, Ask::new("SELECT projection, partition, next_seq FROM positions").rows(&self.own)).await?;
        let mut each: HashMap<String, Position> = HashMap::new();
        for row in rows {
            each.entry(row.text("projection")?).or_default().advance(&row.parsed("partition")?, row.count("next_seq")?);
        }
        let mut all = shapes.iter().map(|shape| each.remove(shape.name).unwrap_or_default());
        let first = all.next().unwrap_or_default();
        Ok(all.fold((first, true), |(least, level), other| (both_cover(&least, &other), level && least == other)))
    }

    pub async fn close(self) {
        if let Pool::Sqlite(pool) = self.readers.pool {
            pool.close().await;
        }
        match self.writer {
            Writing::Sqlite(writer) => {
                if let Err(cause) = sqlx::Connection::close(writer.into_inner()).await {
                    tracing::warn!(place = %self.place, cause = %cause, "the projections' database did not close cleanly; it recovers at the next start");
                }
            }
            Writing::Postgres(pool) => pool.close().await,
        }
    }
}

/// Closes a store that nobody else holds.
pub(crate) async fn close(store: Arc<Store>) {
    if let Some(store) = Arc::into_inner(store) {
        store.close().await;
    }
}

/// The furthest position that both have reached.
pub(crate) fn both_cover(one: &Position, other: &Position) -> Position {
    one.partitions().fold(Position::default(), |mut least, (partition, next)| {
        least.advance(partition, next.min(other.next(partition)));
        least
    })
}

/// Makes the tables of a generation.
async fn create(shapes: &[Shape], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
    let mut tables: Vec<&Table> = housekeeping().into();
    shapes.iter().for_each(|shape| tables.extend(&shape.tables));
    for table in tables {
        table.create(db).await?;
    }
    let versions = shapes.iter().map(|shape| vec![Value::text(shape.name), Value::Whole(shape.version.into())]);
    VERSIONS.upsert(versions.collect(), db).await
}

pub(crate) async fn create_indexes(shapes: &[Shape], db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
    for table in shapes.iter().flat_map(|shape| &shape.tables) {
        table.create_indexes(db).await?;
    }
    Ok(())
}

async fn versions(db: &mut Conn<'_>) -> Result<HashMap<String, u32>, sqlx::Error> {
    let rows = Ask::new("SELECT projection, version FROM projection_versions").rows(db).await?;
    let read = |row: &crate::db::Row| Ok((row.text("projection")?, u32::try_from(row.count("version")?).unwrap_or(u32::MAX)));
    rows.iter().map(read).collect()
}

/// Refuses tables of a newer program.
fn admit(shapes: &[Shape], found: &HashMap<String, u32>, place: &str) -> Result<(), StoreError> {
    let newer = |shape: &&Shape| found.get(shape.name).is_some_and(|version| *version > shape.version);
    shapes.iter().find(newer).map_or(Ok(()), |shape| {
        let found = found.get(shape.name).copied().unwrap_or_default();
        Err(StoreError::TooNew { place: place.into(), projection: shape.name.into(), found, known: shape.version })
    })
}

pub(crate) async fn positions(projection: &str, db: &mut Conn<'_>) -> Result<Position, sqlx::Error> {
    let rows = Ask::new("SELECT partition, next_seq FROM positions WHERE projection = $1").bind(Value::text(projection)).rows(db).await?;
    let mut position = Position::default();
    for row in rows {
        position.advance(&row.parsed("partition")?, row.count("next_seq")?);
    }
    Ok(position)
}

/// Moves positions on from where they were believed to be. False if one was elsewhere: somebody else has moved it, and nothing
/// of this transaction may stay. To be asked first in a transaction: whoever comes second then waits here, and learns it here.
pub(crate) async fn advance(believed: &[(&str, u64)], partition: &PartitionId, next: u64, db: &mut Conn<'_>) -> Result<bool, sqlx::Error> {
    let behind: Vec<&(&str, u64)> = believed.iter().filter(|(_, was)| *was < next).collect();
    if behind.iter().any(|(_, was)| *was == 0) {
        let mut begin = Ask::new("INSERT INTO positions (projection, partition, next_seq) VALUES ");
        for (number, (projection, _)) in behind.iter().enumerate() {
            begin.push(if number == 0 { "(" } else { ", (" }).push_bind(Value::text(projection)).push(", ");
            begin.push_bind(Value::text(partition)).push(", 0)");
        }
        begin.push(" ON CONFLICT (projection, partition) DO NOTHING");
        begin.run(db).await?;
    }
    let mut on = Ask::new("UPDATE positions SET next_seq = $1 WHERE partition = $2 AND (").bind(Value::count(next)).bind(Value::text(partition));
    for (number, (projection, was)) in behind.iter().enumerate() {
        on.push(if number == 0 { "(projection = " } else { " OR (projection = " }).push_bind(Value::text(projection));
        on.push(" AND next_seq = ").push_bind(Value::count(*was)).push(")");
    }
    on.push(")");
    Ok(behind.is_empty() || on.run(db).await? == behind.len() as u64)
}

/// Reads back what we stored as text.
pub(crate) fn stored<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(text: &str) -> Result<T, sqlx::Error> {
    text.parse().map_err(|cause| sqlx::Error::Decode(Box::new(cause)))
}
