//! Reading the ledger from further back than memory goes: consumers that seek by the index and judge by the same rule.

use super::{
    admission::{Admission, Verdict},
    client::Quiet,
    failure::{NoAnswer, unavailable},
    index::Index,
    options::KafkaOptions,
    placing::share_of,
    record::{Arrival, arrival},
};
use millwright_domain::{chain::StoredRecord, ports::event_log::LogError, position::PartitionId};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    message::Message,
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// So many consumers stay ready for whoever reads on where he was.
const PARKED: usize = 4;

pub(super) struct ColdReaders {
    options: KafkaOptions,
    index: Arc<Index>,
    parked: Mutex<Vec<ColdReader>>,
}

/// A consumer in the middle of a partition.
struct ColdReader {
    consumer: BaseConsumer<Quiet>,
    partition: PartitionId,
    rule: Admission,
    /// Judged, and not asked for yet.
    ready: VecDeque<StoredRecord>,
    next_seq: u64,
}

impl ColdReaders {
    pub(super) fn new(options: KafkaOptions, index: Arc<Index>) -> Self {
        Self { options, index, parked: Mutex::new(Vec::new()) }
    }

    /// Up to `limit` records from `from` on, all of them before `mark`. Blocks.
    pub(super) fn read(&self, partition: &PartitionId, from: u64, limit: usize, mark: u64) -> Result<Vec<StoredRecord>, LogError> {
        let wanted = limit.min(mark.saturating_sub(from) as usize);
        let mut reader = match self.unpark(partition, from) {
            Some(reader) => reader,
            None => self.place(partition, from).map_err(|cause| unavailable("reading the ledger", cause))?,
        };
        let mut records = Vec::with_capacity(wanted);
        let deadline = Instant::now() + self.options.patience;
        while records.len() < wanted {
            match reader.ready.pop_front() {
                Some(record) if record.seq < from => {}
                Some(record) => records.push(record),
                None if Instant::now() >= deadline && records.is_empty() => {
                    return Err(unavailable("reading the ledger", NoAnswer(self.options.patience)));
                }
                None if Instant::now() >= deadline => break,
                None => reader.judge_next(&self.options.ledger_topic())?,
            }
        }
        reader.next_seq = from + records.len() as u64;
        // Who has come to the end reads on from memory.
        if reader.next_seq < mark {
            self.park(reader);
        }
        Ok(records)
    }

    pub(super) fn close(&self) {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn unpark(&self, partition: &PartitionId, from: u64) -> Option<ColdReader> {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        let at = parked.iter().position(|reader| reader.next_seq == from && reader.partition == *partition)?;
        Some(parked.remove(at))
    }
    fn park(&self, reader: ColdReader) {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        parked.push(reader);
        if parked.len() > PARKED {
            // Whoever has waited longest is least likely to be asked on.
            parked.remove(0);
        }
    }

    fn place(&self, partition: &PartitionId, from: u64) -> Result<ColdReader, KafkaError> {
        let mark = self.index.before(partition, from);
        let consumer: BaseConsumer<Quiet> = self.options.reader().set("auto.offset.reset", "error").create_with_context(Quiet)?;
        let share = share_of(partition, self.options.ledger_partitions);
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(&self.options.ledger_topic(), share as i32, Offset::Offset(mark.next_offset))?;
        consumer.assign(&assignment)?;
        Ok(ColdReader { consumer, partition: partition.clone(), rule: Admission::from(mark.end), ready: VecDeque::new(), next_seq: from })
    }
}

impl ColdReader {
    fn judge_next(&mut self, topic: &str) -> Result<(), LogError> {
        let message = match self.consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) if message.key() == Some(self.partition.name().as_bytes()) => message,
            Some(Err(KafkaError::MessageConsumption(
                cause @ (rdkafka::types::RDKafkaErrorCode::AutoOffsetReset | rdkafka::types::RDKafkaErrorCode::OffsetOutOfRange),
            ))) => {
                return Err(LogError::Damaged { place: format!("{topic}, {}", self.partition), what: format!("its records are gone: {cause}") });
            }
            // Another partition's, the end for now, or a connection that mends itself.
            _ => return Ok(()),
        };
        let Arrival::Fact(candidate) = arrival(&message) else { return Ok(()) };
        if candidate.partition != self.partition {
            return Ok(());
        }
        match self.rule.take(*candidate) {
            Verdict::Whole(records) => self.ready.extend(records),
            Verdict::Held | Verdict::Dropped(_) => {}
            Verdict::Damaged(what) => {
                let place = format!("{topic}, Kafka partition {}, offset {}, {}", message.partition(), message.offset(), self.partition);
                return Err(LogError::Damaged { place, what });
            }
        }
        Ok(())
    }
}
