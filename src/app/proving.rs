//! Proofs that lead from a fact, or a reading under its seal, to the latest checkpoint: made from the log and the tree beside it.

use millwright_domain::{
    Event,
    audit::{CheckpointSigned, ConsistencyProof, Proof},
    codec::{DecodeError, decode},
    envelope::Recorded,
    ports::event_log::{EventLog, LogError},
    position::PartitionId,
};
use millwright_infra::audit::{TreeError, TreeFile};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, PoisonError},
};
use thiserror::Error;
use tokio::sync::{Mutex, MutexGuard};

const PAGE: usize = 1_024;
/// What a record of a checkpoint holds, so that others need not be read in full.
const MARK: &[u8] = b"\"type\":\"CheckpointSigned\"";

#[derive(Debug, Error)]
pub enum ProvingError {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error("a checkpoint on {partition} does not decode; run `millwright audit verify`")]
    Fact {
        partition: PartitionId,
        #[source]
        cause: DecodeError,
    },
    #[error("{partition} is not what was signed: its first {size} records have another root; run `millwright audit verify`")]
    NotWhatWasSigned { partition: PartitionId, size: u64 },
}

/// A checkpoint and the fact that holds it.
#[derive(Clone)]
pub struct OnLedger {
    pub fact: Recorded,
    pub checkpoint: CheckpointSigned,
}

type Shared = Arc<Mutex<TreeFile>>;

pub struct Prover {
    log: Arc<dyn EventLog>,
    /// Where trees are kept; none for one question beside a running program.
    folder: Option<PathBuf>,
    trees: std::sync::Mutex<HashMap<PartitionId, Shared>>,
    /// Up to where each partition was searched for checkpoints, and the last one found.
    latest: std::sync::Mutex<HashMap<PartitionId, (u64, Option<OnLedger>)>>,
}

impl Prover {
    pub fn new(log: Arc<dyn EventLog>, folder: Option<PathBuf>) -> Self {
        Self { log, folder, trees: Default::default(), latest: Default::default() }
    }

