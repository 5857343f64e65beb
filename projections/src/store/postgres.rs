//! Generations as Postgres schemas: `millwright_ledger_1`, after a rebuild `millwright_ledger_2`, … What people and Grafana
//! read are views in `millwright`, which a swap points at the next generation in one transaction.

use super::{PARKED, Shape, Store, StoreError, Writing, admit, close, create, create_indexes, versions};
use crate::{
    db::{Ask, Conn, Db, Pool},
    place::Postgres,
    table::Table,
};
use sqlx::{Connection as _, PgConnection, PgPool, Transaction, postgres::PgPoolOptions};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// One database, and the pool that all its generations are read by.
pub(crate) struct House {
    place: Postgres,
    readers: PgPool,
}

/// Positions of the kept tables, which nobody moves while this is held.
pub(crate) type Frozen = Transaction<'static, sqlx::Postgres>;

/// The first that ends quiet sessions by itself, which a turn to fold depends on.
const OLDEST: i32 = 140_000;
const READERS: u32 = 8;
const WRITERS: u32 = 4;
const LOOKERS: u32 = 2;
/// In milliseconds, and generous: what folding asks for takes seconds at most.
const STATEMENT: &str = "100000";
const PATIENCE: Duration = Duration::from_secs(10);
/// A swap waits no longer than this at a time for somebody who reads, or whoever wants to read next would wait for it.
const SWAP_WAITS: &str = "SET LOCAL lock_timeout = '200ms'";
const SWAP_TRIES: u32 = 150;

impl House {
    pub fn of(place: Postgres) -> Self {
        let readers = PgPoolOptions::new().max_connections(READERS).acquire_timeout(PATIENCE).connect_lazy_with(place.within(place.schema()));
        Self { place, readers }
    }

    pub fn place(&self) -> &Postgres {
        &self.place
    }

    /// The generation that is in place; the first is made if there is none.
    pub async fn current(&self, lane: &str, shapes: &[Shape]) -> Result<Store, StoreError> {
        let number = self.prepared(lane, shapes).await.map_err(|cause| self.failed("prepare", cause))?;
        self.open(lane, number, shapes).await
    }

    /// The number of the generation that is in place now: another program may have swapped.
    pub async fn number(&self, lane: &str) -> Result<u64, sqlx::Error> {
        let number: i64 =
            sqlx::query_scalar("SELECT number FROM generations WHERE lane = $1").bind(lane.to_string()).fetch_one(&self.readers).await?;
        Ok(number.unsigned_abs())
    }

    /// The next one, as far as it was built by this program's versions.
    pub async fn building(&self, lane: &str, shapes: &[Shape]) -> Result<Store, StoreError> {
        let failed = |cause| self.failed("prepare a new generation of", cause);
        let number = self.number(lane).await.map_err(failed)? + 1;
        let schema = self.schema(lane, number);
        let mut db = self.connect(&schema).await.map_err(failed)?;
        let is_there = has_schema(&schema, &mut db).await.map_err(failed)?;
        let is_ours = is_there && {
            let found = versions(&mut Conn::Postgres(&mut db)).await.map_err(failed)?;
            shapes.iter().all(|shape| found.get(shape.name) == Some(&shape.version))
        };
        if !is_ours {
            make(&schema, shapes, &mut db).await.map_err(failed)?;
        }
        self.open(lane, number, shapes).await
    }

