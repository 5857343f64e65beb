//! Writing whole rows into Postgres: one array a column, so that one prepared statement takes any number of rows. COPY into a
//! temporary table and an upsert from there was measured beside it, and was no faster.

use super::{Kind, Table, Value};
use crate::db::postgres::{PgTime, plain_json, plain_text};
use sqlx::{
    AssertSqlSafe, PgConnection, Postgres,
    postgres::{PgArguments, PgRow},
    query::Query,
};

/// Text is ordered by its bytes, as on SQLite: cursors and pages are then the same.
pub(super) const fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "TEXT COLLATE \"C\"",
        Kind::Doc => "JSONB",
        Kind::Whole => "BIGINT",
        Kind::Time => "TIMESTAMPTZ",
        Kind::Real => "DOUBLE PRECISION",
        Kind::Bytes => "BYTEA",
    }
}

/// Documents go as text: a prepared statement then needs no type that the driver would have to look up.
const fn array_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Doc => "text[]",
        Kind::Whole => "bigint[]",
        Kind::Time => "timestamptz[]",
        Kind::Real => "double precision[]",
        Kind::Bytes => "bytea[]",
    }
}

/// Keeps a statement's arrays well below what Postgres takes in one message.
const ROWS_A_STATEMENT: usize = 5_000;

pub(super) async fn upsert(table: &Table, rows: Vec<Vec<Value>>, db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let taken: Vec<String> =
        table.columns.iter().map(|(name, kind)| if *kind == Kind::Doc { format!("{name}::jsonb") } else { (*name).into() }).collect();
    let sql = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} {}",
        table.name,
        table.all_columns(),
        taken.join(", "),
        unnested(table.columns),
        table.on_conflict()
    );
    run(&sql, table.columns, rows, db).await
}

pub(super) async fn delete(table: &Table, keys: Vec<Vec<Value>>, db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let columns = &table.columns[..table.key];
    let names = table.key_columns();
    let sql = format!("DELETE FROM {} WHERE ({names}) IN (SELECT {names} FROM {})", table.name, unnested(columns));
    run(&sql, columns, keys, db).await
}

/// The rows of these keys, one text each.
pub(super) async fn rows_of(table: &Table, keys: &[String], db: &mut PgConnection) -> Result<Vec<PgRow>, sqlx::Error> {
    let keys: Vec<String> = keys.iter().map(|key| plain_text(key.clone())).collect();
    let sql = format!("SELECT doc FROM {} WHERE {} = ANY($1)", table.name, table.key_columns());
    sqlx::query(AssertSqlSafe(sql)).bind(keys).fetch_all(db).await
}

/// `UNNEST($1::text[], …) AS given (site, …)`
fn unnested(columns: &[(&str, Kind)]) -> String {
    let arrays: Vec<String> = columns.iter().enumerate().map(|(number, (_, kind))| format!("${}::{}", number + 1, array_of(*kind))).collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    format!("UNNEST({}) AS given ({})", arrays.join(", "), names.join(", "))
}

async fn run(sql: &str, columns: &[(&str, Kind)], rows: Vec<Vec<Value>>, db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let mut arrays: Vec<Column> = columns.iter().map(|(_, kind)| Column::of(*kind)).collect();
        for row in rows.by_ref().take(ROWS_A_STATEMENT) {
            arrays.iter_mut().zip(row).try_for_each(|(array, value)| array.push(value))?;
        }
        let query = arrays.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, array| array.bind(query));
        query.execute(&mut *db).await?;
    }
    Ok(())
}

/// The values of one column.
enum Column {
    Text(Vec<Option<String>>),
    Whole(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Time(Vec<Option<PgTime>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Column {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Text | Kind::Doc => Self::Text(Vec::new()),
            Kind::Whole => Self::Whole(Vec::new()),
            Kind::Real => Self::Real(Vec::new()),
            Kind::Time => Self::Time(Vec::new()),
            Kind::Bytes => Self::Bytes(Vec::new()),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), sqlx::Error> {
        match (self, value) {
            (Self::Text(column), Value::Text(text)) => column.push(Some(plain_text(text))),
            (Self::Text(column), Value::Doc(json)) => column.push(Some(plain_json(json))),
            (Self::Whole(column), Value::Whole(number)) => column.push(Some(number)),
            (Self::Real(column), Value::Real(number)) => column.push(Some(number)),
            (Self::Time(column), Value::Time(time)) => column.push(Some(time.into())),
            (Self::Bytes(column), Value::Bytes(bytes)) => column.push(Some(bytes)),
            (Self::Text(column), Value::Null) => column.push(None),
            (Self::Whole(column), Value::Null) => column.push(None),
            (Self::Real(column), Value::Null) => column.push(None),
            (Self::Time(column), Value::Null) => column.push(None),
            (Self::Bytes(column), Value::Null) => column.push(None),
            (_, value) => return Err(sqlx::Error::Encode(format!("{value:?} is of another kind than its column").into())),
        }
        Ok(())
    }

    fn bind(self, query: Query<'_, Postgres, PgArguments>) -> Query<'_, Postgres, PgArguments> {
        match self {
            Self::Text(column) => query.bind(column),
            Self::Whole(column) => query.bind(column),
            Self::Real(column) => query.bind(column),
            Self::Time(column) => query.bind(column),
            Self::Bytes(column) => query.bind(column),
        }
    }
}
