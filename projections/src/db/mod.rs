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
use thiserror::Error;

/// For the queries of the questions' modules. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db(pub(crate) Pool);

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
