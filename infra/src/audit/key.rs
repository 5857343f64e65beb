//! The key that checkpoints are signed with: made at the first start, in the folder of keys, readable by its owner alone.
//!
//! A new key is vouched for by the one before it, which is destroyed then: whoever finds it later can sign nothing with it.

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use millwright_domain::audit::{Endorsement, PublicKey, key::endorsed};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use std::{
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use thiserror::Error;
use zeroize::Zeroizing;

/// Not `.key`, which a person's is called.
const FILE: &str = "audit-signing.ed25519";
const ENDORSEMENT: &str = "audit-signing.endorsement.json";

#[derive(Debug, Error)]
pub enum KeyError {
    #[error("could not use the audit key at {place}")]
    Store {
        place: String,
        #[source]
        cause: io::Error,
    },
    #[error("{0} is no key; restore it from a backup of the keys, or move it away, and a new one is made without anybody to vouch for it")]
    Bad(String),
}

pub struct AuditKey {
    signing: SigningKey,
    public: PublicKey,
    pub endorsement: Option<Endorsement>,
}

/// A key that was vouched for, in a file.
#[derive(Serialize, Deserialize)]
struct Endorsed {
    key: PublicKey,
    endorsement: Endorsement,
}

impl AuditKey {
    /// The key in this folder; makes one if there is none.
    pub fn open(folder: &Path) -> Result<Self, KeyError> {
        let path = folder.join(FILE);
        if !path.exists() {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.and_then(|()| place_new(&path, &fresh())).map_err(|cause| failed(&path, cause))?;
        }
        Self::read(folder)
    }

    /// The key in this folder, if there is one.
    pub fn read(folder: &Path) -> Result<Self, KeyError> {
        let path = folder.join(FILE);
        let text = std::fs::read_to_string(&path).map(Zeroizing::new).map_err(|cause| failed(&path, cause))?;
        // It may have been restored by somebody less careful.
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).map_err(|cause| failed(&path, cause))?;
        let seed = STANDARD.decode(text.trim()).ok().map(Zeroizing::new);
        let seed = seed.and_then(|seed| <[u8; 32]>::try_from(seed.as_slice()).ok().map(Zeroizing::new));
        let seed = seed.ok_or_else(|| KeyError::Bad(path.display().to_string()))?;
        let mut key = Self::of(&seed, &path)?;
        key.endorsement = endorsement_of(folder, &key.public);
        Ok(key)
    }

    fn of(seed: &[u8; 32], path: &Path) -> Result<Self, KeyError> {
        let signing = SigningKey::from_bytes(seed);
        let public = PublicKey::from_bytes(signing.verifying_key().as_bytes());
        let public = public.map_err(|_weak| KeyError::Bad(path.display().to_string()))?;
        Ok(Self { signing, public, endorsement: None })
    }

    pub const fn public(&self) -> PublicKey {
        self.public
    }
    pub fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.signing.sign(text).to_bytes()
    }

    /// A new key in the place of this one, which vouches for it and is gone.
    pub fn rotate(self, folder: &Path) -> Result<Self, KeyError> {
        let path = folder.join(FILE);
        let seed = fresh();
        let mut new = Self::of(&seed, &path)?;
        let signature = STANDARD.encode(self.sign(&endorsed(&new.public)));
        let endorsement = Endorsement { by: self.public, signature };
        let kept = Endorsed { key: new.public, endorsement: endorsement.clone() };
        // The endorsement first: alone it says nothing of the old key, and a new key without it would have nobody to vouch for it.
        let note = folder.join(ENDORSEMENT);
        let json = serde_json::to_vec_pretty(&kept).map_err(io::Error::other);
        json.and_then(|json| replace(&note, &json)).map_err(|cause| failed(&note, cause))?;
        replace(&path, encoded(&seed).as_bytes()).map_err(|cause| failed(&path, cause))?;
        new.endorsement = Some(endorsement);
        Ok(new)
    }
}

fn endorsement_of(folder: &Path, key: &PublicKey) -> Option<Endorsement> {
    let kept: Endorsed = serde_json::from_slice(&std::fs::read(folder.join(ENDORSEMENT)).ok()?).ok()?;
    (kept.key == *key).then_some(kept.endorsement)
}

fn fresh() -> Zeroizing<[u8; 32]> {
    let mut seed = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(seed.as_mut_slice());
    seed
}

fn encoded(seed: &[u8; 32]) -> Zeroizing<String> {
    Zeroizing::new(format!("{}\n", STANDARD.encode(seed)))
}

/// Whole or not at all, and never in the place of one that another program made in this moment.
fn place_new(path: &Path, seed: &[u8; 32]) -> io::Result<()> {
    let draft = draft(path, encoded(seed).as_bytes())?;
    let placed = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match placed {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => Err(cause),
        _ => sync_folder_of(path),
    }
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::rename(draft(path, bytes)?, path)?;
    sync_folder_of(path)
}

fn draft(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let draft = path.with_extension(format!("{:016x}.new", rand::rng().next_u64()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(draft)
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(path))?.sync_all()
}

fn failed(place: &Path, cause: io::Error) -> KeyError {
    KeyError::Store { place: place.display().to_string(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_can_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        let made = AuditKey::open(&keys).unwrap().public();
        assert_eq!(AuditKey::open(&keys).unwrap().public(), made);
        let mode = std::fs::metadata(keys.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&keys).unwrap().count(), 1, "no draft is left behind");
    }

    #[test]
    fn a_new_key_is_vouched_for_by_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let old = AuditKey::open(folder.path()).unwrap();
        let first = old.public();
        let new = old.rotate(folder.path()).unwrap();
        let read = AuditKey::read(folder.path()).unwrap();
        assert_eq!(read.public(), new.public());
        let endorsement = read.endorsement.unwrap();
        assert!(endorsement.by == first && endorsement.holds_for(&new.public()) && !endorsement.holds_for(&first));
    }

    #[test]
    fn what_is_no_key_is_refused_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "short").unwrap();
        let refused = AuditKey::open(folder.path()).err().unwrap().to_string();
        assert!(refused.contains(FILE) && refused.contains("restore"), "{refused}");
    }
}
