//! How values go to SQLite: times as microseconds, documents as text.

use super::Value;
use sqlx::{AssertSqlSafe, Sqlite, query::Query, sqlite::SqliteArguments};

pub(super) fn query(sql: &str, values: Vec<Value>) -> Query<'static, Sqlite, SqliteArguments> {
    values.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), bind)
}

pub(crate) fn bind(query: Query<'static, Sqlite, SqliteArguments>, value: Value) -> Query<'static, Sqlite, SqliteArguments> {
    match value {
        Value::Text(text) | Value::Doc(text) => query.bind(text),
        Value::Whole(number) => query.bind(number),
        Value::Real(number) => query.bind(number),
        Value::Time(time) => query.bind(time.micros()),
        Value::Bytes(bytes) => query.bind(bytes),
        Value::Null => query.bind(None::<i64>),
    }
}
