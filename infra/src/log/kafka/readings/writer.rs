//! Scans on their way to the topic: one producer for all, which never gives up what it was handed, so that order is kept.

use super::under_way::{Append, UnderWay};
use crate::log::kafka::{
    client::note,
    failure::{Closed, NoAnswer, fits, unavailable},
    options::KafkaOptions,
    placing::{device_key, share_of_device},
};
use millwright_domain::{codec, ports::event_log::LogError, position::Position, reading::Scan};
use rdkafka::{
    ClientConfig, ClientContext,
    config::RDKafkaLogLevel,
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    message::{Header, OwnedHeaders},
    producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer},
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

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
    under_way: UnderWay,
    headers: OwnedHeaders,
}

impl ReadingsWriter {
    pub(in crate::log::kafka) fn new(options: &KafkaOptions) -> KafkaResult<Self> {
        let client = client(options);
        let producer = Mutex::new(Some(Arc::new(client.create_with_context(Reports)?)));
        Ok(Self {
            client,
            topic: options.readings_topic(),
            shares: options.readings_partitions,
            patience: options.patience,
            producer,
            under_way: UnderWay::default(),
            headers: headers(),
        })
    }

    /// Returns when every scan is acknowledged. If it does not, some of them may still come to be; until it is known, nothing more is
    /// handed over, or a long outage would fill the queue with repeats. Once it is, the same scans are answered for and not sent again.
    pub(in crate::log::kafka) async fn append(self: Arc<Self>, scans: Vec<Scan>) -> Result<Position, LogError> {
        if scans.is_empty() {
            return Ok(Position::default());
        }
        let deadline = Instant::now() + self.patience;
        let silent = || unavailable("appending readings", NoAnswer(self.patience));
        for earlier in self.under_way.overdue() {
            if !earlier.is_over_by(deadline).await {
                return Err(silent());
            }
        }
        if let Some(Ok(position)) = self.under_way.take_same(&scans).map(|same| same.outcome()) {
            return Ok(position);
        }
        let append = Append::of(scans, deadline);
        self.under_way.begin(append.clone());
        let (writer, handing) = (self.clone(), append.clone());
        // On the thread, because whoever appends may stop waiting meanwhile.
        let hand_over = move || writer.hand_over(&handing).inspect_err(|_| handing.cut_short());
        let handed = tokio::task::spawn_blocking(hand_over).await.unwrap_or_else(|panicked| {
            append.cut_short();
            Err(unavailable("appending readings", panicked))
        });
        handed?;
        if !append.is_over_by(deadline).await {
            return Err(silent());
        }
        self.under_way.end(&append);
        append.outcome().map_err(|cause| self.refusal(cause))
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

    fn hand_over(&self, append: &Arc<Append>) -> Result<(), LogError> {
        let producer = self.producer().clone().ok_or_else(|| unavailable("appending readings", Closed))?;
        // All of them before the first goes out: one that is too large keeps the others back.
        let (mut payloads, mut ends) = (Vec::with_capacity(1024), Vec::with_capacity(append.scans.len()));
        for scan in &append.scans {
            let begin = payloads.len();
            codec::encode_scan(scan, &mut payloads);
            fits(payloads.len() - begin)?;
            ends.push(payloads.len());
        }
        let mut begin = 0;
        for (scan, end) in append.scans.iter().zip(ends) {
            let payload = &payloads[begin..end];
            begin = end;
            let key = device_key(&scan.site, &scan.device);
            let share = share_of_device(&scan.site, &scan.device, self.shares) as i32;
            let mut record =
                BaseRecord::with_opaque_to(&self.topic, append.clone()).partition(share).key(&key).payload(payload).headers(self.headers.clone());
            loop {
                match producer.send(record) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) if Instant::now() < append.deadline => record = back,
                    Err((cause, _)) => return Err(self.refusal(cause)),
                }
                std::thread::sleep(ROOM);
            }
            append.handed_one();
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