    /// The right to rebuild, for as long as it is held; `None` if another program has it.
    pub async fn claim(&self, lane: &str) -> Result<Option<PgConnection>, StoreError> {
        let asked = async {
            let mut db = self.connect(self.place.schema()).await?;
            let lock = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))");
            let is_ours: bool = lock.bind(format!("rebuild {lane} {}", self.place.schema())).fetch_one(&mut db).await?;
            Ok(is_ours.then_some(db))
        };
        asked.await.map_err(|cause| self.failed("ask for the right to rebuild", cause))
    }

    /// Holds whoever folds into these tables back, until what is returned was given to [`House::swap`] or dropped.
    pub async fn freeze(&self, kept: &Store) -> Result<Option<Frozen>, StoreError> {
        let Writing::Postgres(pool) = &kept.writer else { return Ok(None) };
        let failed = |cause| self.failed("hold still", cause);
        let mut frozen = pool.begin().await.map_err(failed)?;
        for sql in ["SET LOCAL lock_timeout = '30s'", "LOCK TABLE positions IN EXCLUSIVE MODE"] {
            sqlx::query(sql).execute(&mut *frozen).await.map_err(failed)?;
        }
        Ok(Some(frozen))
    }

    /// Points the views at what was built and drops the former generation, all at once or not at all.
    pub async fn swap(&self, lane: &str, kept: &Store, built: Arc<Store>, mut frozen: Frozen, shapes: &[Shape]) -> Result<Arc<Store>, StoreError> {
        let failed = |cause| self.failed("put in place", cause);
        {
            // Not by a folding connection: indexes of big tables take longer than any batch.
            let mut db = self.connect(&self.schema(lane, built.generation)).await.map_err(failed)?;
            create_indexes(shapes, &mut Conn::Postgres(&mut db)).await.map_err(failed)?;
        }
        let steps = self.steps(lane, kept, &built, shapes);
        let mut tries = 0;
        loop {
            let mut attempt = frozen.begin().await.map_err(failed)?;
            tries += 1;
            match run_all(&steps, &mut attempt).await {
                Ok(()) => break attempt.commit().await.map_err(failed)?,
                // Somebody reads the former tables: let them, and whoever waits behind us, finish.
                Err(cause) if is_held(&cause) && tries < SWAP_TRIES => attempt.rollback().await.map_err(failed)?,
                Err(cause) => return Err(failed(cause)),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        frozen.commit().await.map_err(failed)?;
        Ok(built)
    }

    pub async fn discard(&self, lane: &str, built: Arc<Store>) -> Result<(), StoreError> {
        let schema = self.schema(lane, built.generation);
        close(built).await;
        let failed = |cause| self.failed("remove a generation of", cause);
        let mut db = self.connect(&schema).await.map_err(failed)?;
        run_all(&[format!("DROP SCHEMA IF EXISTS {schema} CASCADE")], &mut db).await.map_err(failed)
    }

    fn steps(&self, lane: &str, kept: &Store, built: &Store, shapes: &[Shape]) -> Vec<String> {
        let drop_former = format!("DROP SCHEMA {} CASCADE", self.schema(lane, kept.generation));
        let views = self.views(lane, built.generation, shapes);
        let number = format!("UPDATE {}.generations SET number = {} WHERE lane = '{lane}'", self.place.schema(), built.generation);
        let mut steps = vec![SWAP_WAITS.to_string()];
        if kept.is_outdated(shapes) {
            // A view cannot lose a column: those of the former version go with its tables.
            steps.push(drop_former);
            steps.extend(views);
        } else {
            steps.extend(views);
            steps.push(drop_former);
        }
        steps.push(number);
        steps
    }

    fn views(&self, lane: &str, number: u64, shapes: &[Shape]) -> Vec<String> {
        let view = |seen_as: &str, table: &Table| {
            let (seen_in, kept_in) = (self.place.schema(), self.schema(lane, number));
            format!("CREATE OR REPLACE VIEW {seen_in}.{seen_as} AS SELECT {} FROM {kept_in}.{}", table.all_columns(), table.name)
        };
        let mut views: Vec<String> = shapes.iter().flat_map(|shape| &shape.tables).map(|table| view(table.name, table)).collect();
        views.push(view(&format!("{lane}_positions"), &super::POSITIONS));
        if lane == crate::home::LEDGER {
            views.push(view(PARKED.name, &PARKED));
        }
        views
    }

    async fn prepared(&self, lane: &str, shapes: &[Shape]) -> Result<u64, sqlx::Error> {
        let seen_in = self.place.schema();
        let mut db = self.connect(seen_in).await?;
        let version: i32 = sqlx::query_scalar("SELECT current_setting('server_version_num')::int").fetch_one(&mut db).await?;
        if version < OLDEST {
            return Err(sqlx::Error::Configuration("this Postgres is older than 14; use a newer one".into()));
        }
        let mut transaction = db.begin().await?;
        // Two programs may start at once.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind(format!("prepare {seen_in}")).execute(&mut *transaction).await?;
        if !has_schema(seen_in, &mut transaction).await? {
            let generations = format!("CREATE TABLE {seen_in}.generations (lane TEXT PRIMARY KEY, number BIGINT NOT NULL)");
            run_all(&[format!("CREATE SCHEMA {seen_in}"), generations], &mut transaction).await?;
        }
        let known: Option<i64> =
            sqlx::query_scalar("SELECT number FROM generations WHERE lane = $1").bind(lane.to_string()).fetch_optional(&mut *transaction).await?;
        if known.is_none() {
            make(&self.schema(lane, 1), shapes, &mut transaction).await?;
            create_indexes(shapes, &mut Conn::Postgres(&mut transaction)).await?;
            let mut steps = vec![format!("INSERT INTO {seen_in}.generations VALUES ('{lane}', 1)")];
            steps.extend(self.views(lane, 1, shapes));
            run_all(&steps, &mut transaction).await?;
        }
        transaction.commit().await?;
        db.close().await?;
        Ok(known.map_or(1, i64::unsigned_abs))
    }

    async fn open(&self, lane: &str, generation: u64, shapes: &[Shape]) -> Result<Store, StoreError> {
        let schema = self.schema(lane, generation);
        let pool = |size| PgPoolOptions::new().max_connections(size).acquire_timeout(PATIENCE);
        let own = pool(LOOKERS).connect_lazy_with(self.place.within(&schema));
        let writer = pool(WRITERS).connect_lazy_with(self.place.within(&schema).options([("statement_timeout", STATEMENT)]));
        let found: Result<HashMap<String, u32>, sqlx::Error> = async { versions(&mut Conn::Postgres(&mut *own.acquire().await?)).await }.await;
        let found = found.map_err(|cause| self.failed("open", cause))?;
        let place = format!("{} ({schema})", self.place);
        admit(shapes, &found, &place)?;
        let readers = Db::new(Pool::Postgres(self.readers.clone()));
        Ok(Store { place, generation, versions: found, readers, own: Db::new(Pool::Postgres(own)), writer: Writing::Postgres(writer) })
    }

    fn schema(&self, lane: &str, number: u64) -> String {
        format!("{}_{lane}_{number}", self.place.schema())
    }

    async fn connect(&self, schema: &str) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect_with(&self.place.within(schema)).await
    }

    fn failed(&self, doing: &'static str, cause: sqlx::Error) -> StoreError {
        StoreError::Database { doing, place: self.place.to_string(), cause }
    }
}

/// An empty generation, in place of what may be there under its name.
async fn make(schema: &str, shapes: &[Shape], db: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut transaction = db.begin().await?;
    let steps = [format!("DROP SCHEMA IF EXISTS {schema} CASCADE"), format!("CREATE SCHEMA {schema}"), format!("SET LOCAL search_path TO {schema}")];
    run_all(&steps, &mut transaction).await?;
    create(shapes, &mut Conn::Postgres(&mut transaction)).await?;
    transaction.commit().await
}

async fn has_schema(schema: &str, db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)").bind(schema.to_string()).fetch_one(db).await
}

async fn run_all(steps: &[String], db: &mut PgConnection) -> Result<(), sqlx::Error> {
    for step in steps {
        Ask::new(step).run(&mut Conn::Postgres(&mut *db)).await?;
    }
    Ok(())
}

/// Somebody else holds a lock that we want.
fn is_held(cause: &sqlx::Error) -> bool {
    let code = cause.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("55P03" | "40P01"))
}