    /// The latest checkpoint on the ledger. It is searched for from the end.
    pub async fn latest(&self, partition: &PartitionId) -> Result<Option<OnLedger>, ProvingError> {
        let known = self.latest.lock().unwrap_or_else(PoisonError::into_inner).get(partition).cloned();
        let (searched, before) = known.unwrap_or((0, None));
        let end = self.log.head().await?.next(partition);
        let found = self.search_back(partition, searched, end).await?.or(before);
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).insert(partition.clone(), (end, found.clone()));
        Ok(found)
    }

    async fn search_back(&self, partition: &PartitionId, from: u64, end: u64) -> Result<Option<OnLedger>, ProvingError> {
        let mut to = end;
        while to > from {
            let begin = to.saturating_sub(PAGE as u64).max(from);
            let page = self.log.read_ledger(partition, begin, (to - begin) as usize).await?;
            let records: Vec<_> = page.into_items().filter(|(_, record)| holds_mark(&record.bytes)).collect();
            for (_, record) in records.iter().rev() {
                let fact = decode(&record.bytes).map_err(|cause| ProvingError::Fact { partition: partition.clone(), cause })?;
                // Somebody's note may hold the mark, too.
                if let Event::CheckpointSigned(checkpoint) = &fact.event {
                    let checkpoint = checkpoint.clone();
                    return Ok(Some(OnLedger { fact, checkpoint }));
                }
            }
            to = begin;
        }
        Ok(None)
    }

    /// The tree over at least `size` records, which the log has. `progress` is told how far it is.
    pub async fn tree(&self, partition: &PartitionId, size: u64, progress: impl Fn(u64)) -> Result<Shared, ProvingError> {
        let shared = self.opened(partition).await?;
        {
            let mut tree = shared.lock().await;
            tree.catch_up(&*self.log, partition, size, progress).await?;
        }
        Ok(shared)
    }

    async fn opened(&self, partition: &PartitionId) -> Result<Shared, ProvingError> {
        if let Some(tree) = self.trees.lock().unwrap_or_else(PoisonError::into_inner).get(partition) {
            return Ok(tree.clone());
        }
        let mut tree = match &self.folder {
            Some(folder) => TreeFile::open(&folder.join(format!("{}.tree", partition.name())))?,
            None => TreeFile::passing()?,
        };
        if !tree.fits(&*self.log, partition).await? {
            tracing::warn!(%partition, "the tree of hashes is of another log; it is made anew");
            tree.clear()?;
        }
        let mut trees = self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(trees.entry(partition.clone()).or_insert_with(|| Arc::new(Mutex::new(tree))).clone())
    }

    /// The tree, once it is known to continue what was signed. One that does not is made anew from the log before that is believed.
    pub async fn tree_over(&self, signed: &CheckpointSigned, partition: &PartitionId, progress: impl Fn(u64)) -> Result<Shared, ProvingError> {
        let shared = self.tree(partition, signed.tree_size, &progress).await?;
        {
            let mut tree = shared.lock().await;
            if !is_over(&tree, signed)? {
                tree.clear()?;
                tree.catch_up(&*self.log, partition, signed.tree_size, &progress).await?;
            }
            if !is_over(&tree, signed)? {
                return Err(ProvingError::NotWhatWasSigned { partition: partition.clone(), size: signed.tree_size });
            }
        }
        Ok(shared)
    }

    /// `None` while no checkpoint is over it, or if there is no such fact.
    pub async fn fact(&self, partition: &PartitionId, seq: u64, progress: impl Fn(u64)) -> Result<Option<Proof>, ProvingError> {
        let Some(OnLedger { checkpoint, .. }) = self.latest(partition).await?.filter(|latest| latest.checkpoint.tree_size > seq) else {
            return Ok(None);
        };
        let before = seq.saturating_sub(1);
        let page = self.log.read_ledger(partition, before, (seq - before + 1) as usize).await?;
        let mut records: Vec<_> = page.into_items().map(|(_, record)| record).collect();
        let Some(record) = records.pop().filter(|record| record.seq == seq) else { return Ok(None) };
        let fact = decode(&record.bytes).map_err(|cause| ProvingError::Fact { partition: partition.clone(), cause })?;
        let shared = self.tree_over(&checkpoint, partition, progress).await?;
        let tree: MutexGuard<'_, TreeFile> = shared.lock().await;
        Ok(Some(Proof {
            event_id: fact.id,
            partition: partition.clone(),
            seq,
            record: String::from_utf8_lossy(&record.bytes).into_owned(),
            previous_hash: records.pop().map(|before| before.hash).unwrap_or_default(),
            leaf: record.hash,
            path: tree.inclusion(seq, checkpoint.tree_size)?,
            tree_size: checkpoint.tree_size,
            root: tree.root_at(checkpoint.tree_size)?,
            checkpoint: checkpoint.note,
            public_key: checkpoint.key,
            reading: None,
        }))
    }

    /// That the second checkpoint continues the first.
    pub async fn consistency(
        &self,
        partition: &PartitionId,
        old: &CheckpointSigned,
        new: &CheckpointSigned,
        progress: impl Fn(u64),
    ) -> Result<ConsistencyProof, ProvingError> {
        let shared = self.tree_over(new, partition, progress).await?;
        let path = shared.lock().await.consistency(old.tree_size, new.tree_size)?;
        let (old_key, public_key, partition) = (old.key, new.key, partition.clone());
        Ok(ConsistencyProof { partition, old: old.note.clone(), new: new.note.clone(), path, old_key, public_key })
    }
}

fn is_over(tree: &TreeFile, signed: &CheckpointSigned) -> Result<bool, TreeError> {
    Ok(tree.size() >= signed.tree_size && tree.root_at(signed.tree_size)?.to_string() == signed.root)
}

fn holds_mark(bytes: &[u8]) -> bool {
    bytes.windows(MARK.len()).any(|window| window == MARK)
}
