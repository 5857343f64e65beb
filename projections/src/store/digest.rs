//! Digests of tables: equal rows have equal digests on one engine, whatever made them.

use super::Store;
use crate::{
    db::Pool,
    table::{Kind, Table},
};
use futures::{TryStream, TryStreamExt};
use millwright_domain::policy::digest;
use sqlx::AssertSqlSafe;

/// Which part of a table: its columns, and the rows of some projections if it has rows of several.
pub(crate) struct Part {
    pub table: &'static Table,
    pub columns: Vec<&'static str>,
    pub only: Option<Vec<&'static str>>,
}

impl Part {
    pub fn whole(table: &'static Table) -> Self {
        Self { table, columns: table.columns.iter().map(|(name, _)| *name).collect(), only: None }
    }

    fn sql(&self, shown: fn(&str, Kind) -> String) -> String {
        let kept = self.table.columns.iter().filter(|(name, _)| self.columns.contains(name));
        let row = kept.map(|(name, kind)| shown(name, *kind)).collect::<Vec<_>>().join(" || ',' || ");
        // Names of projections are the program's own.
        let only = self.only.as_ref().map(|names| format!(" WHERE projection IN ('{}')", names.join("', '"))).unwrap_or_default();
        format!("SELECT {row} FROM {}{only} ORDER BY {}", self.table.name, self.table.key_columns())
    }
}

impl Store {
    /// SHA-256 over every row of these, in the order of their keys.
    pub async fn digest(&self, parts: &[Part]) -> Result<String, sqlx::Error> {
        let mut running = String::new();
        for part in parts {
            running = match &self.own.pool {
                Pool::Sqlite(pool) => {
                    let rows = sqlx::query_scalar(AssertSqlSafe(part.sql(|name, _| format!("quote({name})")))).fetch(pool);
                    over(running, part.table.name, rows).await?
                }
                Pool::Postgres(pool) => {
                    let rows = sqlx::query_scalar(AssertSqlSafe(part.sql(|name, _| format!("quote_nullable({name}::text)")))).fetch(pool);
                    over(running, part.table.name, rows).await?
                }
            };
        }
        Ok(running)
    }
}

async fn over(begun: String, table: &str, rows: impl TryStream<Ok = String, Error = sqlx::Error>) -> Result<String, sqlx::Error> {
    let mut running = begun;
    let pages = rows.try_chunks(1_000);
    futures::pin_mut!(pages);
    while let Some(page) = pages.try_next().await.map_err(|stopped| stopped.1)? {
        running = digest(&(running, table, page));
    }
    Ok(running)
}
