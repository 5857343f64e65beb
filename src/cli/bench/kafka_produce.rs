//! Scans of about 200 bytes appended to Kafka, against librdkafka's bare producer: the same bytes, partitions and settings on the same broker.
//! Rounds in turn after one to warm up, the median of the ratios counts. Ours are encoded as well; the bare producer takes bytes that are ready.

use super::{
    Measured, Servers,
    load::{BATCH, scan_batch},
    percentile, scaled,
    servers::{self, Topics},
    worked_s,
};
use crate::settings::Settings;
use anyhow::Result;
use millwright_domain::{ports::event_log::EventLog, reading::Scan};
use millwright_infra::log::kafka::{
    KafkaLog,
    bare::{BareProducer, ReadyRecord},
};
use serde_json::json;
use std::{collections::VecDeque, path::Path, sync::Arc, time::Instant};
use tokio::{sync::Mutex, task::spawn_blocking};

const ROUNDS: usize = 5;
const WARM_UP_BATCHES: u64 = 50;
const DEVICES: usize = 125;
/// Collectors that have an append under way at the same time.
const CALLERS: usize = 16;

pub async fn measure(folder: &Path, scale: f64, with: &Servers, settings: &Settings) -> Result<Measured> {
    let bootstrap = servers::kafka(with.kafka.as_deref().unwrap_or(servers::AUTO), folder).await?;
    let topics = Topics::make(settings, &bootstrap, folder).await?;
    let log = Arc::new(KafkaLog::open(topics.options.clone()).await?);
    let bare = Arc::new(BareProducer::new(&topics.options)?);

    // How much fits into a round is seen while broker and connections become warm.
    let warm_up = batches(scaled(WARM_UP_BATCHES, scale));
    let (_, warm) = round(&log, &bare, &warm_up, true).await?;
    let work = batches(scaled((warm.per_s * with.seconds) as u64 / BATCH, scale));
    let size = work.first().and_then(|batch| batch.first()).map_or(0, |scan| bare.ready(scan).size());
    let mut rounds = vec![];
    for number in 0..ROUNDS {
        rounds.push(round(&log, &bare, &work, number % 2 == 0).await?);
    }
    log.close().await;
    drop(bare);
    let partitions = topics.options.readings_partitions;
    topics.remove().await?;

    let median = |of: fn(&(Went, Went)) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        (percentile(&all, 0.5), all)
    };
    let (ratio, ratios) = median(|(ours, bare)| ours.per_s / bare.per_s);
    Ok(Measured {
        unit: "scans/s",
        ours: median(|(ours, _)| ours.per_s).0,
        peer: "librdkafka's bare producer: acks=all, idempotent, same bytes, partitions and compression",
        peers: median(|(_, bare)| bare.per_s).0,
        ratio: Some(ratio),
        goal: "ratio of at least 0.8",
        more: json!({
            "record_bytes": size, "batch": BATCH, "batches": work.len(), "callers": CALLERS, "partitions": partitions,
            "compression": settings.kafka.compression, "ratios": ratios,
            "cpu_us_per_scan": median(|(ours, _)| ours.cpu_us).0, "bare_cpu_us_per_scan": median(|(_, bare)| bare.cpu_us).0,
        }),
    })
}

/// How one round went in one way: its rate, and what a scan took of this program's processor time.
struct Went {
    per_s: f64,
    cpu_us: f64,
}

/// Begun when it is made.
struct Watch {
    began: Instant,
    worked: f64,
}

impl Watch {
    fn start() -> Self {
        Self { began: Instant::now(), worked: worked_s() }
    }
    fn went(self, scans: usize) -> Went {
        Went { per_s: scans as f64 / self.began.elapsed().as_secs_f64(), cpu_us: (worked_s() - self.worked) * 1e6 / scans as f64 }
    }
}

fn batches(count: u64) -> Vec<Vec<Scan>> {
    (0..count).map(|number| scan_batch(number, DEVICES)).collect()
}

/// By our way, and by the bare producer. Whoever comes second finds a broker with more to write down.
async fn round(log: &Arc<KafkaLog>, bare: &Arc<BareProducer>, work: &[Vec<Scan>], ours_first: bool) -> Result<(Went, Went)> {
    if ours_first {
        let ours = append_all(log, work).await?;
        return Ok((ours, produce_all(bare, work).await?));
    }
    let bares = produce_all(bare, work).await?;
    Ok((append_all(log, work).await?, bares))
}

async fn produce_all(bare: &Arc<BareProducer>, work: &[Vec<Scan>]) -> Result<Went> {
    let records: Vec<ReadyRecord> = work.iter().flatten().map(|scan| bare.ready(scan)).collect();
    let bare = bare.clone();
    let produced = spawn_blocking(move || {
        let watch = Watch::start();
        bare.send(&records).map(|()| watch.went(records.len()))
    });
    Ok(produced.await??)
}

/// As collectors do: each waits for its own append before the next.
async fn append_all(log: &Arc<KafkaLog>, work: &[Vec<Scan>]) -> Result<Went> {
    let queue = Arc::new(Mutex::new(VecDeque::from(work.to_vec())));
    let watch = Watch::start();
    let callers = (0..CALLERS).map(|_| {
        let (log, queue) = (log.clone(), queue.clone());
        tokio::spawn(async move {
            loop {
                let Some(batch) = queue.lock().await.pop_front() else { return anyhow::Ok(()) };
                log.append_readings(batch).await?;
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await??;
    }
    Ok(watch.went(work.iter().map(Vec::len).sum()))
}
