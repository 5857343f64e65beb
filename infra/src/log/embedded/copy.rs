//! A consistent copy of the log beside its writer: each file as it was at one moment, and no file behind what another refers to.

use super::{
    failure::{sqlite, storage},
    file,
    reader::Reader,
};
use millwright_domain::{ports::event_log::LogError, position::Position};
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

/// What a copy holds.
#[derive(Debug, Default)]
pub struct Copied {
    pub files: Vec<PathBuf>,
    /// Everything before it is in the copy.
    pub position: Position,
}

/// Copies the log in `dir` into the empty folder `to`. `told` is told of each file before it is copied.
pub fn copy(dir: &Path, to: &Path, mut told: impl FnMut(&str)) -> Result<Copied, LogError> {
    let mut copied = Copied::default();
    // The marks first: the files only grow, so a copy that is made after a mark was read is never behind it.
    let marks = ["ledger.high-water", "readings.high-water"];
    let marks: Vec<(&str, Vec<u8>)> = marks.into_iter().filter_map(|name| Some((name, fs::read(dir.join(name)).ok()?))).collect();
    // The ledger before the readings: seals on it are over readings that are in the copy, too.
    told("ledger.db");
    let ledger = copy_file(&dir.join("ledger.db"), to, &mut copied)?;
    if ledger.is_none() {
        return Err(storage("copy the log", dir, io::Error::from(io::ErrorKind::NotFound)));
    }
    for name in days_in(dir)? {
        told(&name);
        // Retention may drop a file in this moment: what is dropped need not be copied.
        copy_file(&dir.join(&name), to, &mut copied)?;
    }
    for (name, bytes) in marks {
        let path = to.join(name);
        let written = fs::write(&path, bytes).and_then(|()| File::open(&path)?.sync_all());
        written.map_err(|cause| storage("write the copy of a mark", &path, cause))?;
        copied.files.push(path);
    }
    file::sync_directory_of(&to.join("ledger.db"))?;
    Ok(copied)
}

fn days_in(dir: &Path) -> Result<Vec<String>, LogError> {
    let entries = fs::read_dir(dir).map_err(|cause| storage("list the log's directory", dir, cause))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.starts_with("readings-") && name.ends_with(".db")).collect();
    names.sort();
    Ok(names)
}

/// `None` if it is gone.
fn copy_file(from: &Path, to: &Path, copied: &mut Copied) -> Result<Option<()>, LogError> {
    if !from.exists() {
        return Ok(None);
    }
    let name = from.file_name().unwrap_or_default();
    let target = to.join(name);
    let db = match file::open_to_read(from) {
        Ok(db) => db,
        Err(_) if !from.exists() => return Ok(None),
        Err(other) => return Err(other),
    };
    // One read transaction, however long: the writer goes on beside it.
    let text = target.display().to_string();
    db.execute("VACUUM INTO ?1", [&text]).map_err(|cause| sqlite("copy the log", from, cause))?;
    File::open(&target).and_then(|file| file.sync_all()).map_err(|cause| storage("sync the copy", &target, cause))?;
    copied.position.merge(&Reader::new(target.clone()).ends()?);
    copied.files.push(target);
    Ok(Some(()))
}
