//! A replay of the log gives the states that were kept: from the first fact on, in whatever pages it is read; and streams are numbered without gaps.

use super::Invariant;
use crate::trace::Step;
use millwright_domain::{
    Timestamp,
    chain::StoredRecord,
    codec::decode,
    envelope::{Recorded, StreamId},
    position::PartitionId,
    site::Site,
};
use std::collections::BTreeMap;

#[derive(Default)]
pub struct AReplayGivesTheSame {
    versions: BTreeMap<(PartitionId, StreamId), u64>,
}

impl Invariant for AReplayGivesTheSame {
    fn name(&self) -> &'static str {
        "a replay of the log gives the same states"
    }

    fn sees(&mut self, _: Timestamp, step: &Step) -> Result<(), String> {
        match step {
            Step::Kept { partition, fact, .. } => self.numbers(partition, fact),
            Step::Looked { ledgers, kept } => kept.iter().try_for_each(|(partition, kept)| {
                let records = ledgers.iter().find(|(there, _)| there == partition).map(|(_, records)| records.as_slice());
                let replayed = replay(records.unwrap_or_default())?;
                if replayed == **kept { Ok(()) } else { Err(format!("{partition}: {}", difference(kept, &replayed))) }
            }),
            _ => Ok(()),
        }
    }
}

impl AReplayGivesTheSame {
    /// The owner numbers from its state: a gap or a repeat says that its state is not the log's.
    fn numbers(&mut self, partition: &PartitionId, fact: &Recorded) -> Result<(), String> {
        let last = self.versions.entry((partition.clone(), fact.stream.clone())).or_default();
        *last += 1;
        if fact.version == *last {
            return Ok(());
        }
        Err(format!("{partition} seq {} is number {} of {}, after {}", fact.seq, fact.version, fact.stream, *last - 1))
    }
}

fn replay(records: &[StoredRecord]) -> Result<Site, String> {
    let mut site = Site::default();
    for record in records {
        site.evolve_recorded(&decode(&record.bytes).map_err(|cause| format!("seq {} cannot be read: {cause}", record.seq))?);
    }
    Ok(site)
}

fn difference(kept: &Site, replayed: &Site) -> String {
    let cases = replayed.cases.iter().filter(|(id, case)| kept.cases.get(id) != Some(case)).count();
    let budgets = kept.budgets != replayed.budgets;
    format!("the kept state is not the replayed one; {cases} of {} cases differ, budgets differ: {budgets}", replayed.cases.len())
}
