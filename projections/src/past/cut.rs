//! Where a time cuts the log: each partition behind its last fact that was recorded at or before it.
//!
//! Recorded times never go back within a partition, so a partition is halved until the place is found. Between partitions only the
//! clocks of their owners say what was first: a fact of one can be on this side of the cut and its consequence on another partition
//! too, as far as those clocks differ. Each partition by itself is always cut between two of its own facts.

use crate::{fact::Fact, follow::ledger::is_followed};
use millwright_domain::{
    Timestamp,
    chain::Hash,
    ports::event_log::{EventLog, LogError},
    position::{PartitionId, Position},
};

/// What the ledger holds, by the times of recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    pub facts: u64,
}

/// A fact that cannot be read has no time of its own; it goes with the next that can.
const LOOK_AHEAD: usize = 16;

pub(crate) async fn extent(log: &dyn EventLog) -> Result<Extent, LogError> {
    let mut extent = Extent::default();
    for (partition, end) in log.head().await?.partitions().filter(|(partition, next)| is_followed(partition) && *next > 0) {
        extent.facts += end;
        if let Some((_, first)) = recorded_at(log, partition, 0, end).await? {
            extent.first = Some(extent.first.map_or(first, |known| known.min(first)));
        }
        if let Some((_, last)) = recorded_at(log, partition, end - 1, end).await? {
            extent.last = extent.last.max(Some(last));
        }
    }
    Ok(extent)
}

pub(crate) async fn cut(log: &dyn EventLog, as_of: Timestamp) -> Result<Position, LogError> {
    let mut cut = Position::default();
    for (partition, end) in log.head().await?.partitions().filter(|(partition, _)| is_followed(partition)) {
        let next = behind(log, partition, end, as_of).await?;
        if next > 0 {
            cut.advance(partition, next);
        }
    }
    Ok(cut)
}

/// The seq behind the last fact that was recorded at or before a time.
async fn behind(log: &dyn EventLog, partition: &PartitionId, end: u64, as_of: Timestamp) -> Result<u64, LogError> {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low + (high - low) / 2;
        match recorded_at(log, partition, middle, high).await? {
            Some((seq, at)) if at <= as_of => low = seq + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The first fact from `from` on, before `end`, whose time can be read.
pub(crate) async fn recorded_at(log: &dyn EventLog, partition: &PartitionId, from: u64, end: u64) -> Result<Option<(u64, Timestamp)>, LogError> {
    Ok(first_readable(log, partition, from, end).await?.map(|fact| (fact.seq, fact.recorded_at)))
}

/// The last fact before a place, for the two times that it carries.
pub(crate) async fn last_before(log: &dyn EventLog, partition: &PartitionId, next: u64) -> Result<Option<Fact>, LogError> {
    if next == 0 { Ok(None) } else { first_readable(log, partition, next - 1, next).await }
}

async fn first_readable(log: &dyn EventLog, partition: &PartitionId, from: u64, end: u64) -> Result<Option<Fact>, LogError> {
    for limit in [1, LOOK_AHEAD] {
        let room = usize::try_from(end.saturating_sub(from)).unwrap_or(limit).min(limit);
        let page = log.read_ledger(partition, from, room).await?;
        let facts = Fact::read_all(partition, page.iter().map(|(_, record)| record));
        // What cannot be read at all was given no time when it was taken in.
        if let Some(found) = facts.into_iter().find(|fact| fact.recorded_at != Timestamp::default()) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The hash of the last fact before a place: the same place of another log has another.
pub(crate) async fn hash_before(log: &dyn EventLog, partition: &PartitionId, next: u64) -> Result<Option<Hash>, LogError> {
    let Some(last) = next.checked_sub(1) else { return Ok(None) };
    let page = log.read_ledger(partition, last, 1).await?;
    Ok(page.iter().next().map(|(_, record)| record.hash))
}
