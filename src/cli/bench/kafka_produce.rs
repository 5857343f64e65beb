//! Scans of about 200 bytes appended to Kafka, against librdkafka's bare producer: the same bytes, partitions and settings on the same broker.
//! Rounds in turn after one to warm up, the median of the ratios counts. Ours are encoded as well; the bare producer takes bytes that are ready.

use super::{
    Measured, Servers,
    load::{BATCH, scan_batch},
    percentile, scaled,
    servers::{self, Topics},
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
    let (_, bare_rate) = round(&log, &bare, &warm_up).await?;
    let work = batches(scaled((bare_rate * with.seconds) as u64 / BATCH, scale));
    let size = work.first().and_then(|batch| batch.first()).map_or(0, |scan| bare.ready(scan).size());
    let (mut ours, mut bares) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        let (our, bare) = round(&log, &bare, &work).await?;
        ours.push(our);
        bares.push(bare);
    }
    log.close().await;
    drop(bare);
    let partitions = topics.options.readings_partitions;
    topics.remove().await?;

    let each = json!(ours.iter().zip(&bares).map(|(ours, bare)| json!({"ours": ours.round(), "bare": bare.round()})).collect::<Vec<_>>());
    let mut ratios: Vec<f64> = ours.iter().zip(&bares).map(|(ours, bare)| ours / bare).collect();
    ratios.sort_by(f64::total_cmp);
    ours.sort_by(f64::total_cmp);
    bares.sort_by(f64::total_cmp);
    Ok(Measured {
        unit: "scans/s",
        ours: percentile(&ours, 0.5),
        peer: "librdkafka's bare producer: acks=all, idempotent, same bytes, partitions and compression",
        peers: percentile(&bares, 0.5),
        goal: "ratio of at least 0.8",
        more: json!({
            "record_bytes": size, "batch": BATCH, "batches": work.len(), "callers": CALLERS, "partitions": partitions, "compression": settings.kafka.compression, "rounds": each,
            "ratio_min": ratios.first(), "ratio_median": percentile(&ratios, 0.5), "ratio_max": ratios.last(),
        }),
    })
}

fn batches(count: u64) -> Vec<Vec<Scan>> {
    (0..count).map(|number| scan_batch(number, DEVICES)).collect()
}

/// Scans a second by our way, and by the bare producer.
async fn round(log: &Arc<KafkaLog>, bare: &Arc<BareProducer>, work: &[Vec<Scan>]) -> Result<(f64, f64)> {
    let scans = work.iter().map(Vec::len).sum::<usize>() as f64;
    let queue = Arc::new(Mutex::new(VecDeque::from(work.to_vec())));
    let began = Instant::now();
    append_all(log, queue).await?;
    let ours = scans / began.elapsed().as_secs_f64();
    let records: Vec<ReadyRecord> = work.iter().flatten().map(|scan| bare.ready(scan)).collect();
    let bare = bare.clone();
    let took = spawn_blocking(move || {
        let began = Instant::now();
        bare.send(&records).map(|()| began.elapsed())
    });
    Ok((ours, scans / took.await??.as_secs_f64()))
}

/// As collectors do: each waits for its own append before the next.
async fn append_all(log: &Arc<KafkaLog>, queue: Arc<Mutex<VecDeque<Vec<Scan>>>>) -> Result<()> {
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
    Ok(())
}
