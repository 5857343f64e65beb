//! librdkafka's producer and nothing else, on the readings' topic: the limit that our way of appending is measured against. No plant works with it.

use super::writer::{client, headers};
use crate::log::kafka::{
    client::note,
    failure::unavailable,
    options::KafkaOptions,
    placing::{device_key, share_of_device},
};
use millwright_domain::{codec, ports::event_log::LogError, reading::Scan};
use rdkafka::{
    ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError, RDKafkaErrorCode},
    message::OwnedHeaders,
    producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// How long to wait for room, each time.
const ROOM: Duration = Duration::from_millis(5);

pub struct BareProducer {
    producer: ThreadedProducer<Counted>,
    topic: String,
    shares: u32,
    patience: Duration,
    headers: OwnedHeaders,
    delivered: Arc<AtomicUsize>,
}

/// A record as it goes over the wire, with its place.
pub struct ReadyRecord {
    share: i32,
    key: String,
    payload: Vec<u8>,
}

impl ReadyRecord {
    pub fn size(&self) -> usize {
        self.payload.len()
    }
}

impl BareProducer {
    /// With all the settings that readings are appended with.
    pub fn new(options: &KafkaOptions) -> Result<Self, LogError> {
        let delivered = Arc::default();
        let producer = client(options).create_with_context(Counted(Arc::clone(&delivered)));
        let producer = producer.map_err(|cause| unavailable("making a producer", cause))?;
        Ok(Self {
            producer,
            topic: options.readings_topic(),
            shares: options.readings_partitions,
            patience: options.patience,
            headers: headers(),
            delivered,
        })
    }

    /// The same bytes in the same place as appending the scan would write.
    pub fn ready(&self, scan: &Scan) -> ReadyRecord {
        let mut payload = vec![];
        codec::encode_scan(scan, &mut payload);
        let share = share_of_device(&scan.site, &scan.device, self.shares) as i32;
        ReadyRecord { share, key: device_key(&scan.site, &scan.device), payload }
    }

    /// Blocks until all of them are acknowledged.
    pub fn send(&self, records: &[ReadyRecord]) -> Result<(), LogError> {
        let before = self.delivered.load(Ordering::Relaxed);
        for ReadyRecord { share, key, payload } in records {
            let mut record = BaseRecord::to(&self.topic).partition(*share).key(key).payload(payload).headers(self.headers.clone());
            loop {
                match self.producer.send(record) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => record = back,
                    Err((cause, _)) => return Err(unavailable("producing", cause)),
                }
                std::thread::sleep(ROOM);
            }
        }
        self.producer.flush(self.patience).map_err(|cause| unavailable("producing", cause))?;
        // Flushed is what was delivered, and what was given up.
        match self.delivered.load(Ordering::Relaxed) - before {
            delivered if delivered == records.len() => Ok(()),
            _ => Err(unavailable("producing", KafkaError::MessageProduction(RDKafkaErrorCode::Fail))),
        }
    }
}

struct Counted(Arc<AtomicUsize>);

impl ClientContext for Counted {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        note(level, facility, message);
    }
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka client");
    }
}
impl ProducerContext for Counted {
    type DeliveryOpaque = ();
    fn delivery(&self, report: &DeliveryResult<'_>, (): ()) {
        self.0.fetch_add(usize::from(report.is_ok()), Ordering::Relaxed);
    }
}
