//! A database of projections: opening, versions, positions, digests.

use crate::{
    db::NotRead,
    table::{Kind, Table, Value},
};
use futures::TryStreamExt;
use millwright_domain::{
    policy::digest,
    position::{PartitionId, Position},
};
use sqlx::{
    AssertSqlSafe, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::path::{Path, PathBuf};
use thiserror::Error;
use tokio::sync::{Mutex, MutexGuard};

#[derive(Debug, Error)]
pub enum StoreError {
    #[error("could not {doing} the projections at {place}; check free space and permissions, or delete the file: it is rebuilt from the log")]
    Database {
        doing: &'static str,
        place: PathBuf,
        #[source]
        cause: sqlx::Error,
    },
    #[error("could not read the projections in {place}")]
    Unreadable {
        place: PathBuf,
        #[source]
        cause: NotRead,
    },
    #[error(
        "{place} holds projection `{projection}` in version {found}, this program knows up to {known}; use the newer program, or delete the file: it is rebuilt from the log"
    )]
    TooNew { place: PathBuf, projection: String, found: u32, known: u32 },
}

/// Name, version and tables of one projection.
pub(crate) struct Shape {
    pub name: &'static str,
    pub version: u32,
    pub tables: Vec<&'static Table>,
}

/// What has to survive a power cut.
#[derive(Clone, Copy)]
enum Promise {
    /// Rows and positions go together; what is lost of both is folded from the log again.
    Kept,
    None,
}

impl Promise {
    const fn synchronous(self) -> SqliteSynchronous {
        match self {
            Self::Kept => SqliteSynchronous::Normal,
            Self::None => SqliteSynchronous::Off,
        }
    }
}

/// One writer, many readers; readers never wait for the writer.
pub(crate) struct Store {
    pub place: PathBuf,
    pub readers: SqlitePool,
    writer: Mutex<SqliteConnection>,
}

const VERSIONS: Table = Table { name: "projection_versions", columns: &[("projection", Kind::Text), ("version", Kind::Whole)], key: 1, indexes: &[] };

const POSITIONS: Table =
    Table { name: "positions", columns: &[("projection", Kind::Text), ("partition", Kind::Text), ("next_seq", Kind::Whole)], key: 2, indexes: &[] };

