//! Secrets: where they are kept is a setting, what they are is read anew at each use, and nothing ever prints one.

use serde::{Deserialize, Serialize};
use std::{
    env,
    fmt::{self, Display},
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    str::FromStr,
};
use thiserror::Error;
use zeroize::Zeroizing;

/// A file with more holds something else than secrets.
const LARGEST: u64 = 64 * 1024;
/// Old and new ones of a rotation, and some to spare: each is tried at each signature.
const MOST: usize = 8;

/// One secret. Neither shown nor written; wiped when it goes.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }
    /// For the one place that sends or compares it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Where a secret is kept: `env:NAME`, or a file. One secret a line: the first is the one that we use, all of them are taken from others,
/// so that a rotation is a second line.
///
/// Shown only as far as it is certainly a place: whoever put the secret itself there should not find it in the log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretSource(Place);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Environment(String),
    File(PathBuf),
}

#[derive(Debug, Error)]
pub enum SecretError {
    /// Does not repeat what was written: it may be the secret itself.
    #[error("this is no place for a secret; write `env:NAME` or the path of a file that holds it")]
    NoPlace,
    #[error("{0} is not set in the environment; set it, and start millwright anew")]
    NotSet(String),
    #[error("the secret in {place} cannot be read; write it there and let millwright read it")]
    Unreadable {
        place: String,
        #[source]
        cause: io::Error,
    },
    #[error("{0} holds no secret; write one there, a line for each")]
    Empty(String),
    #[error("{0} is no file of secrets; it must be a file of text with up to {MOST} lines, one secret each")]
    NotSecrets(String),
}

impl SecretSource {
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let is_plain = !text.trim().is_empty() && !text.chars().any(char::is_control);
        match text.strip_prefix("env:") {
            Some(name) if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
                Ok(Self(Place::Environment(name.to_string())))
            }
            None if is_plain => Ok(Self(Place::File(text.into()))),
            _ => Err(SecretError::NoPlace),
        }
    }

    /// All that are there, the active one first; at least one.
    pub fn read(&self) -> Result<Vec<Secret>, SecretError> {
        let text = self.text()?;
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !line.is_empty());
        let secrets: Vec<Secret> = lines.map(Secret::new).collect();
        if secrets.is_empty() {
            return Err(SecretError::Empty(self.to_string()));
        }
        if secrets.len() > MOST || text.chars().any(|c| c.is_control() && !"\r\n\t".contains(c)) {
            return Err(SecretError::NotSecrets(self.to_string()));
        }
        Ok(secrets)
    }

    /// The one that we sign and log in with.
    pub fn active(&self) -> Result<Secret, SecretError> {
        self.read()?.into_iter().next().ok_or_else(|| SecretError::Empty(self.to_string()))
    }

    fn text(&self) -> Result<Zeroizing<String>, SecretError> {
        let unreadable = |cause| SecretError::Unreadable { place: self.to_string(), cause };
        let file = match &self.0 {
            Place::Environment(name) => return env::var(name).map(Zeroizing::new).map_err(|_absent| SecretError::NotSet(self.to_string())),
            Place::File(file) => file,
        };
        // A pipe or a device would keep us waiting.
        let about = fs::metadata(file).map_err(unreadable)?;
        if !about.is_file() || about.len() > LARGEST {
            return Err(SecretError::NotSecrets(self.to_string()));
        }
        let mut text = Zeroizing::new(String::with_capacity(usize::try_from(LARGEST).unwrap_or(0)));
        match File::open(file).map_err(unreadable)?.take(LARGEST).read_to_string(&mut text) {
            Ok(_length) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(SecretError::NotSecrets(self.to_string())),
            Err(error) => Err(unreadable(error)),
        }
    }
}

/// Instead of what may be a secret.
const NOT_SHOWN: &str = "what the settings name";

impl Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Environment(name) if !name.contains(|c: char| c.is_ascii_lowercase()) => write!(f, "env:{name}"),
            Place::File(file) if is_certainly_a_path(file) => file.display().fmt(f),
            Place::Environment(_) | Place::File(_) => f.write_str(NOT_SHOWN),
        }
    }
}

/// There is such a file, or at least the folder that it would be in. Base64 may begin with a slash, so the root alone says nothing.
fn is_certainly_a_path(file: &Path) -> bool {
    let folder = file.parent().filter(|folder| folder.parent().is_some() && !folder.as_os_str().is_empty());
    file.exists() || folder.is_some_and(Path::is_dir)
}

