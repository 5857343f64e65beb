//! Generations as SQLite files: `ledger-1.db`, after a rebuild `ledger-2.db`, … The highest number counts.

use super::{Shape, Store, StoreError, Writing, admit, close, create, create_indexes, versions};
use crate::db::{Conn, Db, Pool};
use sqlx::{
    SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::Mutex;

/// The databases of one name in a folder.
pub(crate) struct Files<'a> {
    dir: &'a Path,
    name: &'static str,
}

impl<'a> Files<'a> {
    pub fn of(dir: &'a Path, name: &'static str) -> Self {
        Self { dir, name }
    }

    /// The latest finished one, which is made if there is none; older ones go.
    pub async fn current(&self, shapes: &[Shape]) -> Result<Store, StoreError> {
        let failed =
            |cause| StoreError::Database { doing: "make the folder of", place: self.dir.display().to_string(), cause: sqlx::Error::Io(cause) };
        fs::create_dir_all(self.dir).map_err(failed)?;
        let latest = self.latest();
        for entry in fs::read_dir(self.dir).map_err(failed)?.flatten() {
            let path = entry.path();
            // What a rebuild was stopped at is gone on with, if it is to be the next.
            let is_stale = self.number(&path, ".db").is_some_and(|number| number < latest)
                || self.number(&path, ".building").is_some_and(|number| number != latest + 1);
            if is_stale {
                remove(&path).map_err(failed)?;
            }
        }
        open(&self.path(latest), latest, shapes).await
    }

    /// The next one, as far as it was built by this program's versions.
    pub async fn building(&self, shapes: &[Shape]) -> Result<Store, StoreError> {
        let number = self.latest() + 1;
        let path = self.path(number).with_extension("building");
        if path.exists() {
            match connect(&path, number, shapes).await {
                Ok(store) if !store.is_outdated(shapes) => return Ok(store),
                Ok(store) => store.close().await,
                Err(cause) => tracing::warn!(cause = %cause, "what a rebuild left behind cannot be gone on with; it begins anew"),
            }
            remove(&path).map_err(|cause| StoreError::Database {
                doing: "remove",
                place: path.display().to_string(),
                cause: sqlx::Error::Io(cause),
            })?;
        }
        connect(&path, number, shapes).await
    }

    /// Closes what was built, so that the file is whole, gives it its name and opens it as the live one is.
    pub async fn swap(&self, built: Arc<Store>, shapes: &[Shape]) -> Result<Arc<Store>, StoreError> {
        let (number, finished) = (built.generation, self.path(built.generation));
        let failed = |cause| StoreError::Database { doing: "put in place", place: finished.display().to_string(), cause };
        {
            let mut writer = built.writer().await.map_err(failed)?;
            create_indexes(shapes, &mut writer.conn()).await.map_err(failed)?;
        }
        close(built).await;
        fs::rename(finished.with_extension("building"), &finished).map_err(|cause| failed(sqlx::Error::Io(cause)))?;
        // Whoever still reads the former database holds the file open; the name can go.
        remove(&self.path(number - 1)).map_err(|cause| failed(sqlx::Error::Io(cause)))?;
        open(&finished, number, shapes).await.map(Arc::new)
    }

    pub async fn discard(&self, built: Arc<Store>) -> Result<(), StoreError> {
        let path = self.path(built.generation).with_extension("building");
        close(built).await;
        remove(&path).map_err(|cause| StoreError::Database { doing: "remove", place: path.display().to_string(), cause: sqlx::Error::Io(cause) })
    }

    fn path(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{}-{number}.db", self.name))
    }

    fn number(&self, path: &Path, ending: &str) -> Option<u64> {
        path.file_name()?.to_str()?.strip_prefix(self.name)?.strip_prefix('-')?.strip_suffix(ending)?.parse().ok()
    }

    fn latest(&self) -> u64 {
        let entries = fs::read_dir(self.dir).into_iter().flatten().flatten();
        entries.filter_map(|entry| self.number(&entry.path(), ".db")).max().unwrap_or(1)
    }
}

async fn open(path: &Path, number: u64, shapes: &[Shape]) -> Result<Store, StoreError> {
    let store = connect(path, number, shapes).await?;
    if !store.is_outdated(shapes) {
        let failed = |cause| StoreError::Database { doing: "prepare", place: store.place.clone(), cause };
        let mut writer = store.writer().await.map_err(failed)?;
        create_indexes(shapes, &mut writer.conn()).await.map_err(failed)?;
    }
    Ok(store)
}

/// Without indexes: those of tables that are filled are made faster than those that grow.
pub(crate) async fn connect(path: &Path, generation: u64, shapes: &[Shape]) -> Result<Store, StoreError> {
    connect_with(path, generation, shapes, "-32000", 8).await
}

/// For one of several that are only looked at now and then.
pub(crate) async fn connect_small(path: &Path, generation: u64, shapes: &[Shape]) -> Result<Store, StoreError> {
    connect_with(path, generation, shapes, "-4000", 4).await
}

/// `cache` in pages, or in KiB below zero, for each connection.
async fn connect_with(path: &Path, generation: u64, shapes: &[Shape], cache: &'static str, readers: u32) -> Result<Store, StoreError> {
    let place = path.display().to_string();
    let failed = |doing, cause| StoreError::Database { doing, place: place.clone(), cause };
    // `synchronous=NORMAL`: rows and positions go together; what a power cut takes of both is folded from the log again.
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .pragma("wal_autocheckpoint", "8000")
        .busy_timeout(std::time::Duration::from_secs(10))
        .pragma("cache_size", cache);
    let mut writer = sqlx::ConnectOptions::connect(&options).await.map_err(|cause| failed("open", cause))?;
    let versions = admitted(shapes, &place, &mut writer).await?;
    let readers = SqlitePoolOptions::new().max_connections(readers).connect_lazy_with(options.read_only(true).create_if_missing(false));
    let readers = Db::new(Pool::Sqlite(readers));
    Ok(Store { place, generation, versions, own: readers.clone(), readers, writer: Writing::Sqlite(Mutex::new(writer)) })
}

async fn admitted(shapes: &[Shape], place: &str, db: &mut SqliteConnection) -> Result<std::collections::HashMap<String, u32>, StoreError> {
    let failed = |cause| StoreError::Database { doing: "prepare", place: place.into(), cause };
    let is_new: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE name = 'projection_versions'").fetch_one(&mut *db).await.map_err(failed)?;
    if is_new == 0 {
        let mut transaction = sqlx::Connection::begin(&mut *db).await.map_err(failed)?;
        create(shapes, &mut Conn::Sqlite(&mut transaction)).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
    }
    let found = versions(&mut Conn::Sqlite(db)).await.map_err(failed)?;
    admit(shapes, &found, place)?;
    Ok(found)
}

/// Removes a database and the files that SQLite keeps beside it.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    for beside in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_os_string();
        name.push(beside);
        match fs::remove_file(&name) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
