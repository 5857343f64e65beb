//! What a machine keeps when its program dies: checkpoints in a folder, and the index of answers up to what was synced.

use crate::chance::Chance;
use anyhow::Result;
use millwright_domain::{
    ids::CommandId,
    ports::answers::{Answers, AnswersError, Given},
    position::PartitionId,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tempfile::TempDir;

type Index = BTreeMap<PartitionId, Learned>;

#[derive(Clone, Default)]
struct Learned {
    first: BTreeMap<CommandId, Given>,
    /// Complete up to here.
    to: u64,
}

#[derive(Clone)]
pub struct Disk {
    folder: Arc<TempDir>,
    synced: Arc<Mutex<Index>>,
}

impl Disk {
    /// In memory where the system has such a place: nothing here has to survive this process.
    pub fn new() -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory).or_else(|_| TempDir::new()) } else { TempDir::new() };
        Ok(Self { folder: Arc::new(folder?), synced: Arc::default() })
    }
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    /// The index as it is found at a start.
    pub fn answers(&self, chance: Chance) -> AnswersOnDisk {
        AnswersOnDisk { now: Mutex::new(locked(&self.synced).clone()), synced: self.synced.clone(), chance }
    }
}

/// Visible at once, durable at leisure, as the port allows.
pub struct AnswersOnDisk {
    now: Mutex<Index>,
    synced: Arc<Mutex<Index>>,
    chance: Chance,
}

impl Answers for AnswersOnDisk {
    fn first(&self, partition: &PartitionId, command: CommandId) -> Result<Option<Given>, AnswersError> {
        Ok(locked(&self.now).get(partition).and_then(|learned| learned.first.get(&command).cloned()))
    }
    fn learn(&self, partition: &PartitionId, answers: Vec<(CommandId, Given)>, next_seq: u64) -> Result<(), AnswersError> {
        let mut now = locked(&self.now);
        let learned = now.entry(partition.clone()).or_default();
        for (command, given) in answers {
            learned.first.entry(command).or_insert(given);
        }
        learned.to = learned.to.max(next_seq);
        if self.chance.per_mille(100) {
            *locked(&self.synced) = now.clone();
        }
        Ok(())
    }
    fn learned_to(&self, partition: &PartitionId) -> Result<u64, AnswersError> {
        Ok(locked(&self.synced).get(partition).map_or(0, |learned| learned.to))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
