//! Tables and whole-row writes: the one place that makes SQL for storing, so that a second database is a second dialect here.

use millwright_domain::Timestamp;
use sqlx::{AssertSqlSafe, QueryBuilder, Sqlite, SqliteConnection, query_builder::Separated};

/// A table by its columns. Rows are always written whole, in the order of `columns`.
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [(&'static str, Kind)],
    /// The first so many columns are the primary key.
    pub key: usize,
    pub indexes: &'static [&'static [&'static str]],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Whole,
    Real,
    /// Microseconds on SQLite.
    Time,
    /// JSON.
    Doc,
    Bytes,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Text(String),
    Whole(i64),
    Real(f64),
    Time(Timestamp),
    Bytes(Vec<u8>),
    Null,
}

impl Value {
    pub fn text(shown: impl ToString) -> Self {
        Self::Text(shown.to_string())
    }
    /// Sequence numbers and counts; what does not fit has long been wrong.
    pub fn count(count: u64) -> Self {
        Self::Whole(i64::try_from(count).unwrap_or(i64::MAX))
    }
    pub fn doc(value: &impl serde::Serialize) -> Self {
        Self::Text(serde_json::to_string(value).expect("rows have string keys and finite numbers, so they serialise"))
    }
    pub fn maybe<T>(value: Option<T>, make: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, make)
    }
}

/// Rows a statement. Few sizes, so that each statement is prepared once; beyond 500 rows one gains nothing.
const ROWS_A_STATEMENT: [usize; 4] = [500, 50, 7, 1];

/// Takes the rows out in pieces of those sizes.
fn pieces<T>(mut rows: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    std::iter::from_fn(move || {
        let size = ROWS_A_STATEMENT.into_iter().find(|size| *size <= rows.len())?;
        let rest = rows.split_off(size);
        Some(std::mem::replace(&mut rows, rest))
    })
}

impl Table {
    pub(crate) async fn create(&self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query(AssertSqlSafe(self.create_sql())).execute(db).await.map(drop)
    }

    pub(crate) async fn create_indexes(&self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for (number, columns) in self.indexes.iter().enumerate() {
            let sql = format!("CREATE INDEX IF NOT EXISTS {0}_{number} ON {0} ({1})", self.name, columns.join(", "));
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *db).await?;
        }
        Ok(())
    }

    pub(crate) async fn drop_if_there(&self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        sqlx::query(AssertSqlSafe(format!("DROP TABLE IF EXISTS {}", self.name))).execute(db).await.map(drop)
    }

    fn create_sql(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|(name, kind)| format!("{name} {}", kind.sqlite())).collect();
        // WITHOUT ROWID clusters rows by their key: a curve is then one range of pages.
        format!("CREATE TABLE IF NOT EXISTS {} ({}, PRIMARY KEY ({})) WITHOUT ROWID", self.name, columns.join(", "), self.key_columns())
    }

    pub(crate) fn key_columns(&self) -> String {
        self.names(&self.columns[..self.key])
    }

    pub(crate) fn all_columns(&self) -> String {
        self.names(self.columns)
    }

    fn names(&self, columns: &[(&'static str, Kind)]) -> String {
        columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// Writes rows of different keys, each replacing what was there under its key.
    pub(crate) async fn upsert(&self, rows: Vec<Vec<Value>>, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let changed = self.columns[self.key..].iter().map(|(name, _)| format!("{name} = excluded.{name}")).collect::<Vec<_>>().join(", ");
        let on_conflict = if changed.is_empty() { "DO NOTHING".to_string() } else { format!("DO UPDATE SET {changed}") };
        for piece in pieces(rows) {
            let mut sql = QueryBuilder::<Sqlite>::new(format!("INSERT INTO {} ({}) ", self.name, self.all_columns()));
            sql.push_values(piece, |mut tuple, row| row.into_iter().for_each(|value| bind(&mut tuple, value)));
            sql.push(format!(" ON CONFLICT ({}) {on_conflict}", self.key_columns()));
            sql.build().execute(&mut *db).await?;
        }
        Ok(())
    }

    pub(crate) async fn delete(&self, keys: Vec<Vec<Value>>, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for piece in pieces(keys) {
            let mut sql = QueryBuilder::<Sqlite>::new(format!("DELETE FROM {} WHERE ({}) IN (VALUES ", self.name, self.key_columns()));
            push_tuples(&mut sql, piece);
            sql.push(")");
            sql.build().execute(&mut *db).await?;
        }
        Ok(())
    }
}

fn push_tuples(sql: &mut QueryBuilder<Sqlite>, rows: Vec<Vec<Value>>) {
    for (number, row) in rows.into_iter().enumerate() {
        sql.push(if number == 0 { "(" } else { ", (" });
        let mut tuple = sql.separated(", ");
        row.into_iter().for_each(|value| bind(&mut tuple, value));
        sql.push(")");
    }
}

fn bind(tuple: &mut Separated<'_, Sqlite, &'static str>, value: Value) {
    match value {
        Value::Text(text) => tuple.push_bind(text),
        Value::Whole(number) => tuple.push_bind(number),
        Value::Real(number) => tuple.push_bind(number),
        Value::Time(time) => tuple.push_bind(time.micros()),
        Value::Bytes(bytes) => tuple.push_bind(bytes),
        Value::Null => tuple.push_bind(None::<i64>),
    };
}

impl Kind {
    const fn sqlite(self) -> &'static str {
        match self {
            Self::Text | Self::Doc => "TEXT",
            Self::Whole | Self::Time => "INTEGER",
            Self::Real => "REAL",
            Self::Bytes => "BLOB",
        }
    }
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
    pub(crate) async fn apply(self, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        for (table, keys) in self.deletes {
            table.delete(keys, db).await?;
        }
        for (table, rows) in self.upserts {
            table.upsert(rows, db).await?;
        }
        Ok(())
    }
}
