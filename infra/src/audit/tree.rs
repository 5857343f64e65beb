//! A partition's Merkle tree in a file: the hashes of its complete subtrees, one behind the other. It is made from the log and can be deleted.
//!
//! Nothing is synced: a file that lost its end is continued, and one that says another thing than the log is made anew.

use millwright_domain::{
    audit::merkle::{Frontier, Node, consistency, inclusion, kept_for, leaf_hash, leaves_in, root},
    chain::Hash,
    ports::event_log::{EventLog, LogError},
    position::PartitionId,
};
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};
use thiserror::Error;

const HASH: u64 = 32;
const PAGE: usize = 4_096;

#[derive(Debug, Error)]
pub enum TreeError {
    #[error("could not use the tree of hashes at {place}; it can be deleted, it is made anew from the log")]
    File {
        place: String,
        #[source]
        cause: io::Error,
    },
    #[error(transparent)]
    Log(#[from] LogError),
}

pub struct TreeFile {
    path: PathBuf,
    file: File,
    edge: Frontier,
}

impl TreeFile {
    /// Goes on with what is there, or begins.
    pub fn open(path: &Path) -> Result<Self, TreeError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|cause| failed(path, cause))?;
        }
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = opened.map_err(|cause| failed(path, cause))?;
        let length = file.metadata().map_err(|cause| failed(path, cause))?.len();
        let (leaves, _cut_off) = leaves_in(length / HASH);
        let edge = Frontier::of(leaves, &mut |node| read(&file, node)).map_err(|cause| failed(path, cause))?;
        Ok(Self { path: path.to_owned(), file, edge })
    }

    /// A file without a name: for one question beside a running program.
    pub fn passing() -> Result<Self, TreeError> {
        let file = tempfile_in(&std::env::temp_dir()).map_err(|cause| failed(&std::env::temp_dir(), cause))?;
        Ok(Self { path: "a temporary file".into(), file, edge: Frontier::default() })
    }

    pub const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Takes in the hashes of the next records.
    pub fn extend(&mut self, hashes: impl IntoIterator<Item = Hash>) -> Result<(), TreeError> {
        let mut bytes = Vec::new();
        let at = kept_for(self.edge.size()) * HASH;
        let mut edge = self.edge.clone();
        for hash in hashes {
            edge.push(leaf_hash(&hash.0), |complete| bytes.extend_from_slice(&complete.0));
        }
        self.file.write_all_at(&bytes, at).map_err(|cause| failed(&self.path, cause))?;
        self.edge = edge;
        Ok(())
    }

    /// Takes in what the log holds before `end`. `progress` is told how far it is.
    pub async fn catch_up(&mut self, log: &dyn EventLog, partition: &PartitionId, end: u64, progress: impl Fn(u64)) -> Result<(), TreeError> {
        while self.size() < end {
            let page = log.read_ledger(partition, self.size(), PAGE.min((end - self.size()) as usize)).await?;
            if page.is_empty() {
                break;
            }
            self.extend(page.iter().map(|(_, record)| record.hash))?;
            progress(self.size());
        }
        Ok(())
    }

    /// Begins anew from the first record.
    pub fn clear(&mut self) -> Result<(), TreeError> {
        self.file.set_len(0).map_err(|cause| failed(&self.path, cause))?;
        self.edge = Frontier::default();
        Ok(())
    }

    /// Whether its last leaf is the record that the log has there. A log that was restored from an older copy may have none.
    pub async fn fits(&self, log: &dyn EventLog, partition: &PartitionId) -> Result<bool, TreeError> {
        let Some(last) = self.size().checked_sub(1) else { return Ok(true) };
        let page = log.read_ledger(partition, last, 1).await?;
        let kept = read(&self.file, Node { level: 0, number: last }).map_err(|cause| failed(&self.path, cause))?;
        Ok(page.iter().next().is_some_and(|(_, record)| leaf_hash(&record.hash.0) == kept))
    }

    pub fn root_at(&self, size: u64) -> Result<Hash, TreeError> {
        root(size, &mut |node| read(&self.file, node)).map_err(|cause| failed(&self.path, cause))
    }
    pub fn inclusion(&self, leaf: u64, size: u64) -> Result<Vec<Hash>, TreeError> {
        inclusion(leaf, size, &mut |node| read(&self.file, node)).map_err(|cause| failed(&self.path, cause))
    }
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, TreeError> {
        consistency(old, new, &mut |node| read(&self.file, node)).map_err(|cause| failed(&self.path, cause))
    }
}

fn read(file: &File, node: Node) -> io::Result<Hash> {
    let mut hash = [0; HASH as usize];
    file.read_exact_at(&mut hash, node.place() * HASH)?;
    Ok(Hash(hash))
}

/// Unlinked at once, so that it is gone with its handle.
fn tempfile_in(folder: &Path) -> io::Result<File> {
    let path = folder.join(format!("millwright-tree-{}-{:016x}", std::process::id(), rand::random::<u64>()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

fn failed(place: &Path, cause: io::Error) -> TreeError {
    TreeError::File { place: place.display().to_string(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;
    use millwright_domain::audit::merkle::root_of_inclusion;

    fn hash(number: u8) -> Hash {
        Hash([number; 32])
    }

    #[test]
    fn a_tree_is_continued_after_a_start_also_where_its_end_was_torn_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo.tree");
        let mut whole = TreeFile::passing().unwrap();
        whole.extend((0..100).map(hash)).unwrap();
        TreeFile::open(&path).unwrap().extend((0..50).map(hash)).unwrap();
        let length = std::fs::metadata(&path).unwrap().len();
        File::options().write(true).open(&path).unwrap().set_len(length - 40).unwrap();
        let mut again = TreeFile::open(&path).unwrap();
        let kept = again.size();
        assert!((48..50).contains(&kept), "{kept}");
        again.extend((kept as u8..100).map(hash)).unwrap();
        for size in [1, 17, 64, 100] {
            assert_eq!(again.root_at(size).unwrap(), whole.root_at(size).unwrap());
        }
        let path = again.inclusion(77, 100).unwrap();
        assert_eq!(root_of_inclusion(leaf_hash(&hash(77).0), 77, 100, &path), Some(whole.root_at(100).unwrap()));
    }
}
