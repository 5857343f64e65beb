//! SQLite pools for the read models. What is in the tables is the projections' own.

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{path::Path, time::Duration};
use thiserror::Error;

#[derive(Debug, Error)]
#[error("could not open the read models at {place}; they can be deleted, they are rebuilt from the log")]
pub struct SqlError {
    place: String,
    #[source]
    cause: sqlx::Error,
}

/// Opens a database of read models, or makes it.
///
/// `synchronous=NORMAL`: rows and position go into one transaction, so what a power cut takes back is folded from the log again.
pub async fn open_sqlite(path: &Path, connections: u32) -> Result<SqlitePool, SqlError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(10));
    let pool = SqlitePoolOptions::new().max_connections(connections.max(1)).connect_with(options).await;
    pool.map_err(|cause| SqlError { place: path.display().to_string(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_new_pool_keeps_its_rows_and_its_foreign_keys() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("views.db");
        let pool = open_sqlite(&path, 4).await.unwrap();
        sqlx::query("CREATE TABLE cases (id INTEGER PRIMARY KEY)").execute(&pool).await.unwrap();
        sqlx::query("CREATE TABLE steps (case_id INTEGER REFERENCES cases (id))").execute(&pool).await.unwrap();
        assert!(sqlx::query("INSERT INTO steps VALUES (7)").execute(&pool).await.is_err());
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&pool).await.unwrap();
        assert_eq!(mode, "wal");
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_refused_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("views.db");
        std::fs::write(&path, vec![b'x'; 4096]).unwrap();
        let refused = open_sqlite(&path, 1).await.unwrap_err().to_string();
        assert!(refused.contains("views.db"), "{refused}");
    }
}
