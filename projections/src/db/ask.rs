//! A question in SQL that both databases understand: `$1`, `$2`, … stand for values.

use super::{Conn, Db, Pool, Row, Value, postgres, sqlite};
use async_trait::async_trait;
use millwright_domain::ids::SiteId;
use serde::de::DeserializeOwned;
use std::{collections::BTreeMap, fmt::Display};

pub(crate) struct Ask {
    sql: String,
    values: Vec<Value>,
}

/// Where a question can be put.
#[async_trait]
pub(crate) trait Asked: Send {
    async fn rows(self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error>;
}

impl Ask {
    pub fn new(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), values: Vec::new() }
    }
    /// The value of the next number.
    pub fn bind(mut self, value: Value) -> Self {
        self.values.push(value);
        self
    }
    pub fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }
    pub fn push_bind(&mut self, value: Value) -> &mut Self {
        self.values.push(value);
        self.sql.push_str(&format!("${}", self.values.len()));
        self
    }
    /// Values in a row, as a list of SQL has them.
    pub fn push_list(&mut self, values: impl IntoIterator<Item = Value>) -> &mut Self {
        self.push("(");
        for (number, value) in values.into_iter().enumerate() {
            self.push(if number == 0 { "" } else { ", " }).push_bind(value);
        }
        self.push(")")
    }

    /// Of so many sites' things, `name` being the column that names a thing within its site.
    pub fn push_named<N: Display>(&mut self, name: &str, named: &[(SiteId, N)]) -> &mut Self {
        let mut by_site: BTreeMap<&SiteId, Vec<&N>> = BTreeMap::new();
        named.iter().for_each(|(site, thing)| by_site.entry(site).or_default().push(thing));
        for (number, (site, things)) in by_site.into_iter().enumerate() {
            self.push(if number == 0 { "(" } else { " OR " }).push("(site = ").push_bind(Value::text(site));
            self.push(&format!(" AND {name} IN ")).push_list(things.into_iter().map(Value::text)).push(")");
        }
        self.push(")")
    }

    pub async fn rows(self, of: impl Asked) -> Result<Vec<Row>, sqlx::Error> {
        of.rows(self.sql, self.values).await
    }
    pub async fn row(self, of: impl Asked) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.rows(of).await?.into_iter().next())
    }
    /// The documents of a question whose one column is `doc`.
    pub async fn docs<T: DeserializeOwned>(self, of: impl Asked) -> Result<Vec<T>, sqlx::Error> {
        self.rows(of).await?.iter().map(|row| row.doc("doc")).collect()
    }
    pub async fn doc<T: DeserializeOwned>(self, of: impl Asked) -> Result<Option<T>, sqlx::Error> {
        self.row(of).await?.map(|row| row.doc("doc")).transpose()
    }
    /// Does it, and says to how many rows.
    pub async fn run(self, on: &mut Conn<'_>) -> Result<u64, sqlx::Error> {
        match on {
            Conn::Sqlite(db) => Ok(sqlite::query(&self.sql, self.values).execute(&mut **db).await?.rows_affected()),
            Conn::Postgres(db) => Ok(postgres::query(&self.sql, self.values).execute(&mut **db).await?.rows_affected()),
        }
    }
}

#[async_trait]
impl Asked for &Db {
    async fn rows(self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        self.count();
        match &self.pool {
            Pool::Sqlite(pool) => Ok(Row::sqlite(sqlite::query(&sql, values).fetch_all(pool).await?)),
            Pool::Postgres(pool) => Ok(Row::postgres(postgres::query(&sql, values).fetch_all(pool).await?)),
        }
    }
}

#[async_trait]
impl Asked for &mut Conn<'_> {
    async fn rows(self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Conn::Sqlite(db) => Ok(Row::sqlite(sqlite::query(&sql, values).fetch_all(&mut **db).await?)),
            Conn::Postgres(db) => Ok(Row::postgres(postgres::query(&sql, values).fetch_all(&mut **db).await?)),
        }
    }
}
