//! A connection to write by, and its transactions.

use sqlx::{Connection as _, PgConnection, Postgres, Sqlite, SqliteConnection, pool::PoolConnection};
use tokio::sync::MutexGuard;

/// One connection of either database.
pub(crate) enum Conn<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// The right to write. On SQLite there is one; on Postgres whoever commits a position first is right.
pub(crate) enum Writer<'a> {
    Sqlite(MutexGuard<'a, SqliteConnection>),
    Postgres(PoolConnection<Postgres>),
}

pub(crate) enum Transaction<'a> {
    Sqlite(sqlx::Transaction<'a, Sqlite>),
    Postgres(sqlx::Transaction<'a, Postgres>),
}

impl Writer<'_> {
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(db) => Conn::Sqlite(db),
            Self::Postgres(db) => Conn::Postgres(db),
        }
    }
    pub async fn begin(&mut self) -> Result<Transaction<'_>, sqlx::Error> {
        match self {
            Self::Sqlite(db) => db.begin().await.map(Transaction::Sqlite),
            Self::Postgres(db) => db.begin().await.map(Transaction::Postgres),
        }
    }
}

impl Transaction<'_> {
    pub fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Sqlite(transaction) => Conn::Sqlite(transaction),
            Self::Postgres(transaction) => Conn::Postgres(transaction),
        }
    }
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => transaction.rollback().await,
            Self::Postgres(transaction) => transaction.rollback().await,
        }
    }
}
