//! Tables and whole-row writes. What either database wants said its own way is in a file of its name.

mod postgres;
mod sqlite;

pub use crate::db::{Kind, Value};

use crate::db::{Ask, Conn, Row};

/// A table by its columns. Rows are always written whole, in the order of `columns`.
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    /// The first so many columns are the primary key.
    pub key: usize,
    pub indexes: &'static [&'static [&'static str]],
}

impl Table {
    pub(crate) async fn create(&self, db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        let (type_of, ending): (fn(Kind) -> &'static str, _) = match db {
            // WITHOUT ROWID clusters rows by their key: a curve is then one range of pages.
            Conn::Sqlite(_) => (sqlite::type_of, " WITHOUT ROWID"),
            Conn::Postgres(_) => (postgres::type_of, ""),
        };
        let columns: Vec<String> = self.columns.iter().map(|(name, kind)| format!("{name} {}", type_of(*kind))).collect();
        let sql = format!("CREATE TABLE IF NOT EXISTS {} ({}, PRIMARY KEY ({})){ending}", self.name, columns.join(", "), self.key_columns());
        Ask::new(sql).run(db).await.map(drop)
    }

    pub(crate) async fn create_indexes(&self, db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        for (number, columns) in self.indexes.iter().enumerate() {
            let sql = format!("CREATE INDEX IF NOT EXISTS {0}_{number} ON {0} ({1})", self.name, columns.join(", "));
            Ask::new(sql).run(db).await?;
        }
        Ok(())
    }

    pub(crate) fn key_columns(&self) -> String {
        names(&self.columns[..self.key])
    }

    pub(crate) fn all_columns(&self) -> String {
        names(self.columns)
    }

    /// What becomes of a row whose key is there already.
    fn on_conflict(&self) -> String {
        let changed = self.columns[self.key..].iter().map(|(name, _)| format!("{name} = excluded.{name}")).collect::<Vec<_>>().join(", ");
        let what = if changed.is_empty() { "DO NOTHING".to_string() } else { format!("DO UPDATE SET {changed}") };
        format!("ON CONFLICT ({}) {what}", self.key_columns())
    }

    /// Writes rows of different keys, each replacing what was there under its key.
    pub(crate) async fn upsert(&self, rows: Vec<Vec<Value>>, db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        match db {
            Conn::Sqlite(db) => sqlite::upsert(self, rows, db).await,
            Conn::Postgres(db) => postgres::upsert(self, rows, db).await,
        }
    }

    pub(crate) async fn delete(&self, keys: Vec<Vec<Value>>, db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        match db {
            Conn::Sqlite(db) => sqlite::delete(self, keys, db).await,
            Conn::Postgres(db) => postgres::delete(self, keys, db).await,
        }
    }

    /// The documents of these keys, one text each.
    pub(crate) async fn docs_of<T: serde::de::DeserializeOwned>(&self, keys: &[String], db: &mut Conn<'_>) -> Result<Vec<T>, sqlx::Error> {
        if let Conn::Postgres(db) = db {
            return Row::postgres(postgres::rows_of(self, keys, db).await?).iter().map(|row| row.doc("doc")).collect();
        }
        let mut ask = Ask::new(format!("SELECT doc FROM {} WHERE {} IN (", self.name, self.key_columns()));
        for (number, key) in keys.iter().enumerate() {
            ask.push(if number == 0 { "" } else { ", " }).push_bind(Value::text(key));
        }
        ask.push(")");
        ask.docs(db).await
    }
}

fn names(columns: &[(&'static str, Kind)]) -> String {
    columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

/// What one batch of facts makes of the tables. Per table the keys are distinct: the last word on a row is the only one.
#[derive(Default)]
pub struct Writes {
    upserts: Vec<(&'static Table, Vec<Vec<Value>>)>,
    deletes: Vec<(&'static Table, Vec<Vec<Value>>)>,
}

impl Writes {
    pub fn upsert(&mut self, table: &'static Table, rows: Vec<Vec<Value>>) {
        if !rows.is_empty() {
            self.upserts.push((table, rows));
        }
    }
    pub fn delete(&mut self, table: &'static Table, keys: Vec<Vec<Value>>) {
        if !keys.is_empty() {
            self.deletes.push((table, keys));
        }
    }
    pub(crate) async fn apply(self, db: &mut Conn<'_>) -> Result<(), sqlx::Error> {
        for (table, keys) in self.deletes {
            table.delete(keys, db).await?;
        }
        for (table, rows) in self.upserts {
            table.upsert(rows, db).await?;
        }
        Ok(())
    }
}
