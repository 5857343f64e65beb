//! One row of an answer, read by the names of its columns.

use super::postgres::PgTime;
use millwright_domain::Timestamp;
use serde::de::DeserializeOwned;
use sqlx::{
    Row as _, ValueRef as _,
    postgres::{PgRow, PgValueFormat},
    sqlite::SqliteRow,
};

pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub(crate) fn sqlite(rows: Vec<SqliteRow>) -> Vec<Self> {
        rows.into_iter().map(Self::Sqlite).collect()
    }
    pub(crate) fn postgres(rows: Vec<PgRow>) -> Vec<Self> {
        rows.into_iter().map(Self::Postgres).collect()
    }

    pub fn text(&self, column: &str) -> Result<String, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
    pub fn maybe_text(&self, column: &str) -> Result<Option<String>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
    pub fn count(&self, column: &str) -> Result<u64, sqlx::Error> {
        let number: i64 = match self {
            Self::Sqlite(row) => row.try_get(column)?,
            Self::Postgres(row) => row.try_get(column)?,
        };
        Ok(number.unsigned_abs())
    }
    pub fn maybe_real(&self, column: &str) -> Result<Option<f64>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
    pub fn bytes(&self, column: &str) -> Result<Vec<u8>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
    pub fn maybe_time(&self, column: &str) -> Result<Option<Timestamp>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_micros)),
            Self::Postgres(row) => Ok(row.try_get::<Option<PgTime>, _>(column)?.map(Timestamp::from)),
        }
    }
    pub fn time(&self, column: &str) -> Result<Timestamp, sqlx::Error> {
        self.maybe_time(column)?.ok_or_else(|| sqlx::Error::Decode(format!("column {column} holds no time").into()))
    }
    /// Reads back what we stored as text.
    pub fn parsed<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(&self, column: &str) -> Result<T, sqlx::Error> {
        self.text(column)?.parse().map_err(undecodable)
    }
    pub fn doc<T: DeserializeOwned>(&self, column: &str) -> Result<T, sqlx::Error> {
        self.maybe_doc(column)?.ok_or_else(|| sqlx::Error::Decode(format!("column {column} holds no document").into()))
    }
    /// A document as it was written.
    pub fn maybe_doc<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => {
                let text: Option<String> = row.try_get(column)?;
                text.map(|text| serde_json::from_str(&text)).transpose().map_err(undecodable)
            }
            Self::Postgres(row) => {
                let raw = row.try_get_raw(column)?;
                if raw.is_null() {
                    return Ok(None);
                }
                let bytes = raw.as_bytes().map_err(sqlx::Error::Decode)?;
                // Over the binary protocol `jsonb` is a version byte and the text.
                let text = if raw.format() == PgValueFormat::Binary { bytes.get(1..).unwrap_or_default() } else { bytes };
                serde_json::from_slice(text).map(Some).map_err(undecodable)
            }
        }
    }
}

fn undecodable(cause: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(cause))
}
