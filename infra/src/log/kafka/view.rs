//! What this process knows of the ledger: where each partition ends, its newest records, and who waits for what.

use super::{
    admission::End,
    failure::{Closed, NoAnswer, unavailable},
};
use millwright_domain::{
    chain::{ChainTip, StoredRecord},
    ports::event_log::LogError,
    position::{PartitionId, Position},
};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

/// Newest records that are kept of each partition.
const KEPT_RECORDS: usize = 16_384;
const KEPT_BYTES: usize = 8 << 20;

#[derive(Default)]
struct Part {
    end: End,
    recent: VecDeque<StoredRecord>,
    bytes: usize,
    damaged: Option<Damage>,
}

#[derive(Clone)]
pub(super) struct Damage {
    pub place: String,
    pub what: String,
}

/// How the follower fares.
#[derive(Clone, Default)]
pub(super) struct Following {
    /// Everything that was committed when the log was opened has been read.
    pub caught_up: bool,
    /// Grows while there is something to read.
    pub read: u64,
    pub closed: bool,
    /// It cannot go on.
    pub failed: Option<Damage>,
}

#[derive(Default)]
pub(super) struct View {
    parts: Mutex<HashMap<PartitionId, Part>>,
    head: watch::Sender<Position>,
    following: watch::Sender<Following>,
    barriers: Mutex<HashMap<Uuid, oneshot::Sender<()>>>,
    dropped: AtomicU64,
}

/// What is in memory of what was asked for.
pub(super) enum Recent {
    Records(Vec<StoredRecord>),
    /// It is further back.
    Older,
}

impl View {
    /// Where partitions ended when reading was left, before anything is read.
    pub(super) fn begin(&self, ends: &BTreeMap<PartitionId, End>) {
        let mut parts = lock(&self.parts);
        for (partition, end) in ends {
            parts.entry(partition.clone()).or_default().end = *end;
        }
        self.head.send_modify(|head| ends.iter().for_each(|(partition, end)| head.advance(partition, end.tip.next_seq)));
    }

    /// Takes in a whole commit. Nobody sees it before `publish`.
    pub(super) fn take(&self, partition: &PartitionId, end: End, records: Vec<StoredRecord>) {
        let mut parts = lock(&self.parts);
        let part = match parts.get_mut(partition) {
            Some(part) => part,
            None => parts.entry(partition.clone()).or_default(),
        };
        part.end = end;
        part.bytes += records.iter().map(|record| record.bytes.len()).sum::<usize>();
        part.recent.extend(records);
        while part.recent.len() > KEPT_RECORDS || (part.bytes > KEPT_BYTES && part.recent.len() > 1) {
            part.bytes -= part.recent.pop_front().map_or(0, |record| record.bytes.len());
        }
    }
    pub(super) fn publish(&self, fresh: &Position) {
        self.head.send_modify(|head| head.merge(fresh));
    }
    pub(super) fn damage(&self, partition: &PartitionId, damage: Damage) {
        lock(&self.parts).entry(partition.clone()).or_default().damaged.get_or_insert(damage);
    }

    /// A record on the topic that is no fact.
    pub(super) fn drop_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(super) fn head(&self) -> Position {
        self.head.borrow().clone()
    }
    pub(super) fn heads(&self) -> watch::Receiver<Position> {
        self.head.subscribe()
    }
    /// Where a partition ends, as far as it is published. Refused if nothing can follow there.
    pub(super) fn end(&self, partition: &PartitionId) -> Result<End, LogError> {
        let parts = lock(&self.parts);
        let Some(part) = parts.get(partition) else { return Ok(End::default()) };
        part.damaged.as_ref().map_or(Ok(part.end), |damage| Err(damage.error()))
    }

