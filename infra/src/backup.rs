//! Backups of an embedded log: made while the program runs beside it, with a manifest of digests, and restored only if they are whole.
//!
//! Projections, answers, trees and workers' places are left out: they are made anew from the log. Keys go to a folder of their own, so that
//! whoever holds the backup alone cannot read what was sealed.

use crate::log::embedded::{
    copy,
    verify::{self, Verified},
};
use millwright_domain::{ports::event_log::LogError, position::Position};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs::{self, DirBuilder, File},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Component, Path, PathBuf},
};
use thiserror::Error;

pub const MANIFEST: &str = "manifest.json";
const FORMAT: u32 = 1;

#[derive(Debug, Error)]
pub enum BackupError {
    #[error("{0} is not empty; choose a folder that is, so that nothing is mixed or overwritten")]
    NotEmpty(PathBuf),
    #[error("{0} holds no backup: it has no {MANIFEST} that can be read")]
    NoBackup(PathBuf),
    #[error("the backup in {place} has format {found}, this program knows up to {FORMAT}; use the newer program")]
    TooNew { place: PathBuf, found: u32 },
    #[error("{0} is not as it was when the backup was made; use another backup")]
    Changed(PathBuf),
    #[error("the manifest names {0:?}, which is no file of a backup; use another backup")]
    Outside(String),
    #[error("this is a backup of a ledger on Kafka, as lines to verify and keep; bring topics back with Kafka's own tools")]
    OfKafka,
    #[error("what was restored is not what was written: {0}; use another backup")]
    Damaged(String),
    #[error("could not {doing} {place}")]
    Disk {
        doing: &'static str,
        place: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error(transparent)]
    Log(#[from] LogError),
}

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// `embedded`, or `kafka` for lines of a ledger.
    pub engine: String,
    pub program: String,
    pub made_at: String,
    /// Everything before it is in the backup.
    pub position: Position,
    pub files: Vec<Listed>,
    pub left_out: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// Within the backup's folder.
    pub name: String,
    pub bytes: u64,
    pub sha256: String,
}

impl Manifest {
    pub fn new(engine: &str, made_at: String, left_out: &[&str]) -> Self {
        Self {
            format: FORMAT,
            engine: engine.into(),
            program: env!("CARGO_PKG_VERSION").into(),
            made_at,
            position: Position::default(),
            files: vec![],
            left_out: left_out.iter().map(ToString::to_string).collect(),
        }
    }

    /// Takes a written file in, with its digest.
    pub fn list(&mut self, folder: &Path, file: &Path) -> Result<(), BackupError> {
        let name = file.strip_prefix(folder).unwrap_or(file).display().to_string();
        let (bytes, sha256) = digest(file)?;
        self.files.push(Listed { name, bytes, sha256 });
        Ok(())
    }

    /// Written last: a backup without it is none.
    pub fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let (draft, path) = (folder.join("manifest.new"), folder.join(MANIFEST));
        let json = serde_json::to_vec_pretty(self).map_err(io::Error::other);
        let written = json.and_then(|json| {
            let mut file = File::create(&draft)?;
            file.write_all(&json)?;
            file.sync_all()?;
            fs::rename(&draft, &path)?;
            File::open(folder)?.sync_all()
        });
        written.map_err(|cause| disk("write the manifest", &path, cause))
    }

    /// The manifest of a backup whose files are all as they were.
    pub fn checked(folder: &Path, mut told: impl FnMut(&str)) -> Result<Self, BackupError> {
        let no_backup = || BackupError::NoBackup(folder.to_owned());
        let text = fs::read(folder.join(MANIFEST)).map_err(|_unreadable| no_backup())?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|_no_manifest| no_backup())?;
        if manifest.format > FORMAT {
            return Err(BackupError::TooNew { place: folder.to_owned(), found: manifest.format });
        }
        for listed in &manifest.files {
            told(&listed.name);
            let plain = Path::new(&listed.name).components().all(|part| matches!(part, Component::Normal(_)));
            if !plain || listed.name.is_empty() {
                return Err(BackupError::Outside(listed.name.clone()));
            }
            let file = folder.join(&listed.name);
            match digest(&file) {
                Ok(found) if found == (listed.bytes, listed.sha256.clone()) => {}
                _ => return Err(BackupError::Changed(file)),
            }
        }
        Ok(manifest)
    }
}

const LEFT_OUT: &[&str] = &[
    "keys (back them up apart, with --keys)",
    "projections, answers, trees and workers' places (made anew from the log)",
    "what waits in spool/ for a log that was away",
];

/// Copies log and checkpoints of a data folder into an empty folder, beside a running program.
pub fn make(data: &Path, to: &Path, made_at: String, mut told: impl FnMut(&str)) -> Result<Manifest, BackupError> {
    empty(to, 0o700)?;
    let log = to.join("log");
    empty(&log, 0o700)?;
    let mut manifest = Manifest::new("embedded", made_at, LEFT_OUT);
    let copied = copy::copy(&data.join("log"), &log, &mut told)?;
    manifest.position = copied.position;
    let mut files = copied.files;
    let heads = data.join("checkpoints");
    if heads.is_dir() {
        files.extend(copy_flat(&heads, &to.join("checkpoints"), 0o700, None)?);
    }
    for file in &files {
        told(&file.file_name().unwrap_or_default().to_string_lossy());
        manifest.list(to, file)?;
    }
    manifest.write(to)?;
    Ok(manifest)
}

/// Copies the folder of keys, for its owner alone.
pub fn keys(from: &Path, to: &Path) -> Result<usize, BackupError> {
    Ok(copy_flat(from, to, 0o700, Some(0o600))?.len())
}

