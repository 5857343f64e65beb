//! Nothing acknowledged is lost: facts and scans that the log called durable stay as they are, and an answer is the answer for ever.

use super::Invariant;
use crate::trace::Step;
use millwright_domain::{Event, Timestamp, chain::Hash, envelope::Answer, ids::CommandId, position::PartitionId};
use millwright_infra::log::audit::ChainAudit;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct NothingAcknowledgedIsLost {
    acknowledged: BTreeMap<(PartitionId, u64), Hash>,
    kept: BTreeMap<(PartitionId, u64), Hash>,
    /// The first answer on the log, and where it stands.
    answers: BTreeMap<(PartitionId, CommandId), (Answer, u64)>,
    told: BTreeMap<(PartitionId, CommandId), (Answer, u64)>,
    measured: BTreeSet<(String, u64, u64)>,
}

impl Invariant for NothingAcknowledgedIsLost {
    fn name(&self) -> &'static str {
        "nothing acknowledged is lost"
    }

    fn sees(&mut self, _: Timestamp, step: &Step) -> Result<(), String> {
        match step {
            Step::Kept { partition, stored, fact } => {
                let place = (partition.clone(), stored.seq);
                if let Some(hash) = self.acknowledged.get(&place).filter(|hash| **hash != stored.hash) {
                    return Err(format!("{partition} seq {} was acknowledged as {hash} and is now {}", stored.seq, stored.hash));
                }
                self.kept.insert(place, stored.hash);
                if let Event::CommandAnswered(answered) = &fact.event {
                    let first = (answered.answer.clone(), stored.seq + 1);
                    let again = self.answers.insert((partition.clone(), answered.command), first);
                    if let Some((_, before)) = again.filter(|(_, before)| *before != stored.seq + 1) {
                        return Err(format!("command {} is answered twice, before seq {before} and at {}", answered.command, stored.seq));
                    }
                }
                Ok(())
            }
            Step::Measured { scan, .. } => {
                self.measured.insert((scan.device.to_string(), scan.epoch, scan.scan));
                Ok(())
            }
            Step::Acknowledged { partition, records, .. } => records.iter().try_for_each(|(seq, hash)| {
                let place = (partition.clone(), *seq);
                let kept = self.kept.get(&place);
                if kept != Some(hash) {
                    return Err(format!("{partition} seq {seq} was acknowledged, and is not there"));
                }
                self.acknowledged.insert(place, *hash);
                Ok(())
            }),
            Step::ScansTaken { scans, .. } => match scans.iter().find(|scan| !self.measured.contains(*scan)) {
                Some((device, epoch, scan)) => Err(format!("scan {scan} of {device} under {epoch} was acknowledged, and is not there")),
                None => Ok(()),
            },
            Step::Answered { asker, partition, command, answered } => {
                let key = (partition.clone(), *command);
                let next = answered.position.next(partition);
                let told = (answered.answer.clone(), next);
                if self.answers.get(&key).map(|(answer, _)| answer) != Some(&answered.answer) {
                    return Err(format!("{asker} was answered {:?} to {command}, and the log does not say so", answered.answer));
                }
                let before = self.told.entry(key).or_insert_with(|| told.clone());
                if *before != told {
                    return Err(format!("{asker} was answered {told:?} to {command}, and {before:?} before"));
                }
                Ok(())
            }
            Step::Looked { ledgers, .. } => self.all_there(ledgers),
            _ => Ok(()),
        }
    }
}

impl NothingAcknowledgedIsLost {
    fn all_there(&self, ledgers: &[(PartitionId, Vec<millwright_domain::chain::StoredRecord>)]) -> Result<(), String> {
        let mut there = BTreeMap::new();
        for (partition, records) in ledgers {
            let mut audit = ChainAudit::of(partition);
            for record in records {
                audit.admit(record).map_err(|broken| format!("{partition} seq {}: {broken}", record.seq))?;
                there.insert((partition.clone(), record.seq), record.hash);
            }
        }
        match self.acknowledged.iter().find(|(place, hash)| there.get(place) != Some(hash)) {
            Some(((partition, seq), _)) => Err(format!("{partition} seq {seq} was acknowledged and is gone")),
            None => Ok(()),
        }
    }
}
