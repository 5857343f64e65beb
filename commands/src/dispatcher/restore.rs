//! From the log to a state: every fact of a partition, in order, with epochs that never fall.

use super::{NotAnswered, Surroundings, awaited::Awaited};
use millwright_domain::{
    Event,
    codec::decode,
    envelope::Recorded,
    ids::CommandId,
    ports::{answers::Given, event_log::LogError},
    position::PartitionId,
    site::Site,
};
use std::sync::Arc;

/// Records asked of the log at a time.
const PAGE: usize = 4_096;

/// A partition's state as of `next`. Kept warm by a follower, finished by an owner.
#[derive(Default)]
pub(super) struct Fold {
    pub site: Site,
    pub next: u64,
    epoch: u64,
}

impl Fold {
    pub(super) fn at(site: Site, next: u64, epoch: u64) -> Self {
        Self { site, next, epoch }
    }

    /// Takes in all that the log holds by now; teaches the index of answers what it has missed, and wakes whoever waits for one.
    pub(super) async fn catch_up(&mut self, around: &Surroundings, partition: &PartitionId, awaited: &Awaited) -> Result<(), NotAnswered> {
        let learned_to = around.answers.learned_to(partition).map_err(|error| NotAnswered::Answers(Arc::new(error)))?;
        loop {
            let page = around.log.read_ledger(partition, self.next, PAGE).await.map_err(|error| NotAnswered::Log(Arc::new(error)))?;
            if page.is_empty() {
                return Ok(());
            }
            let end = page.next();
            let mut answers = vec![];
            for (seq, stored) in page.iter() {
                let recorded = decode(&stored.bytes).map_err(|cause| damaged(partition, seq, &cause))?;
                if recorded.epoch < self.epoch {
                    return Err(damaged(partition, seq, &"it carries an epoch lower than one before it"));
                }
                self.epoch = recorded.epoch;
                self.site.evolve_recorded(&recorded);
                self.next = seq + 1;
                answers.extend(answer_in(&recorded));
            }
            self.next = end;
            let unlearned = answers.iter().filter(|(_, given)| given.next_seq > learned_to).cloned().collect();
            around.answers.learn(partition, unlearned, end).map_err(|error| NotAnswered::Answers(Arc::new(error)))?;
            awaited.answered(partition, &answers);
        }
    }
}

fn answer_in(recorded: &Recorded) -> Option<(CommandId, Given)> {
    match &recorded.event {
        Event::CommandAnswered(answered) => Some((answered.command, Given { answer: answered.answer.clone(), next_seq: recorded.seq + 1 })),
        _ => None,
    }
}

fn damaged(partition: &PartitionId, seq: u64, what: &dyn std::fmt::Display) -> NotAnswered {
    NotAnswered::Log(Arc::new(LogError::Damaged { place: format!("{partition} seq {seq}"), what: what.to_string() }))
}
