//! A database to ask, and what it says when it cannot be read: so that nobody outside needs to know which database it is.

mod ask;
mod conn;
pub(crate) mod postgres;
mod row;
pub(crate) mod sqlite;
mod value;

pub(crate) use ask::Ask;
pub(crate) use conn::{Conn, Writer};
pub(crate) use row::Row;
pub use value::{Kind, Value};

use sqlx::{PgPool, SqlitePool};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use thiserror::Error;

/// For the queries of the questions' modules. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pub(crate) pool: Pool,
    asked: Arc<AtomicU64>,
}

impl Db {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, asked: Arc::default() }
    }
    /// Questions that were put to it so far, also to its clones.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
    pub(crate) fn count(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    /// Its search path says which tables are meant.
    Postgres(PgPool),
}

#[derive(Debug, Error)]
#[error(
    "the projections could not be read; if it stays so, look whether their database answers, or delete them and start again: they are rebuilt from the log"
)]
pub struct NotRead(#[from] sqlx::Error);

/// A server that does not answer at all, behind a cut that nobody was told of, is an error like any other: nothing else would end
/// the wait, for a client's socket that only listens notices no cut.
pub(crate) async fn answered<T>(within: Duration, asked: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(within, asked).await {
        Ok(answer) => answer,
        Err(late) => Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, late))),
    }
}

/// No batch takes as long as this. A server that is there has given it up before: `store::postgres::STATEMENT`.
pub(crate) const BATCH_ANSWER: Duration = Duration::from_secs(120);
