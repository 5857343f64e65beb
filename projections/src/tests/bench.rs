//! Where a test keeps its projections: a folder or a schema of its own.

use crate::{
    Place, Postgres, Projections, StoreError,
    testing::{MemoryLog, postgres},
};
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

pub(crate) struct Bench {
    pub place: Place,
    _dir: Option<TempDir>,
}

/// Makes two tests of each function, one an engine.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $test() {
                super::$test(&$crate::tests::Bench::sqlite()).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test] async fn $test() {
                if let Some(bench) = $crate::tests::Bench::postgres() {
                    super::$test(&bench).await;
                    bench.clean().await;
                }
            })+
        }
    };
}
pub(crate) use on_both;

impl Bench {
    pub fn sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { place: Place::Folder(dir.path().to_path_buf()), _dir: Some(dir) }
    }
    pub fn postgres() -> Option<Self> {
        postgres::url().map(|url| Self::on(&url))
    }
    pub fn on(url: &str) -> Self {
        let place = Postgres::at(url).unwrap().in_schema(&postgres::fresh_schema()).unwrap();
        Self { place: Place::Postgres(place), _dir: None }
    }

    /// Another one of the same engine.
    pub fn like(other: &Self) -> Self {
        match &other.place {
            Place::Folder(_) => Self::sqlite(),
            Place::Postgres(place) => Self { place: Place::Postgres(place.clone().in_schema(&postgres::fresh_schema()).unwrap()), _dir: None },
        }
    }

    pub async fn try_open(&self) -> Result<Projections, StoreError> {
        Projections::open_at(self.place.clone()).await
    }
    pub async fn open(&self) -> Projections {
        self.try_open().await.unwrap()
    }
    pub async fn caught_up(&self, log: &MemoryLog) -> Projections {
        let projections = self.open().await;
        projections.catch_up(log).await.unwrap();
        projections
    }

    /// Does something to the ledger's first tables behind the program's back.
    pub async fn tamper(&self, sql: &'static str) {
        self.tamper_with("ledger-1.db", "ledger_1", sql).await;
    }
    /// The same to the readings' first tables.
    pub async fn tamper_with_readings(&self, sql: &'static str) {
        self.tamper_with("readings-1.db", "readings_1", sql).await;
    }
    /// The same to those that a rebuild was stopped at.
    pub async fn tamper_with_building(&self, sql: &'static str) {
        self.tamper_with("ledger-2.building", "ledger_2", sql).await;
    }
    async fn tamper_with(&self, file: &str, schema: &str, sql: &'static str) {
        match &self.place {
            Place::Folder(dir) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(dir.join(file));
                let mut other = sqlx::ConnectOptions::connect(&options).await.unwrap();
                sqlx::query(sql).execute(&mut other).await.unwrap();
            }
            Place::Postgres(place) => {
                let options = place.within(&format!("{}_{schema}", place.schema()));
                let mut other = PgConnection::connect_with(&options).await.unwrap();
                sqlx::query(sql).execute(&mut other).await.unwrap();
            }
        }
    }

    /// Leaves nothing behind on a server that others use.
    pub async fn clean(self) {
        let Place::Postgres(place) = &self.place else { return };
        let mut db = PgConnection::connect_with(&place.within("public")).await.unwrap();
        let like = format!("{}%", place.schema().replace('_', "\\_"));
        let schemas: Vec<String> =
            sqlx::query_scalar("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE $1").bind(like).fetch_all(&mut db).await.unwrap();
        let mine = schemas.into_iter().filter(|schema| schema == place.schema() || schema.starts_with(&format!("{}_", place.schema())));
        for schema in mine {
            sqlx::raw_sql(sqlx::AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {schema} CASCADE"))).execute(&mut db).await.unwrap();
        }
    }
}
