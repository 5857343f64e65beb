//! Reading scans from further back than memory goes.

use crate::log::kafka::{
    client::Quiet,
    failure::{NoAnswer, unavailable},
    options::KafkaOptions,
};
use millwright_domain::ports::event_log::LogError;
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, KafkaResult},
    message::Message,
};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// So many consumers stay ready for whoever reads on where he was.
const PARKED: usize = 4;

pub(super) struct ColdScans {
    options: KafkaOptions,
    parked: Mutex<Vec<ColdReader>>,
}

struct ColdReader {
    consumer: BaseConsumer<Quiet>,
    share: i32,
    next: u64,
}

pub(super) struct Found {
    /// Where reading went on; past what was asked for if retention has dropped that.
    pub from: u64,
    pub records: Vec<(u64, Vec<u8>)>,
}

impl ColdScans {
    pub(super) fn new(options: KafkaOptions) -> Self {
        Self { options, parked: Mutex::new(Vec::new()) }
    }
    pub(super) fn close(&self) {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Blocks.
    pub(super) fn read(&self, share: i32, from: u64, limit: usize, mark: u64) -> Result<Found, LogError> {
        let (topic, patience) = (self.options.readings_topic(), self.options.patience);
        let parked = self.unpark(share, from).map_or_else(|| self.place(share, from), Ok);
        let mut reader = parked.map_err(|cause| unavailable("reading readings", cause))?;
        let deadline = Instant::now() + patience;
        let mut records = Vec::new();
        while records.len() < limit && reader.next < mark {
            match reader.consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    reader.next = message.offset() as u64 + 1;
                    records.push((message.offset() as u64, message.payload().unwrap_or_default().to_vec()));
                }
                Some(Err(KafkaError::PartitionEOF(_))) if records.is_empty() => {
                    let (first, _) =
                        reader.consumer.fetch_watermarks(&topic, share, patience).map_err(|cause| unavailable("reading readings", cause))?;
                    // Nothing is kept of what was asked for. Else it is the end as it was a while ago, and what was asked for still comes.
                    if first >= mark as i64 {
                        return Ok(Found { from: mark, records });
                    }
                }
                Some(Err(KafkaError::PartitionEOF(_))) => break,
                _ if Instant::now() < deadline => {}
                _ if records.is_empty() => return Err(unavailable("reading readings", NoAnswer(patience))),
                _ => break,
            }
        }
        if reader.next < mark {
            self.park(reader);
        }
        Ok(Found { from, records })
    }

    fn unpark(&self, share: i32, from: u64) -> Option<ColdReader> {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        let at = parked.iter().position(|reader| reader.next == from && reader.share == share)?;
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
    fn place(&self, share: i32, from: u64) -> KafkaResult<ColdReader> {
        let consumer: BaseConsumer<Quiet> = self.options.reader().set("auto.offset.reset", "earliest").create_with_context(Quiet)?;
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(&self.options.readings_topic(), share, Offset::Offset(from as i64))?;
        consumer.assign(&assignment)?;
        Ok(ColdReader { consumer, share, next: from })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::kafka::{placing::share_of_device, testing::Place};
    use millwright_domain::{Timestamp, ports::event_log::EventLog, reading::Scan};

    fn scan(number: u64) -> Scan {
        let at = Timestamp::from_secs(1_700_000_000);
        let (site, device) = ("demo".parse().unwrap(), "plc".parse().unwrap());
        Scan { site, device, epoch: 1, scan: number, scanned_at: at, received_at: at, readings: vec![] }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn an_end_from_before_the_mark_was_reached_skips_nothing() {
        let Some(place) = Place::fresh().await else { return };
        let log = place.open().await;
        log.append_readings((0..5).map(scan).collect()).await.unwrap();
        let (site, device) = (scan(0).site, scan(0).device);
        let share = share_of_device(&site, &device, place.options.readings_partitions) as i32;
        let cold = std::sync::Arc::new(ColdScans::new(KafkaOptions { patience: Duration::from_secs(3), ..place.options.clone() }));
        let read = async || {
            let cold = cold.clone();
            tokio::task::spawn_blocking(move || cold.read(share, 5, 3, 8)).await.unwrap()
        };
        // Of what comes at 5 nothing is there yet, so the end is told at 5 although the mark says 8.
        assert!(matches!(read().await, Err(LogError::Unavailable { .. })));
        log.append_readings((5..8).map(scan).collect()).await.unwrap();
        let found = read().await.unwrap();
        assert_eq!((found.from, found.records.iter().map(|(offset, _)| *offset).collect::<Vec<_>>()), (5, vec![5, 6, 7]));
    }
}
