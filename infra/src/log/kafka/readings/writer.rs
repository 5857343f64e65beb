//! Scans on their way to the topic: one producer for all, which never gives up what it was handed, so that order is kept.

use crate::log::kafka::{
    client::note,
    failure::{Closed, NoAnswer, unavailable},
    options::KafkaOptions,
    placing::{device_key, share_of_device},
};
use millwright_domain::{
    codec,
    ports::event_log::LogError,
    position::{PartitionId, Position},
    reading::Scan,
};
use rdkafka::{
    ClientConfig, ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    message::{Header, Message, OwnedHeaders},
    producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer},
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// How long to wait for room, each time.
const ROOM: Duration = Duration::from_millis(5);

type ScanProducer = ThreadedProducer<Reports>;

pub(in crate::log::kafka) struct ReadingsWriter {
    client: ClientConfig,
    topic: String,
    shares: u32,
    patience: Duration,
    /// `None` when it was closed.
    producer: Mutex<Option<Arc<ScanProducer>>>,
    headers: OwnedHeaders,
}

impl ReadingsWriter {
    pub(in crate::log::kafka) fn new(options: &KafkaOptions) -> KafkaResult<Self> {
        let client = client(options);
        let producer = Mutex::new(Some(Arc::new(client.create_with_context(Reports)?)));
        let headers = headers();
        Ok(Self { client, topic: options.readings_topic(), shares: options.readings_partitions, patience: options.patience, producer, headers })
    }

    /// Returns when every scan is acknowledged. If it does not, some of them may still come to be.
    pub(in crate::log::kafka) async fn append(self: Arc<Self>, scans: Vec<Scan>) -> Result<Position, LogError> {
        if scans.is_empty() {
            return Ok(Position::default());
        }
        let deadline = Instant::now() + self.patience;
        let (append, done) = Append::of(scans.len());
        let writer = self.clone();
        let handing = append.clone();
        let handed = tokio::task::spawn_blocking(move || writer.hand_over(&scans, &handing, deadline)).await;
        handed.unwrap_or_else(|cause| Err(unavailable("appending readings", cause)))?;
        match tokio::time::timeout_at(deadline.into(), done).await {
            Ok(_told) => append.outcome().map_err(|cause| self.refusal(cause)),
            Err(_elapsed) => Err(unavailable("appending readings", NoAnswer(self.patience))),
        }
    }

    /// Waits until what was handed over is out, or until patience ends. Nothing is taken any more.
    pub(in crate::log::kafka) fn close(&self) {
        let producer = self.producer().take();
        if let Some(producer) = producer
            && let Err(cause) = producer.flush(self.patience)
        {
            tracing::warn!(error = %cause, "readings that Kafka had not acknowledged were left behind");
        }
    }

    fn hand_over(&self, scans: &[Scan], append: &Arc<Append>, deadline: Instant) -> Result<(), LogError> {
        let producer = self.producer().clone().ok_or_else(|| unavailable("appending readings", Closed))?;
        let mut payload = Vec::with_capacity(1024);
        for scan in scans {
            payload.clear();
            codec::encode_scan(scan, &mut payload);
            let key = device_key(&scan.site, &scan.device);
            let share = share_of_device(&scan.site, &scan.device, self.shares) as i32;
            let mut record =
                BaseRecord::with_opaque_to(&self.topic, append.clone()).partition(share).key(&key).payload(&payload).headers(self.headers.clone());
            loop {
                match producer.send(record) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) if Instant::now() < deadline => record = back,
                    Err((cause, _)) => return Err(self.refusal(cause)),
                }
                std::thread::sleep(ROOM);
            }
        }
        Ok(())
    }

    /// A broken producer is replaced by a new one.
    fn refusal(&self, cause: KafkaError) -> LogError {
        let mut producer = self.producer();
        if producer.as_ref().is_some_and(|broken| broken.client().fatal_error().is_some()) {
            match self.client.create_with_context(Reports) {
                Ok(fresh) => *producer = Some(Arc::new(fresh)),
                Err(cause) => tracing::error!(error = %cause, "no new producer for readings could be made"),
            }
        }
        if cause.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
            return LogError::Storage { doing: "append a scan that is larger than Kafka takes", place: self.topic.clone(), cause: cause.into() };
        }
        unavailable("appending readings", cause)
    }

    fn producer(&self) -> MutexGuard<'_, Option<Arc<ScanProducer>>> {
        self.producer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What every producer of readings is set to.
pub(super) fn client(options: &KafkaOptions) -> ClientConfig {
    let mut client = options.writer();
    // What was handed over goes out in its time, however long the brokers are away. Were it given up, later scans could
    // come before the ones that are sent again, and folds would take those for repeats.
    client.set("message.timeout.ms", "0").set("linger.ms", "5");
    client.set("queue.buffering.max.messages", "500000").set("queue.buffering.max.kbytes", "131072");
    client
}

pub(super) fn headers() -> OwnedHeaders {
    let (kind, schema) = codec::SCAN_TYPE;
    let kind = format!("io.millwright.{kind}.v{schema}");
    OwnedHeaders::new_with_capacity(1).insert(Header { key: "ce_type", value: Some(&kind) })
}

/// One call's scans, counted down as they are acknowledged.
struct Append {
    left: AtomicUsize,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    behind: BTreeMap<i32, i64>,
    failed: Option<KafkaError>,
    done: Option<oneshot::Sender<()>>,
}

impl Append {
    fn of(scans: usize) -> (Arc<Self>, oneshot::Receiver<()>) {
        let (done, waiting) = oneshot::channel();
        let told = Mutex::new(Told { done: Some(done), ..Told::default() });
        (Arc::new(Self { left: AtomicUsize::new(scans), told }), waiting)
    }
    fn report(&self, report: &DeliveryResult<'_>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        match report {
            Ok(message) => {
                let behind = told.behind.entry(message.partition()).or_default();
                *behind = (*behind).max(message.offset() + 1);
            }
            Err((cause, _)) => told.failed = Some(cause.clone()),
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(done) = told.done.take()
        {
            // Whoever appended may have stopped waiting.
            done.send(()).unwrap_or_default();
        }
    }
    fn outcome(&self) -> Result<Position, KafkaError> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cause) = &told.failed {
            return Err(cause.clone());
        }
        let mut position = Position::default();
        for (share, behind) in &told.behind {
            position.advance(&PartitionId::readings(*share as u32), *behind as u64);
        }
        Ok(position)
    }
}

struct Reports;

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        note(level, facility, message);
    }
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka client");
    }
}
impl ProducerContext for Reports {
    type DeliveryOpaque = Arc<Append>;
    fn delivery(&self, report: &DeliveryResult<'_>, append: Arc<Append>) {
        append.report(report);
    }
}
