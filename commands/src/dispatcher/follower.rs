//! A hot standby: keeps the state of a partition that another node owns, so that taking it over needs no replay.

use super::{NotAnswered, Surroundings, awaited::Awaited, locked, owner::Causes, restore::Fold};
use chrono::TimeDelta;
use millwright_domain::position::{PartitionId, Position};
use std::sync::{Arc, Mutex};
use tokio_util::sync::CancellationToken;

const PAUSE_AFTER_TROUBLE: TimeDelta = TimeDelta::seconds(1);

pub(super) struct Follower {
    pub surroundings: Surroundings,
    pub partition: PartitionId,
    pub awaited: Awaited,
    /// The seq that comes next, for whoever asks how warm this standby is.
    pub reached: Arc<Mutex<u64>>,
}

impl Follower {
    /// Follows from where `fold` is until told to stop; gives back what it has folded, unless that is spoilt.
    pub(super) async fn run(self, mut fold: Fold, stop: CancellationToken) -> Option<Fold> {
        loop {
            let more = async {
                fold.catch_up(&self.surroundings, &self.partition, &self.awaited).await?;
                *locked(&self.reached) = fold.next;
                self.moved_past(fold.next).await
            };
            let trouble = tokio::select! {
                biased;
                () = stop.cancelled() => return Some(fold),
                moved = more => moved.err(),
            };
            let Some(error) = trouble else { continue };
            tracing::warn!(partition = %self.partition, error = %Causes(&error), "the standby of {} waits before it reads on", self.partition);
            if !error.may_pass() {
                // A page may be folded in without its answers learned: begin anew rather than guess.
                fold = Fold::default();
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return None,
                () = self.surroundings.clock.wall_reaches(self.surroundings.clock.now().wall + PAUSE_AFTER_TROUBLE) => {}
            }
        }
    }

    /// Other partitions move, too; only ours counts.
    async fn moved_past(&self, next: u64) -> Result<(), NotAnswered> {
        let failed = |error| NotAnswered::Log(Arc::new(error));
        let mut seen = Position::at(self.partition.clone(), next);
        loop {
            seen = self.surroundings.log.past(&seen).await.map_err(failed)?;
            if seen.next(&self.partition) > next {
                return Ok(());
            }
        }
    }
}
