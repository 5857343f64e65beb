//! Writing whole rows into SQLite: many a statement, in few sizes.

use super::{Kind, Table, Value};
use crate::db::sqlite::bind;
use sqlx::{AssertSqlSafe, SqliteConnection};

pub(super) const fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Doc => "TEXT",
        Kind::Whole | Kind::Time => "INTEGER",
        Kind::Real => "REAL",
        Kind::Bytes => "BLOB",
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

/// `(?, ?), (?, ?), …`
fn places(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(", "));
    vec![row.as_str(); rows].join(", ")
}

pub(super) async fn upsert(table: &Table, rows: Vec<Vec<Value>>, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let (begin, end) = (format!("INSERT INTO {} ({})", table.name, table.all_columns()), table.on_conflict());
    for piece in pieces(rows) {
        let sql = format!("{begin} VALUES {} {end}", places(piece.len(), table.columns.len()));
        run(sql, piece, db).await?;
    }
    Ok(())
}

pub(super) async fn delete(table: &Table, keys: Vec<Vec<Value>>, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for piece in pieces(keys) {
        let sql = format!("DELETE FROM {} WHERE ({}) IN (VALUES {})", table.name, table.key_columns(), places(piece.len(), table.key));
        run(sql, piece, db).await?;
    }
    Ok(())
}

async fn run(sql: String, rows: Vec<Vec<Value>>, db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let query = rows.into_iter().flatten().fold(sqlx::query(AssertSqlSafe(sql)), bind);
    query.execute(db).await.map(drop)
}