impl fmt::Debug for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretSource({self})")
    }
}

impl FromStr for SecretSource {
    type Err = SecretError;
    fn from_str(text: &str) -> Result<Self, SecretError> {
        Self::parse(text)
    }
}
impl TryFrom<String> for SecretSource {
    type Error = SecretError;
    fn try_from(text: String) -> Result<Self, SecretError> {
        Self::parse(&text)
    }
}
impl From<SecretSource> for String {
    /// As it was written: a settings file that is written again must mean the same.
    fn from(source: SecretSource) -> Self {
        match source.0 {
            Place::Environment(name) => format!("env:{name}"),
            Place::File(file) => file.display().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(content: &[u8]) -> (tempfile::TempDir, SecretSource) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, content).unwrap();
        (folder, SecretSource::parse(file.to_str().unwrap()).unwrap())
    }

    #[test]
    fn the_first_line_is_used_and_all_are_taken() {
        let (_folder, source) = kept("\u{feff}\r\n  new-one \r\n\r\nold-one\n".as_bytes());
        let secrets: Vec<String> = source.read().unwrap().iter().map(|secret| secret.expose().to_string()).collect();
        assert_eq!(secrets, ["new-one", "old-one"]);
        assert_eq!(source.active().unwrap().expose(), "new-one");
    }

    #[test]
    fn a_changed_file_counts_at_the_next_use() {
        let (folder, source) = kept(b"before");
        assert_eq!(source.active().unwrap().expose(), "before");
        fs::write(folder.path().join("secret"), "after").unwrap();
        assert_eq!(source.active().unwrap().expose(), "after");
    }

    #[test]
    fn nothing_prints_a_secret() {
        let (_folder, source) = kept(b"hunter2");
        let shown = format!("{:?} {source:?} {source} {}", source.read().unwrap(), serde_json::to_string(&source).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
        let refused = SecretSource::parse("env:a secret that somebody put here").unwrap_err();
        assert!(!refused.to_string().contains("somebody"), "{refused}");
    }

    #[test]
    fn a_secret_that_stands_where_its_place_should_is_not_repeated() {
        for pasted in ["ghp_AAAABBBBCCCC", "/9j4AAQSkZJRgABAQ", "abc/def+ghi=", "whsec_MfKQ9r8G/KYqrTwj", "env:ghp_AAAABBBBCCCC"] {
            let source = SecretSource::parse(pasted).unwrap();
            let refused = source.read().unwrap_err();
            let shown = format!("{refused} {refused:?} {source} {source:?}");
            assert!(!shown.contains(pasted.trim_start_matches("env:")), "{shown}");
            assert_eq!(String::from(source), pasted);
        }
        let folder = tempfile::tempdir().unwrap();
        let absent = folder.path().join("token");
        let refused = SecretSource::parse(absent.to_str().unwrap()).unwrap().read().unwrap_err().to_string();
        assert!(refused.contains(absent.to_str().unwrap()), "where the folder is there, it is a path: {refused}");
    }

    #[test]
    fn what_is_no_secret_is_refused_with_its_place() {
        for content in [&b""[..], b" \n\r\n", &[b'a'; 70_000], b"\xff\xfe", b"a\0b", b"1\n2\n3\n4\n5\n6\n7\n8\n9\n"] {
            let (folder, source) = kept(content);
            let refused = source.read().unwrap_err().to_string();
            assert!(refused.contains(folder.path().to_str().unwrap()), "{refused}");
        }
        let absent = SecretSource::parse("env:MILLWRIGHT_TEST_NOT_SET").unwrap().read().unwrap_err();
        assert!(absent.to_string().contains("MILLWRIGHT_TEST_NOT_SET"), "{absent}");
        let folder = tempfile::tempdir().unwrap();
        assert!(SecretSource::parse(folder.path().to_str().unwrap()).unwrap().read().is_err());
    }

    #[test]
    fn a_source_is_written_as_it_is_read() {
        for text in ["env:TOKEN", "secrets/token"] {
            let source: SecretSource = serde_json::from_value(text.into()).unwrap();
            assert_eq!(serde_json::to_value(&source).unwrap(), text);
        }
        for text in ["", " ", "env:", "env:A B", "a\nb"] {
            assert!(SecretSource::parse(text).is_err(), "{text:?}");
        }
    }
}
