//! From the log to a state: every fact of a partition, in order, with epochs that never fall.

use super::{NotAnswered, Surroundings};
use millwright_domain::{
    Event,
    codec::decode,
    envelope::Recorded,
    ports::{answers::Given, event_log::LogError},
    position::PartitionId,
    site::Site,
};
use std::sync::Arc;

/// Records asked of the log at a time.
const PAGE: usize = 4_096;

/// Replays the whole partition; teaches the index of answers what it has missed.
pub(super) async fn restore(surroundings: &Surroundings, partition: &PartitionId) -> Result<Site, NotAnswered> {
    let failed = |error: LogError| NotAnswered::Log(Arc::new(error));
    let learned_to = surroundings.answers.learned_to(partition).map_err(|error| NotAnswered::Answers(Arc::new(error)))?;
    let mut site = Site::default();
    let (mut next, mut epoch) = (0, 0);
    loop {
        let page = surroundings.log.read_ledger(partition, next, PAGE).await.map_err(failed)?;
        if page.is_empty() {
            return Ok(site);
        }
        next = page.next();
        let mut answers = vec![];
        for (seq, stored) in page.iter() {
            let recorded = decode(&stored.bytes).map_err(|cause| failed(damaged(partition, seq, &cause)))?;
            if recorded.epoch < epoch {
                return Err(failed(damaged(partition, seq, &"it carries an epoch lower than one before it")));
            }
            epoch = recorded.epoch;
            site.evolve_recorded(&recorded);
            answers.extend(answer_in(&recorded).filter(|_| seq >= learned_to));
        }
        let learned = surroundings.answers.learn(partition, answers, next);
        learned.map_err(|error| NotAnswered::Answers(Arc::new(error)))?;
    }
}

fn answer_in(recorded: &Recorded) -> Option<(millwright_domain::ids::CommandId, Given)> {
    match &recorded.event {
        Event::CommandAnswered(answered) => Some((answered.command, Given { answer: answered.answer.clone(), next_seq: recorded.seq + 1 })),
        _ => None,
    }
}

fn damaged(partition: &PartitionId, seq: u64, what: &dyn std::fmt::Display) -> LogError {
    LogError::Damaged { place: format!("{partition} seq {seq}"), what: what.to_string() }
}