    /// Records from `from` on, if they are in memory. Past the end of a damaged partition there is only the damage.
    pub(super) fn recent(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Recent, LogError> {
        let parts = lock(&self.parts);
        let Some(part) = parts.get(partition) else { return Ok(Recent::Records(Vec::new())) };
        if from >= part.end.tip.next_seq {
            return part.damaged.as_ref().map_or(Ok(Recent::Records(Vec::new())), |damage| Err(damage.error()));
        }
        match part.recent.front() {
            Some(first) if first.seq <= from => {
                Ok(Recent::Records(part.recent.iter().skip((from - first.seq) as usize).take(limit).cloned().collect()))
            }
            _ => Ok(Recent::Older),
        }
    }

    pub(super) fn following(&self) -> watch::Receiver<Following> {
        self.following.subscribe()
    }
    pub(super) fn note(&self, change: impl FnOnce(&mut Following)) {
        self.following.send_modify(change);
    }

    /// Returns when all that was committed at the opening is known. Waits as long as the follower gets on.
    pub(super) async fn caught_up(&self, patience: Duration) -> Result<(), LogError> {
        let mut following = self.following();
        loop {
            {
                let now = following.borrow_and_update();
                match &*now {
                    Following { failed: Some(damage), .. } => return Err(damage.error()),
                    Following { closed: true, .. } => return Err(unavailable("reading the ledger", Closed)),
                    Following { caught_up: true, .. } => return Ok(()),
                    _ => {}
                }
            }
            match tokio::time::timeout(patience, following.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(gone)) => return Err(unavailable("reading the ledger", gone)),
                Err(_elapsed) => return Err(unavailable("reading the ledger", NoAnswer(patience))),
            }
        }
    }

    /// Returns once the head is past `seq` of the partition; an error if that takes too long.
    pub(super) async fn reached(&self, partition: &PartitionId, next_seq: u64, patience: Duration) -> Result<(), LogError> {
        let mut heads = self.heads();
        let reached = heads.wait_for(|head| head.next(partition) >= next_seq);
        match tokio::time::timeout(patience, reached).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(gone)) => Err(unavailable("reading back what was committed", gone)),
            Err(_elapsed) => Err(unavailable("reading back what was committed", NoAnswer(patience))),
        }
    }

    /// Returns once it is plain whether a commit that was to end at `after` came to be: it did, or a later epoch has begun.
    pub(super) async fn settled(&self, partition: &PartitionId, after: &ChainTip, patience: Duration) {
        let mut heads = self.heads();
        let settled =
            heads.wait_for(|head| head.next(partition) >= after.next_seq || self.end(partition).map_or(true, |end| end.tip.epoch > after.epoch));
        if tokio::time::timeout(patience, settled).await.is_err() {
            tracing::warn!(%partition, seq = after.next_seq, "nobody knows yet whether the last commit came to be; the next owner will");
        }
    }

    /// Whether the record before `tip` is the one on the log. `None`: it is no longer in memory.
    pub(super) fn holds(&self, partition: &PartitionId, tip: &ChainTip) -> Option<bool> {
        let parts = lock(&self.parts);
        let part = parts.get(partition)?;
        if part.end.tip == *tip {
            return Some(true);
        }
        let first = part.recent.front()?.seq;
        let at = (tip.next_seq.checked_sub(1)?).checked_sub(first)?;
        part.recent.get(at as usize).map(|record| record.hash == tip.hash)
    }

    /// Tells when the barrier with this token has been read, and with it everything before it.
    pub(super) fn barrier(&self, token: Uuid) -> oneshot::Receiver<()> {
        let (reached, waiting) = oneshot::channel();
        let mut barriers = lock(&self.barriers);
        barriers.retain(|_, reached| !reached.is_closed());
        barriers.insert(token, reached);
        waiting
    }
    /// Most barriers are other processes'.
    pub(super) fn passed(&self, token: Uuid) {
        if let Some(reached) = lock(&self.barriers).remove(&token)
            && reached.send(()).is_err()
        {
            tracing::debug!(%token, "nobody waits for this barrier any more");
        }
    }
}

impl Damage {
    pub(super) fn error(&self) -> LogError {
        LogError::Damaged { place: self.place.clone(), what: self.what.clone() }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
