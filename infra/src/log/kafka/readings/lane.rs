//! Reading scans: the newest from memory, older ones from the topic. Whoever only writes never starts any of it.

use super::{cold::ColdScans, follower::Follower};
use crate::log::kafka::{
    failure::{Closed, unavailable},
    options::KafkaOptions,
    view::View,
};
use millwright_domain::{
    codec,
    ports::event_log::{Committed, LogError},
    position::{Lane, PartitionId, Position},
    reading::Scan,
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{OnceCell, watch};

/// Newest bytes that are kept of each Kafka partition.
const KEPT_BYTES: usize = 8 << 20;

pub(in crate::log::kafka) struct ReadingsLane {
    options: KafkaOptions,
    view: Arc<View>,
    newest: Arc<Newest>,
    cold: Arc<ColdScans>,
    started: OnceCell<()>,
    stop: Arc<AtomicBool>,
}

impl ReadingsLane {
    pub(in crate::log::kafka) fn new(options: &KafkaOptions, view: Arc<View>) -> Self {
        let cold = Arc::new(ColdScans::new(options.clone()));
        Self { options: options.clone(), view, newest: Arc::default(), cold, started: OnceCell::new(), stop: Arc::default() }
    }

    /// From here on the head covers the readings of all processes.
    pub(in crate::log::kafka) async fn start(&self) -> Result<(), LogError> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(unavailable("reading readings", Closed));
        }
        let started = self.started.get_or_try_init(|| async {
            let (options, view, newest, stop) = (self.options.clone(), self.view.clone(), self.newest.clone(), self.stop.clone());
            let made = tokio::task::spawn_blocking(move || Follower::new(&options, view, newest, stop)).await;
            let follower = made.map_err(|cause| unavailable("reading readings", cause))?.map_err(|cause| unavailable("reading readings", cause))?;
            let spawned = std::thread::Builder::new().name("readings-follower".into()).spawn(move || follower.run());
            spawned.map(drop).map_err(|cause| unavailable("reading readings", cause))
        });
        started.await.copied()
    }

    pub(in crate::log::kafka) fn close(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.cold.close();
    }

    pub(in crate::log::kafka) async fn read(&self, partition: &PartitionId, from: u64, limit: usize) -> Result<Committed<Scan>, LogError> {
        self.start().await?;
        let mark = self.view.head().next(partition);
        let share = partition.name().parse::<i32>();
        let (Ok(share), true, true) = (share, partition.lane() == Lane::Readings, from < mark && limit > 0) else {
            return Ok(Committed::up_to(mark, from, []));
        };
        // What was just acknowledged here comes back to us in a moment.
        self.newest.reached(partition, from, self.options.patience).await;
        if let Some(found) = self.newest.from(share, from, limit) {
            return Ok(scans(found, from, mark));
        }
        let cold = self.cold.clone();
        let found = tokio::task::spawn_blocking(move || cold.read(share, from, limit, mark)).await;
        let found = found.unwrap_or_else(|cause| Err(unavailable("reading readings", cause)))?;
        Ok(scans(found.records, found.from, mark))
    }
}

/// Scans as far as they are without a gap. What retention has dropped before them, or what is no scan, is left behind.
fn scans(records: Vec<(u64, Vec<u8>)>, from: u64, mark: u64) -> Committed<Scan> {
    let mut begin = records.first().map_or(from, |(seq, _)| *seq).max(from);
    let mut found = Vec::with_capacity(records.len());
    for (seq, bytes) in records {
        match codec::decode_scan(&bytes) {
            Ok(scan) => found.push((seq, scan)),
            Err(cause) if found.is_empty() => {
                metrics::counter!("millwright_kafka_dropped_records_total", "topic" => "readings", "why" => "it is no scan").increment(1);
                tracing::warn!(seq, error = %cause, "a record among the readings is no scan");
                begin = seq + 1;
            }
            Err(_told_when_it_comes_first) => break,
        }
    }
    Committed::up_to(mark, begin, found)
}

/// The newest scans of every Kafka partition, as they are stored.
#[derive(Default)]
pub(super) struct Newest {
    rings: Mutex<HashMap<i32, Ring>>,
    read: watch::Sender<Position>,
}

#[derive(Default)]
struct Ring {
    next: u64,
    bytes: usize,
    records: VecDeque<(u64, Vec<u8>)>,
}

impl Newest {
    pub(super) fn push(&self, share: i32, offset: u64, payload: &[u8]) {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let ring = rings.entry(share).or_default();
        if ring.next != offset {
            (ring.bytes, ring.records) = (0, VecDeque::new());
        }
        ring.next = offset + 1;
        ring.bytes += payload.len();
        ring.records.push_back((offset, payload.to_vec()));
        while ring.bytes > KEPT_BYTES {
            ring.bytes -= ring.records.pop_front().map_or(ring.bytes, |(_, payload)| payload.len());
        }
    }
    pub(super) fn told(&self, read: &Position) {
        self.read.send_modify(|all| all.merge(read));
    }

    async fn reached(&self, partition: &PartitionId, from: u64, patience: Duration) {
        let mut read = self.read.subscribe();
        let reached = read.wait_for(|read| read.next(partition) > from);
        // If it does not come here, the topic is asked.
        drop(tokio::time::timeout(patience, reached).await);
    }
    fn from(&self, share: i32, from: u64, limit: usize) -> Option<Vec<(u64, Vec<u8>)>> {
        let rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        let ring = rings.get(&share)?;
        let (first, _) = ring.records.front()?;
        let skip = from.checked_sub(*first).filter(|_| from < ring.next)?;
        Some(ring.records.iter().skip(skip as usize).take(limit).cloned().collect())
    }
}