/// Brings a backup into an empty data folder, and verifies what is there then.
pub fn restore(from: &Path, data: &Path, mut told: impl FnMut(&str)) -> Result<(Manifest, Verified), BackupError> {
    let manifest = Manifest::checked(from, &mut told)?;
    if manifest.engine != "embedded" {
        return Err(BackupError::OfKafka);
    }
    empty(data, 0o700)?;
    for Listed { name, .. } in &manifest.files {
        told(name);
        let target = data.join(name);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(|cause| disk("make the folder", folder, cause))?;
        }
        copy_synced(&from.join(name), &target, None)?;
    }
    let log = data.join("log");
    File::open(&log).and_then(|folder| folder.sync_all()).map_err(|cause| disk("sync the folder", &log, cause))?;
    let mut verified = verify::verify_ledger(&log, &mut |_| ())?;
    let readings = verify::verify_readings(&log, &mut |_| ())?;
    verified.good.extend(readings.good);
    verified.findings.extend(readings.findings);
    match verified.findings.first() {
        None => Ok((manifest, verified)),
        Some(finding) => Err(BackupError::Damaged(finding.to_string())),
    }
}

/// Makes the folder, or takes one that is there and empty.
fn empty(folder: &Path, mode: u32) -> Result<(), BackupError> {
    let made = DirBuilder::new().recursive(true).mode(mode).create(folder);
    let mut entries = made.and_then(|()| fs::read_dir(folder)).map_err(|cause| disk("use the folder", folder, cause))?;
    if entries.next().is_some() { Err(BackupError::NotEmpty(folder.to_owned())) } else { Ok(()) }
}

fn copy_flat(from: &Path, to: &Path, folder_mode: u32, mode: Option<u32>) -> Result<Vec<PathBuf>, BackupError> {
    empty(to, folder_mode)?;
    fs::set_permissions(to, PermissionsExt::from_mode(folder_mode)).map_err(|cause| disk("protect the folder", to, cause))?;
    let mut copied = vec![];
    for entry in fs::read_dir(from).map_err(|cause| disk("list the folder", from, cause))? {
        let path = entry.map_err(|cause| disk("list the folder", from, cause))?.path();
        // Drafts of keys that are being made are no keys.
        if path.is_file() && path.extension().is_none_or(|extension| extension != "new") {
            let target = to.join(path.file_name().unwrap_or_default());
            copy_synced(&path, &target, mode)?;
            copied.push(target);
        }
    }
    File::open(to).and_then(|folder| folder.sync_all()).map_err(|cause| disk("sync the folder", to, cause))?;
    Ok(copied)
}

fn copy_synced(from: &Path, to: &Path, mode: Option<u32>) -> Result<(), BackupError> {
    let copied = fs::copy(from, to).and_then(|_| {
        if let Some(mode) = mode {
            fs::set_permissions(to, PermissionsExt::from_mode(mode))?;
        }
        File::open(to)?.sync_all()
    });
    copied.map_err(|cause| disk("copy to", to, cause))
}

fn digest(path: &Path) -> Result<(u64, String), BackupError> {
    let read = || -> io::Result<(u64, String)> {
        let mut file = File::open(path)?;
        let (mut hasher, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            hasher.update(&buffer[..count]);
            bytes += count as u64;
        }
        Ok((bytes, hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
    };
    read().map_err(|cause| disk("read", path, cause))
}

fn disk(doing: &'static str, place: &Path, cause: io::Error) -> BackupError {
    BackupError::Disk { doing, place: place.to_owned(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::embedded::{EmbeddedLog, EmbeddedOptions};
    use millwright_domain::{Timestamp, ports::event_log::EventLog, position::PartitionId};

    async fn data(folder: &Path) -> PathBuf {
        let data = folder.join("data");
        let log = EmbeddedLog::open(data.join("log"), EmbeddedOptions::default()).unwrap();
        drop(log.own(&PartitionId::platform(), "test", Timestamp::from_secs(1)).await.unwrap());
        log.close().await;
        data
    }

    #[tokio::test]
    async fn a_backup_is_restored_into_an_empty_folder_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let data = data(folder.path()).await;
        let backup = folder.path().join("backup");
        let made = make(&data, &backup, "now".into(), |_| ()).unwrap();
        assert_eq!(made.position.next(&PartitionId::platform()), 1);
        let (_, verified) = restore(&backup, &folder.path().join("again"), |_| ()).unwrap();
        assert_eq!(verified.good[&PartitionId::platform()], 1);
        assert!(matches!(restore(&backup, &data, |_| ()), Err(BackupError::NotEmpty(_))));
        assert!(matches!(make(&data, &backup, "now".into(), |_| ()), Err(BackupError::NotEmpty(_))));
    }

    #[tokio::test]
    async fn a_backup_that_was_changed_or_names_files_elsewhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let data = data(folder.path()).await;
        let backup = folder.path().join("backup");
        let mut manifest = make(&data, &backup, "now".into(), |_| ()).unwrap();
        let file = backup.join("log/ledger.db");
        let mut bytes = fs::read(&file).unwrap();
        bytes[100] ^= 1;
        fs::write(&file, bytes).unwrap();
        assert!(matches!(restore(&backup, &folder.path().join("a"), |_| ()), Err(BackupError::Changed(_))));
        manifest.files[0].name = "../data/log/ledger.db".into();
        manifest.write(&backup).unwrap();
        assert!(matches!(restore(&backup, &folder.path().join("b"), |_| ()), Err(BackupError::Outside(_))));
        assert!(matches!(restore(&data, &folder.path().join("c"), |_| ()), Err(BackupError::NoBackup(_))));
    }
}
