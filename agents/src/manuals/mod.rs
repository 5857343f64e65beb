//! The makers' manuals as the crew reads them: imported once, kept as text by page, searched by words and by likeness.

mod pages;
mod search;

use chrono::{DateTime, Utc};
use millwright_domain::ids::ActorId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};
use thiserror::Error;

pub use pages::{BadManual, pages_of};
pub use search::{Hit, Library};

/// One imported document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manual {
    /// Its file's name here: letters, digits and dashes.
    pub name: String,
    pub title: String,
    /// Whose machines it is about; empty: anybody's.
    #[serde(default)]
    pub vendor: String,
    /// Classes of machines that it is about; none: any.
    #[serde(default)]
    pub classes: Vec<String>,
    /// SHA-256 of its text, hex: what a citation can be held against.
    pub revision: String,
    pub imported_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_by: Option<ActorId>,
    /// The text of each page, in order.
    pub pages: Vec<String>,
}

impl Manual {
    pub fn of(name: &str, title: &str, pages: Vec<String>, imported_at: DateTime<Utc>) -> Result<Self, BadManual> {
        let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if name.is_empty() || name.len() > 80 || !name.chars().all(is_plain) {
            return Err(BadManual::Name(name.chars().take(100).collect()));
        }
        if pages.iter().all(|page| page.trim().is_empty()) {
            return Err(BadManual::NoText);
        }
        let revision = hex::encode(Sha256::digest(pages.join("\u{c}")));
        Ok(Self { name: name.into(), title: title.into(), vendor: String::new(), classes: vec![], revision, imported_at, imported_by: None, pages })
    }
    pub fn is_about(&self, class: &str, vendor: &str) -> bool {
        let of_class = self.classes.is_empty() || self.classes.iter().any(|known| known == class);
        let of_vendor = self.vendor.is_empty() || vendor.is_empty() || self.vendor.eq_ignore_ascii_case(vendor);
        of_class && of_vendor
    }
}

#[derive(Debug, Error)]
#[error("the manuals in {} cannot be used", .path.display())]
pub struct CannotRead {
    path: PathBuf,
    #[source]
    cause: io::Error,
}

/// The files there are, and when each was written.
type Files = Vec<(PathBuf, Option<SystemTime>)>;

/// A folder of imported manuals, read again when somebody imports or removes one.
pub struct Shelf {
    folder: PathBuf,
    read: RwLock<(Files, Arc<Library>)>,
}

impl Shelf {
    pub fn at(folder: PathBuf) -> Self {
        Self { folder, read: RwLock::default() }
    }

    /// What is there now. A file that cannot be read is left out and told.
    pub fn library(&self) -> Arc<Library> {
        let seen = self.files().unwrap_or_default();
        {
            let known = self.read.read().unwrap_or_else(PoisonError::into_inner);
            if known.0 == seen {
                return known.1.clone();
            }
        }
        let manuals = seen.iter().filter_map(|(path, _)| match read(path) {
            Ok(manual) => Some(manual),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a manual cannot be read; import it again");
                None
            }
        });
        let library = Arc::new(Library::of(manuals.collect()));
        *self.read.write().unwrap_or_else(PoisonError::into_inner) = (seen, library.clone());
        library
    }

    /// Whole or not at all.
    pub fn put(&self, manual: &Manual) -> Result<(), CannotRead> {
        let failed = |cause| CannotRead { path: self.folder.clone(), cause };
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let (path, beside) = (self.path(&manual.name), self.folder.join(format!("{}.new", manual.name)));
        let text = serde_json::to_vec(manual).map_err(|error| failed(error.into()))?;
        fs::write(&beside, text).and_then(|()| fs::rename(&beside, path)).map_err(failed)
    }

    /// `false`: there was none of that name. Who took it away stays beside, for the ledger.
    pub fn remove(&self, name: &str, by: &ActorId) -> Result<bool, CannotRead> {
        match fs::remove_file(self.path(name)) {
            Ok(()) => {
                let noted = fs::write(self.note(name), by.as_str());
                noted.map(|()| true).map_err(|cause| CannotRead { path: self.folder.clone(), cause })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(CannotRead { path: self.folder.clone(), cause }),
        }
    }

    /// Who removed it, if anybody said.
    pub fn removed_by(&self, name: &str) -> Option<ActorId> {
        fs::read_to_string(self.note(name)).ok()?.trim().parse().ok()
    }

    fn note(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.removed"))
    }
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }
    fn files(&self) -> io::Result<Files> {
        let mut files = vec![];
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let changed = fs::metadata(&path).and_then(|file| file.modified()).ok();
                files.push((path, changed));
            }
        }
        files.sort();
        Ok(files)
    }
}

fn read(path: &Path) -> io::Result<Manual> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}
