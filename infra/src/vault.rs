//! The keys behind personal text: one file a person, outside the log and its backups, destroyed when the person is forgotten.
//!
//! A forgotten key is overwritten in place before it is cut to nothing. A disk that writes elsewhere than it is told (flash, copy-on-write)
//! may keep the old bytes for a while: who fears that encrypts the disk.

use aes_gcm::{
    Aes256Gcm, Key, KeyInit,
    aead::{Aead, Payload},
};
use millwright_domain::{
    ids::ActorId,
    ports::vault::{Vault, VaultError},
    sealed::Sealed,
};
use rand::RngCore;
use std::{
    error::Error as StdError,
    fs::{DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

const KEY: usize = 32;
const NONCE: usize = 12;

/// A key file that somebody has changed.
#[derive(Debug, thiserror::Error)]
#[error("the key has {0} bytes instead of 32; restore it from a backup of the keys")]
struct BadKey(usize);

/// Forgetting is for ever, so that nobody is remembered by accident under a new key.
#[derive(Debug, thiserror::Error)]
#[error("{0} was forgotten; introduce the person under a new pseudonym")]
struct Forgotten(ActorId);

/// A directory of keys that only the owner of the process can read.
#[derive(Debug)]
pub struct KeyFolder {
    dir: PathBuf,
    /// Making and destroying keys, one at a time.
    changing: Mutex<()>,
}

/// What stands where a key is kept.
enum Kept {
    Nothing,
    Key(Box<[u8; KEY]>),
    Destroyed,
}

impl KeyFolder {
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, VaultError> {
        let dir = dir.into();
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&dir);
        // It may have been there before, made by somebody less careful.
        made.and_then(|()| std::fs::set_permissions(&dir, PermissionsExt::from_mode(0o700))).map_err(|cause| failed(&dir, cause))?;
        Ok(Self { dir, changing: Mutex::default() })
    }

    /// A pseudonym is a slug, so it is a file name as it is.
    fn path(&self, subject: &ActorId) -> PathBuf {
        self.dir.join(format!("{subject}.key"))
    }

    fn kept(&self, subject: &ActorId) -> Result<Kept, VaultError> {
        let path = self.path(subject);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Kept::Nothing),
            Err(cause) => return Err(failed(&path, cause)),
        };
        match <[u8; KEY]>::try_from(bytes.as_slice()) {
            Ok(key) => Ok(Kept::Key(Box::new(key))),
            Err(_) if bytes.is_empty() => Ok(Kept::Destroyed),
            Err(_) => Err(failed(&path, BadKey(bytes.len()))),
        }
    }

    fn key_for_sealing(&self, subject: &ActorId) -> Result<Box<[u8; KEY]>, VaultError> {
        let _one = self.change();
        match self.kept(subject)? {
            Kept::Key(key) => Ok(key),
            Kept::Destroyed => Err(failed(&self.path(subject), Forgotten(subject.clone()))),
            Kept::Nothing => {
                let path = self.path(subject);
                let mut key = Box::new([0; KEY]);
                rand::rng().fill_bytes(key.as_mut_slice());
                match self.write_new(&path, key.as_slice()) {
                    Ok(()) => Ok(key),
                    Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => self.key_of_another(subject),
                    Err(cause) => Err(failed(&path, cause)),
                }
            }
        }
    }

    /// Another program on this folder made it in this moment; both seal under that one.
    fn key_of_another(&self, subject: &ActorId) -> Result<Box<[u8; KEY]>, VaultError> {
        match self.kept(subject)? {
            Kept::Key(key) => Ok(key),
            Kept::Destroyed | Kept::Nothing => Err(failed(&self.path(subject), Forgotten(subject.clone()))),
        }
    }

    /// Whole or not at all, never in the place of another, and on the disk before anything is sealed under it.
    fn write_new(&self, path: &Path, key: &[u8]) -> io::Result<()> {
        let draft = path.with_extension(format!("{:016x}.new", rand::rng().next_u64()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(key)?;
        file.sync_all()?;
        // A link refuses to take the place of what is there; a rename would not.
        let placed = std::fs::hard_link(&draft, path);
        std::fs::remove_file(&draft)?;
        placed?;
        self.sync()
    }

    fn destroy(&self, path: &Path) -> io::Result<()> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        file.write_all_at(&[0; KEY], 0)?;
        file.sync_all()?;
        file.set_len(0)?;
        file.sync_all()?;
        self.sync()
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.dir)?.sync_all()
    }
    fn change(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault for KeyFolder {
    fn seal(&self, subject: &ActorId, text: &str) -> Result<Sealed, VaultError> {
        let key = self.key_for_sealing(subject)?;
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload { msg: text.as_bytes(), aad: subject.as_str().as_bytes() };
        let sealed = cipher(&key).encrypt(&nonce.into(), payload).map_err(|_opaque| VaultError::Broken(subject.clone()))?;
        Ok(Sealed { subject: subject.clone(), nonce: hex::encode(nonce), text: hex::encode(sealed) })
    }

    fn open(&self, sealed: &Sealed) -> Result<Option<String>, VaultError> {
        let Kept::Key(key) = self.kept(&sealed.subject)? else { return Ok(None) };
        let broken = || VaultError::Broken(sealed.subject.clone());
        let nonce: [u8; NONCE] = hex::decode(&sealed.nonce).ok().and_then(|nonce| nonce.try_into().ok()).ok_or_else(broken)?;
        let text = hex::decode(&sealed.text).map_err(|_no_hex| broken())?;
        let payload = Payload { msg: &text, aad: sealed.subject.as_str().as_bytes() };
        // AES-GCM never says what was wrong, on purpose.
        let opened = cipher(&key).decrypt(&nonce.into(), payload).map_err(|_opaque| broken())?;
        String::from_utf8(opened).map(Some).map_err(|_not_ours| broken())
    }

    fn forget(&self, subject: &ActorId) -> Result<(), VaultError> {
        let _one = self.change();
        let path = self.path(subject);
        self.destroy(&path).map_err(|cause| failed(&path, cause))
    }
}

fn cipher(key: &[u8; KEY]) -> Aes256Gcm {
    Aes256Gcm::new(Key::<Aes256Gcm>::from_slice(key))
}

fn failed(place: &Path, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> VaultError {
    VaultError::Store { place: place.display().to_string(), cause: cause.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn olga() -> ActorId {
        "person-1".parse().unwrap()
    }
    fn folder() -> (tempfile::TempDir, KeyFolder) {
        let dir = tempfile::tempdir().unwrap();
        let keys = KeyFolder::open(dir.path().join("keys")).unwrap();
        (dir, keys)
    }

    #[test]
    fn a_sealed_name_opens_also_after_a_restart() {
        let (dir, keys) = folder();
        let sealed = keys.seal(&olga(), "Olga Petrova").unwrap();
        assert_eq!(keys.open(&sealed).unwrap().as_deref(), Some("Olga Petrova"));
        let again = KeyFolder::open(dir.path().join("keys")).unwrap();
        assert_eq!(again.open(&sealed).unwrap().as_deref(), Some("Olga Petrova"));
        assert_ne!(keys.seal(&olga(), "Olga Petrova").unwrap(), sealed, "no nonce is used twice");
    }

    #[test]
    fn a_forgotten_person_opens_to_nothing_for_ever() {
        let (dir, keys) = folder();
        let sealed = keys.seal(&olga(), "Olga Petrova").unwrap();
        let file = dir.path().join("keys/person-1.key");
        let key = std::fs::read(&file).unwrap();
        keys.forget(&olga()).unwrap();
        assert_eq!(keys.open(&sealed).unwrap(), None);
        assert!(std::fs::read(&file).unwrap().is_empty() && key.len() == KEY);
        assert!(keys.seal(&olga(), "Olga again").is_err());
        assert_eq!(KeyFolder::open(dir.path().join("keys")).unwrap().open(&sealed).unwrap(), None);
    }

    #[test]
    fn forgetting_somebody_unknown_is_no_error_and_holds() {
        let (_dir, keys) = folder();
        keys.forget(&olga()).unwrap();
        keys.forget(&olga()).unwrap();
        assert!(keys.seal(&olga(), "Olga").is_err());
    }

    #[test]
    fn what_was_sealed_for_one_person_does_not_open_for_another() {
        let (_dir, keys) = folder();
        let boris: ActorId = "person-2".parse().unwrap();
        keys.seal(&boris, "Boris").unwrap();
        let stolen = Sealed { subject: boris, ..keys.seal(&olga(), "Olga").unwrap() };
        assert!(matches!(keys.open(&stolen), Err(VaultError::Broken(_))));
    }

    #[test]
    fn a_changed_digit_is_told_from_a_forgotten_person() {
        let (_dir, keys) = folder();
        let sealed = keys.seal(&olga(), "Olga").unwrap();
        for (at, digit) in sealed.text.char_indices() {
            let mut text = sealed.text.clone();
            text.replace_range(at..=at, if digit == '0' { "1" } else { "0" });
            assert!(matches!(keys.open(&Sealed { text, ..sealed.clone() }), Err(VaultError::Broken(_))));
        }
        for nonce in ["", "00", "zz", "é"] {
            assert!(matches!(keys.open(&Sealed { nonce: nonce.into(), ..sealed.clone() }), Err(VaultError::Broken(_))));
        }
    }

    #[test]
    fn nobody_else_on_the_machine_can_read_a_key() {
        let (dir, keys) = folder();
        keys.seal(&olga(), "Olga").unwrap();
        let mode = |path: &str| std::fs::metadata(dir.path().join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("keys"), mode("keys/person-1.key")), (0o700, 0o600));
    }

    #[test]
    fn a_key_cut_short_is_an_error_with_its_place() {
        let (dir, keys) = folder();
        let sealed = keys.seal(&olga(), "Olga").unwrap();
        std::fs::write(dir.path().join("keys/person-1.key"), b"short").unwrap();
        let refused = keys.open(&sealed).unwrap_err().to_string();
        assert!(refused.contains("person-1.key"), "{refused}");
    }

    #[test]
    fn programs_on_one_folder_make_one_key_a_person() {
        let folder = tempfile::tempdir().unwrap();
        let ann: ActorId = "ann".parse().unwrap();
        let sealed: Vec<Sealed> = std::thread::scope(|threads| {
            let seal = || KeyFolder::open(folder.path()).unwrap().seal(&ann, "Ann Smith").unwrap();
            let all: Vec<_> = (0..8).map(|_| threads.spawn(seal)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let reader = KeyFolder::open(folder.path()).unwrap();
        for sealed in sealed {
            assert_eq!(reader.open(&sealed).unwrap().as_deref(), Some("Ann Smith"));
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }
}
