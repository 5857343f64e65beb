//! A messenger that appends to a file: one JSON line a notice, on the disk before it counts as delivered, each key once.

use async_trait::async_trait;
use millwright_domain::{
    effect::EffectWanted,
    ports::{
        clock::Clock,
        messenger::{Messenger, NotTaken},
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum NoticeError {
    #[error("could not open the notices at {place}; check the directory and its permissions")]
    Open {
        place: String,
        #[source]
        cause: io::Error,
    },
    #[error("line {line} of {place} is no notice; move the file away and a new one is begun")]
    Line {
        place: String,
        line: usize,
        #[source]
        cause: serde_json::Error,
    },
}

#[derive(Serialize)]
struct Line<'a> {
    receipt: &'a str,
    /// Microseconds since 1970.
    at: i64,
    #[serde(flatten)]
    wanted: &'a EffectWanted,
}

/// What of a line is needed again.
#[derive(Deserialize)]
struct Delivered {
    receipt: String,
    idempotency_key: String,
}

/// The file, its whole lines' length, and the receipt of every key in it.
struct Book {
    path: PathBuf,
    file: File,
    length: u64,
    receipts: HashMap<String, String>,
}

/// Delivers into a file, for people and programs that read it, and for plants without a chat.
#[derive(Clone)]
pub struct NoticeFile {
    book: Arc<Mutex<Book>>,
    clock: Arc<dyn Clock>,
}

impl NoticeFile {
    /// Opens the file or begins it. A last line that a crash cut short was never acknowledged, and goes.
    pub fn open(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, NoticeError> {
        Ok(Self { book: Arc::new(Mutex::new(Book::open(path.as_ref())?)), clock })
    }
}

#[async_trait]
impl Messenger for NoticeFile {
    async fn deliver(&self, effect: &EffectWanted) -> Result<String, NotTaken> {
        let (book, effect, at) = (self.book.clone(), effect.clone(), self.clock.now().wall.micros());
        let written = tokio::task::spawn_blocking(move || book.lock().unwrap_or_else(PoisonError::into_inner).write(&effect, at)).await;
        match written {
            Ok(Ok(receipt)) => Ok(receipt),
            Ok(Err(cause)) => Err(NotTaken::ForNow(format!("could not write the notice: {cause}"))),
            Err(cause) => Err(NotTaken::ForNow(format!("writing the notice was interrupted: {cause}"))),
        }
    }
}

impl Book {
    fn open(path: &Path) -> Result<Self, NoticeError> {
        let fail = |cause| NoticeError::Open { place: path.display().to_string(), cause };
        let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path).map_err(fail)?;
        let mut book = Self { path: path.to_owned(), length: 0, receipts: HashMap::new(), file: file.try_clone().map_err(fail)? };
        let mut lines = BufReader::new(&mut file);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            lines.read_until(b'\n', &mut line).map_err(fail)?;
            if line.last() != Some(&b'\n') {
                break;
            }
            let read = serde_json::from_slice::<Delivered>(&line);
            let delivered = read.map_err(|cause| NoticeError::Line { place: path.display().to_string(), line: number, cause })?;
            book.receipts.insert(delivered.idempotency_key, delivered.receipt);
            book.length += line.len() as u64;
        }
        book.file.set_len(book.length).and_then(|()| sync_directory_of(path)).map_err(fail)?;
        Ok(book)
    }

    fn write(&mut self, effect: &EffectWanted, at: i64) -> io::Result<String> {
        if let Some(receipt) = self.receipts.get(&effect.idempotency_key) {
            return Ok(receipt.clone());
        }
        let receipt = format!("notice-{}", self.receipts.len() + 1);
        let mut line = serde_json::to_vec(&Line { receipt: &receipt, at, wanted: effect })?;
        line.push(b'\n');
        if let Err(cause) = self.append(&line) {
            // Half a line would spoil the next one. If this fails too, the next append begins at the same place and overwrites it.
            if let Err(left) = self.file.set_len(self.length) {
                tracing::warn!(place = %self.path.display(), error = %left, "could not take back half a notice");
            }
            return Err(cause);
        }
        self.length += line.len() as u64;
        self.receipts.insert(effect.idempotency_key.clone(), receipt.clone());
        Ok(receipt)
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(line)?;
        self.file.sync_data()
    }
}

fn sync_directory_of(path: &Path) -> io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use millwright_domain::ids::{EffectId, derived};

    fn notice(key: &str) -> EffectWanted {
        EffectWanted {
            effect: EffectId(derived(key, "test", 0)),
            idempotency_key: key.into(),
            target: "notice:backup_tech".into(),
            subject: "pump-1 is wearing out".into(),
            body: "bearing_wear, two lines:\n\"quoted\"".into(),
            case: None,
            action: None,
            quotes: vec![],
        }
    }
    fn open(path: &Path) -> NoticeFile {
        NoticeFile::open(path, Arc::new(SystemClock)).unwrap()
    }
    fn lines(path: &Path) -> Vec<String> {
        std::fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
    }

    #[tokio::test]
    async fn a_key_is_delivered_once_also_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notices.jsonl");
        let messenger = open(&path);
        let receipt = messenger.deliver(&notice("a")).await.unwrap();
        assert_eq!(messenger.deliver(&notice("a")).await, Ok(receipt.clone()));
        assert_ne!(messenger.deliver(&notice("b")).await, Ok(receipt.clone()));
        assert_eq!(open(&path).deliver(&notice("a")).await, Ok(receipt));
        assert_eq!(lines(&path).len(), 2);
        assert!(lines(&path)[0].contains("notice:backup_tech"));
    }

    #[tokio::test]
    async fn half_a_line_left_by_a_crash_goes_and_is_delivered_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notices.jsonl");
        open(&path).deliver(&notice("a")).await.unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [whole.as_slice(), &whole[..20]].concat()).unwrap();
        open(&path).deliver(&notice("b")).await.unwrap();
        assert_eq!(lines(&path).len(), 2);
        assert!(std::fs::read(&path).unwrap().starts_with(&whole));
    }

    #[test]
    fn a_file_of_something_else_is_refused_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notices.jsonl");
        std::fs::write(&path, "hello\n").unwrap();
        let refused = NoticeFile::open(&path, Arc::new(SystemClock)).err().unwrap().to_string();
        assert!(refused.contains("line 1 of"), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "hello\n");
    }
}
