//! Copies of the checkpoints outside the log: a file of signed notes for each partition, for others to fetch and keep.

use millwright_domain::{
    audit::{Checkpoint, SignedNote, note::notes_in},
    position::PartitionId,
};
use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The folder of copies.
#[derive(Debug, Clone)]
pub struct Heads(PathBuf);

impl Heads {
    pub fn in_data(data: &Path) -> Self {
        Self(data.join("checkpoints"))
    }

    pub fn path(&self, partition: &PartitionId) -> PathBuf {
        self.0.join(format!("{}.txt", partition.name()))
    }

    /// Adds a note, unless it is the last one there. Synced: what is only here is evidence.
    pub fn append(&self, partition: &PartitionId, note: &str) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        let path = self.path(partition);
        let there =
            fs::read_to_string(&path).or_else(|cause| if cause.kind() == io::ErrorKind::NotFound { Ok(String::new()) } else { Err(cause) })?;
        if there.ends_with(note) {
            return Ok(());
        }
        let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
        // An empty line ends also a note that was cut short by a crash.
        let gap = match there.chars().next_back() {
            None => "",
            Some('\n') => "\n",
            Some(_) => "\n\n",
        };
        file.write_all(format!("{gap}{note}").as_bytes())?;
        file.sync_data()
    }

    /// All that is kept, partition after partition, as text.
    pub fn all(&self) -> io::Result<String> {
        let mut files: Vec<PathBuf> = match fs::read_dir(&self.0) {
            Ok(entries) => entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect(),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => vec![],
            Err(cause) => return Err(cause),
        };
        files.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
        files.sort();
        let texts = files.iter().map(fs::read_to_string).collect::<io::Result<Vec<_>>>()?;
        Ok(texts.join("\n\n"))
    }
}

/// The checkpoints that somebody kept, with the note of each. What is no checkpoint is counted.
pub fn kept(text: &str) -> (Vec<(Checkpoint, SignedNote)>, usize) {
    let mut others = 0;
    let mut kept = Vec::new();
    for note in notes_in(text) {
        match note.ok().and_then(|note| Some((Checkpoint::read(note.text()).ok()?, note))) {
            Some(read) => kept.push(read),
            None => others += 1,
        }
    }
    (kept, others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AuditKey;
    use millwright_domain::chain::Hash;

    #[test]
    fn what_was_kept_is_read_back_and_the_same_is_not_kept_twice() {
        let folder = tempfile::tempdir().unwrap();
        let (heads, key) = (Heads::in_data(folder.path()), AuditKey::open(&folder.path().join("keys")).unwrap());
        let demo: PartitionId = "ledger/demo".parse().unwrap();
        for size in [3, 5, 5] {
            let origin = Checkpoint::origin_of("millwright", &demo);
            let checkpoint = Checkpoint { origin, size, root: Hash::default(), head: None, previous: None };
            heads.append(&demo, &checkpoint.signed(&key.public(), |text| key.sign(text)).note).unwrap();
        }
        heads.append(&PartitionId::platform(), "torn").unwrap();
        let (kept, others) = kept(&heads.all().unwrap());
        assert_eq!(kept.iter().map(|(checkpoint, _)| checkpoint.size).collect::<Vec<_>>(), [3, 5]);
        assert_eq!(others, 1);
    }
}
