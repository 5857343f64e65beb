//! `docs/tables.md` says what the code does, and its role may read all of it and write nothing.

use super::{Bench, recorded};
use crate::{Place, follow::ledger, readings::tables, testing::postgres};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

const PAGE: &str = include_str!("../../../docs/tables.md");

/// What the page says: `table.column type` each, in order.
fn on_the_page() -> Vec<String> {
    let (mut table, mut columns) = ("", vec![]);
    for line in PAGE.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        match line.strip_prefix("## ") {
            Some(name) => table = name,
            None if cells.len() == 5 && cells[1] != "column" && !cells[1].starts_with('-') => {
                columns.push(format!("{table}.{} {}", cells[1], cells[2]))
            }
            None => {}
        }
    }
    columns
}

async fn connected(place: &Place) -> (PgConnection, String) {
    let Place::Postgres(place) = place else { panic!("the page is about Postgres") };
    let schema = place.schema().to_string();
    (PgConnection::connect_with(&place.within(&schema)).await.unwrap(), schema)
}

#[tokio::test]
async fn the_page_names_every_table_and_column_that_is_there() {
    let Some(bench) = Bench::postgres() else { return };
    drop(bench.open().await);
    let (mut db, schema) = connected(&bench.place).await;
    let asked = "SELECT table_name || '.' || column_name || ' ' || replace(data_type, 'timestamp with time zone', 'timestamptz')
                 FROM information_schema.columns WHERE table_schema = $1 ORDER BY table_name, ordinal_position";
    let there: Vec<String> = sqlx::query_scalar(asked).bind(schema).fetch_all(&mut db).await.unwrap();
    let mut page = on_the_page();
    // By table only: columns stay in their order.
    page.sort_by_key(|line| line.split('.').next().map(String::from));
    assert_eq!(there, page);
    bench.clean().await;
}

#[test]
fn the_page_names_every_table_of_the_code() {
    let page = on_the_page();
    for shape in ledger::shapes().iter().chain(&tables::shapes()) {
        for table in &shape.tables {
            let told: Vec<&str> = page.iter().filter_map(|line| line.strip_prefix(&format!("{}.", table.name))?.split(' ').next()).collect();
            let columns: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
            assert_eq!(told, columns, "{}", table.name);
        }
    }
}

#[tokio::test]
async fn the_role_on_the_page_reads_everything_over_rebuilds_and_writes_nothing() {
    let Some(bench) = Bench::postgres() else { return };
    let (log, _) = recorded();
    let projections = bench.caught_up(&log).await;
    let (mut db, schema) = connected(&bench.place).await;
    let role = format!("reader_{schema}");
    let sql = PAGE.split("```sql\n").nth(1).unwrap().split("```").next().unwrap();
    let sql = sql.replace("SCHEMA millwright", &format!("SCHEMA {schema}")).replace("search_path = millwright", &format!("search_path = {schema}"));
    sqlx::raw_sql(AssertSqlSafe(sql.replace("grafana", &role))).execute(&mut db).await.unwrap();
    projections.rebuild(&log).await.unwrap();
    let url: sqlx::postgres::PgConnectOptions = postgres::url().unwrap().parse().unwrap();
    let mut reader = PgConnection::connect_with(&url.username(&role).password("choose one")).await.unwrap();
    for table in on_the_page().iter().map(|line| line.split('.').next().unwrap()) {
        sqlx::query(AssertSqlSafe(format!("SELECT * FROM {table}"))).fetch_all(&mut reader).await.unwrap();
    }
    let cases: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM cases WHERE opened_at < now()").fetch_one(&mut reader).await.unwrap();
    assert_eq!(cases, 2);
    for denied in ["DELETE FROM cases", "SET default_transaction_read_only = off; DELETE FROM cases"] {
        assert!(sqlx::raw_sql(denied).execute(&mut reader).await.is_err(), "{denied}");
    }
    reader.close().await.unwrap();
    drop(projections);
    bench.clean().await;
    sqlx::raw_sql(AssertSqlSafe(format!("DROP OWNED BY {role}; DROP ROLE {role}"))).execute(&mut db).await.unwrap();
}
