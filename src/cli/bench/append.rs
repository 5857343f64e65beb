//! Appends of 1,000 scans of about 200 bytes, each durable before its caller goes on, against the same bytes in a bare segment file.
//! Five rounds in turn, the median counts. Ours are encoded and compressed as well; the bare file takes bytes that are ready.

use super::{
    Measured,
    load::{BATCH, scan_batch},
    percentile, scaled, segment,
};
use anyhow::Result;
use millwright_domain::{codec::encode_scan, ports::event_log::EventLog, reading::Scan};
use millwright_infra::log::embedded::{EmbeddedLog, EmbeddedOptions};
use serde_json::json;
use std::{path::Path, sync::Arc, time::Instant};

const ROUNDS: usize = 5;
const PRODUCERS: u64 = 4;

pub async fn measure(folder: &Path, scale: f64) -> Result<Measured> {
    let batches = scaled(200, scale);
    let (mut ours, mut peers, mut bytes) = (vec![], vec![], 0);
    for round in 0..ROUNDS {
        let log = EmbeddedLog::open(folder.join(format!("log-{round}")), EmbeddedOptions::default())?;
        let first = scan_batch(0, 1);
        let plain: Vec<Vec<u8>> = first.iter().map(encoded).collect();
        bytes = plain.iter().map(Vec::len).sum::<usize>() / plain.len();
        let log = Arc::new(log);
        let work: Vec<Vec<Vec<Scan>>> =
            (0..PRODUCERS).map(|producer| (producer..batches).step_by(PRODUCERS as usize).map(|number| scan_batch(number, 1)).collect()).collect();
        let began = Instant::now();
        produce(&log, work).await?;
        ours.push((batches * BATCH) as f64 / began.elapsed().as_secs_f64());
        log.close().await;
        let bare = segment::append(&folder.join(format!("segment-{round}")), &plain, batches)?;
        peers.push((batches * BATCH) as f64 / bare.as_secs_f64());
    }
    let mut ratios: Vec<f64> = ours.iter().zip(&peers).map(|(ours, peer)| ours / peer).collect();
    ratios.sort_by(f64::total_cmp);
    ours.sort_by(f64::total_cmp);
    peers.sort_by(f64::total_cmp);
    Ok(Measured {
        unit: "records/s",
        ours: percentile(&ours, 0.5),
        peer: "bare segment file, fdatasync after each batch",
        peers: percentile(&peers, 0.5),
        ratio: Some(percentile(&ratios, 0.5)),
        goal: "ratio of at least 0.5",
        more: json!({"record_bytes": bytes, "batch": BATCH, "batches": batches, "ratio_min": ratios.first(), "ratio_median": percentile(&ratios, 0.5), "ratio_max": ratios.last()}),
    })
}

/// As collectors do: each waits for its own appends, all share the log's commits.
async fn produce(log: &Arc<EmbeddedLog>, work: Vec<Vec<Vec<Scan>>>) -> Result<()> {
    let mut producers = Vec::with_capacity(work.len());
    for batches in work {
        let log = log.clone();
        producers.push(tokio::spawn(async move {
            for batch in batches {
                log.append_readings(batch).await?;
            }
            anyhow::Ok(())
        }));
    }
    for producer in producers {
        producer.await??;
    }
    Ok(())
}

fn encoded(scan: &Scan) -> Vec<u8> {
    let mut bytes = vec![];
    encode_scan(scan, &mut bytes);
    bytes
}
