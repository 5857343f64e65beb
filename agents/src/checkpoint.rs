//! How far a worker has come, in a small file that is either the old one or the new one, never half of each.

use crate::fact_tail::TailError;
use serde::{Serialize, de::DeserializeOwned};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};
use thiserror::Error;

/// Why a worker that reacts to facts in order has to stop; it is started again.
#[derive(Debug, Error)]
pub enum CannotGoOn {
    #[error("a worker could not follow its site")]
    Tail(#[from] TailError),
    #[error("a worker could not keep its place")]
    Checkpoint(#[from] CheckpointError),
}

#[derive(Debug, Error)]
pub enum CheckpointError {
    #[error("could not write the checkpoint {}; check free space and permissions", place.display())]
    Write {
        place: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("could not read the checkpoint {}", place.display())]
    Read {
        place: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("the checkpoint {} is not what this program writes; delete it, and the work since its time is repeated with the same results", place.display())]
    Content {
        place: PathBuf,
        #[source]
        cause: serde_json::Error,
    },
}

/// Puts the new content in place of the old, durably.
pub fn save(place: &Path, content: &impl Serialize) -> Result<(), CheckpointError> {
    let bytes = serde_json::to_vec(content).map_err(|cause| CheckpointError::Content { place: place.into(), cause })?;
    replace(place, &bytes).map_err(|cause| CheckpointError::Write { place: place.into(), cause })
}

/// `None` if there is none yet.
pub fn load<T: DeserializeOwned>(place: &Path) -> Result<Option<T>, CheckpointError> {
    match fs::read(place) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|cause| CheckpointError::Content { place: place.into(), cause }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(CheckpointError::Read { place: place.into(), cause }),
    }
}

fn replace(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = place.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = place.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, place)?;
    // The rename itself is only durable once the folder is.
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_saved_last_is_loaded_and_half_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("deep/proposer.json");
        assert_eq!(load::<u64>(&place).unwrap(), None);
        save(&place, &7u64).unwrap();
        save(&place, &8u64).unwrap();
        assert_eq!(load::<u64>(&place).unwrap(), Some(8));
        fs::write(&place, b"{").unwrap();
        assert!(matches!(load::<u64>(&place), Err(CheckpointError::Content { .. })));
    }
}
