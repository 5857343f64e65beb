//! Files of the databases: `ledger-1.db`, after a rebuild `ledger-2.db`, … The highest number counts.

use crate::store::StoreError;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

pub(crate) const LEDGER: &str = "ledger";
pub(crate) const READINGS: &str = "readings";

/// The databases of one name in a folder.
pub(crate) struct Generations<'a> {
    dir: &'a Path,
    name: &'static str,
}

/// Where the next one is built, and its name once it is finished.
pub(crate) struct Next {
    pub building: PathBuf,
    pub finished: PathBuf,
}

impl<'a> Generations<'a> {
    pub fn of(dir: &'a Path, name: &'static str) -> Self {
        Self { dir, name }
    }

    pub fn next(&self) -> Next {
        let finished = self.path(self.latest() + 1);
        Next { building: finished.with_extension("building"), finished }
    }

    /// The file of the latest finished one; older ones, and what a cut-off rebuild left behind, go.
    pub fn current(&self) -> Result<PathBuf, StoreError> {
        let failed = |cause| StoreError::Database { doing: "make the folder of", place: self.dir.into(), cause: sqlx::Error::Io(cause) };
        fs::create_dir_all(self.dir).map_err(failed)?;
        let latest = self.latest();
        for entry in fs::read_dir(self.dir).map_err(failed)?.flatten() {
            let path = entry.path();
            let is_stale = self.number(&path, ".db").is_some_and(|number| number < latest) || self.number(&path, ".building").is_some();
            if is_stale {
                remove(&path).map_err(failed)?;
            }
        }
        Ok(self.path(latest))
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
