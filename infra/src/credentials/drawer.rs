//! A folder of small JSON papers that only the owner of the process can read: each written whole or not at all, and synced.

use millwright_domain::ports::credentials::CredentialsError;
use rand::RngCore;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    error::Error as StdError,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

#[derive(Debug)]
pub struct Drawer {
    dir: PathBuf,
}

impl Drawer {
    pub fn open(dir: PathBuf) -> Result<Self, CredentialsError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&dir);
        // It may have been there before, made by somebody less careful.
        made.and_then(|()| std::fs::set_permissions(&dir, PermissionsExt::from_mode(0o700))).map_err(|cause| failed(&dir, cause))?;
        Ok(Self { dir })
    }

    /// Where the paper of that name lies. Names are slugs, ids or hex: file names as they are.
    pub fn place(&self, name: &str) -> PathBuf {
        self.path(name)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.json"))
    }

    pub fn put<T: Serialize>(&self, name: &str, paper: &T) -> Result<(), CredentialsError> {
        let path = self.path(name);
        let bytes = serde_json::to_vec_pretty(paper).map_err(|cause| failed(&path, cause))?;
        self.write(&path, &bytes, |draft, path| std::fs::rename(draft, path)).map_err(|cause| failed(&path, cause))
    }

    /// Unless there is one of that name already, which stays. Either way what lies there from now on.
    pub fn put_first<T: Serialize + DeserializeOwned>(&self, name: &str, paper: T) -> Result<T, CredentialsError> {
        let path = self.path(name);
        let bytes = serde_json::to_vec_pretty(&paper).map_err(|cause| failed(&path, cause))?;
        match self.write(&path, &bytes, |draft, path| std::fs::hard_link(draft, path)) {
            Ok(()) => Ok(paper),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => {
                let gone = || failed(&path, io::Error::from(io::ErrorKind::NotFound));
                self.get(name)?.ok_or_else(gone)
            }
            Err(cause) => Err(failed(&path, cause)),
        }
    }

    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, CredentialsError> {
        let path = self.path(name);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|cause| failed(&path, cause)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(failed(&path, cause)),
        }
    }

    pub fn remove(&self, name: &str) -> Result<(), CredentialsError> {
        let path = self.path(name);
        match std::fs::remove_file(&path) {
            Ok(()) => File::open(&self.dir).and_then(|dir| dir.sync_all()).map_err(|cause| failed(&path, cause)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(cause) => Err(failed(&path, cause)),
        }
    }

    /// Removes every paper that is not to be kept; one that cannot be read is kept.
    pub fn keep_only<T: DeserializeOwned>(&self, keeps: impl Fn(&T) -> bool) -> Result<(), CredentialsError> {
        for entry in std::fs::read_dir(&self.dir).map_err(|cause| failed(&self.dir, cause))? {
            let path = entry.map_err(|cause| failed(&self.dir, cause))?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json")) else { continue };
            match self.get::<T>(name) {
                Ok(Some(paper)) if !keeps(&paper) => self.remove(name)?,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "a paper among the credentials cannot be read and is left alone"),
            }
        }
        Ok(())
    }

    fn write(&self, path: &Path, bytes: &[u8], lay: impl FnOnce(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
        let draft = path.with_extension(format!("{:016x}.new", rand::rng().next_u64()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        let laid = lay(&draft, path);
        if draft.exists() {
            std::fs::remove_file(&draft)?;
        }
        laid?;
        File::open(&self.dir)?.sync_all()
    }
}

pub fn failed(place: &Path, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> CredentialsError {
    CredentialsError::Store { place: place.display().to_string(), cause: cause.into() }
}