/// Streams that a projection does not follow any further, and why.
pub(crate) const PARKED: Table = Table {
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

impl Store {
    pub async fn open(place: &Path, shapes: &[Shape]) -> Result<Self, StoreError> {
        let store = Self::connect(place, shapes, Promise::Kept).await?;
        store.index(shapes).await?;
        Ok(store)
    }

    /// For a rebuild: fast and worth nothing after a crash, until [`Store::index`] was called and it was closed.
    pub async fn build(place: &Path, shapes: &[Shape]) -> Result<Self, StoreError> {
        Self::connect(place, shapes, Promise::None).await
    }

    /// Indexes of tables that are filled are made faster than indexes that grow.
    pub async fn index(&self, shapes: &[Shape]) -> Result<(), StoreError> {
        let failed = |cause| StoreError::Database { doing: "prepare", place: self.place.clone(), cause };
        let mut writer = self.writer().await;
        for table in shapes.iter().flat_map(|shape| &shape.tables) {
            table.create_indexes(&mut writer).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn connect(place: &Path, shapes: &[Shape], promise: Promise) -> Result<Self, StoreError> {
        let failed = |doing, cause| StoreError::Database { doing, place: place.to_path_buf(), cause };
        let options = SqliteConnectOptions::new()
            .filename(place)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(promise.synchronous())
            .pragma("wal_autocheckpoint", "8000")
            .busy_timeout(std::time::Duration::from_secs(10))
            .pragma("cache_size", "-32000");
        let mut writer = sqlx::ConnectOptions::connect(&options).await.map_err(|cause| failed("open", cause))?;
        for table in [&VERSIONS, &POSITIONS, &PARKED] {
            table.create(&mut writer).await.map_err(|cause| failed("prepare", cause))?;
        }
        for shape in shapes {
            admit(shape, place, &mut writer).await?;
        }
        let readers = SqlitePoolOptions::new().max_connections(8).connect_lazy_with(options.read_only(true).create_if_missing(false));
        Ok(Self { place: place.to_path_buf(), readers, writer: Mutex::new(writer) })
    }

    pub async fn writer(&self) -> MutexGuard<'_, SqliteConnection> {
        self.writer.lock().await
    }

    /// SHA-256 over every row of these tables, in the order of their keys.
    pub async fn digest(&self, tables: &[&Table]) -> Result<String, sqlx::Error> {
        let mut running = String::new();
        for table in tables {
            let quoted = table.columns.iter().map(|(name, _)| format!("quote({name})")).collect::<Vec<_>>().join(" || ',' || ");
            let sql = format!("SELECT {quoted} FROM {} ORDER BY {}", table.name, table.key_columns());
            let mut rows = sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).fetch(&self.readers).try_chunks(1_000);
            while let Some(page) = rows.try_next().await.map_err(|stopped| stopped.1)? {
                running = digest(&(running, table.name, page));
            }
        }
        Ok(running)
    }

    pub async fn close(self) {
        self.readers.close().await;
        let writer = self.writer.into_inner();
        if let Err(cause) = sqlx::Connection::close(writer).await {
            tracing::warn!(place = %self.place.display(), cause = %cause, "the projections' database did not close cleanly; it recovers at the next start");
        }
    }
}

/// Makes the tables of a projection, anew if they are of an older version; refuses those of a newer one.
async fn admit(shape: &Shape, place: &Path, db: &mut SqliteConnection) -> Result<(), StoreError> {
    let failed = |cause| StoreError::Database { doing: "prepare", place: place.to_path_buf(), cause };
    let found: Option<u32> = sqlx::query_scalar("SELECT version FROM projection_versions WHERE projection = $1")
        .bind(shape.name)
        .fetch_optional(&mut *db)
        .await
        .map_err(failed)?;
    match found {
        Some(found) if found > shape.version => {
            Err(StoreError::TooNew { place: place.to_path_buf(), projection: shape.name.into(), found, known: shape.version })
        }
        Some(found) if found == shape.version => Ok(()),
        Some(_) | None => begin_anew(shape, db).await.map_err(failed),
    }
}

async fn begin_anew(shape: &Shape, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let mut transaction = sqlx::Connection::begin(db).await?;
    for table in &shape.tables {
        table.drop_if_there(&mut transaction).await?;
        table.create(&mut transaction).await?;
    }
    for forget in ["DELETE FROM positions WHERE projection = $1", "DELETE FROM parked_streams WHERE projection = $1"] {
        sqlx::query(forget).bind(shape.name).execute(&mut *transaction).await?;
    }
    VERSIONS.upsert(vec![vec![Value::text(shape.name), Value::Whole(shape.version.into())]], &mut transaction).await?;
    transaction.commit().await
}

pub(crate) async fn positions(projection: &str, db: &mut SqliteConnection) -> Result<Position, sqlx::Error> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT partition, next_seq FROM positions WHERE projection = $1").bind(projection).fetch_all(db).await?;
    let mut position = Position::default();
    for (partition, next) in rows {
        position.advance(&stored(&partition)?, next.unsigned_abs());
    }
    Ok(position)
}

pub(crate) async fn save_position(projections: &[&str], partition: &PartitionId, next: u64, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let rows: Vec<Vec<Value>> = projections.iter().map(|name| vec![Value::text(name), Value::text(partition), Value::count(next)]).collect();
    POSITIONS.upsert(rows, db).await
}

/// Reads back what we stored as text.
pub(crate) fn stored<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(text: &str) -> Result<T, sqlx::Error> {
    text.parse().map_err(|cause| sqlx::Error::Decode(Box::new(cause)))
}
