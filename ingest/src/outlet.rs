//! How scans reach the log: numbered per device, through one bounded queue and one task that appends them in batches.
//!
//! When the log is away, the queue fills and further scans are dropped and counted; polling never waits. A dropped scan takes no number,
//! so numbers stay dense. Scans count as delivered only after the append has returned.

use millwright_domain::{
    Timestamp,
    ids::{DeviceId, SiteId},
    ports::event_log::EventLog,
    reading::{Reading, Scan},
};
use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Scans in one append, at most.
const BATCH: usize = 512;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a stopping outlet tries to deliver what it still holds.
const LAST_TRIES: Duration = Duration::from_secs(5);

/// The queue's near end, shared by all devices.
#[derive(Clone)]
pub struct Outlet {
    queue: mpsc::Sender<Scan>,
    delivered: Arc<AtomicU64>,
}

/// Where one device's scans go in.
pub struct DeviceOutlet {
    site: SiteId,
    device: DeviceId,
    epoch: u64,
    queue: mpsc::Sender<Scan>,
    next: Mutex<u64>,
    dropped: AtomicU64,
}

impl Outlet {
    /// The outlet and the task that empties it into the log; once stopped it takes nothing more, delivers what it has, and ends.
    pub fn new(log: Arc<dyn EventLog>, capacity: usize, stop: CancellationToken) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, scans) = mpsc::channel(capacity.max(1));
        let delivered = Arc::new(AtomicU64::new(0));
        let task = empty_into(log, scans, delivered.clone(), stop);
        (Self { queue, delivered }, task)
    }
    /// The epoch is the device's assignment; numbers begin at 0 in each.
    pub fn device(&self, site: SiteId, device: DeviceId, epoch: u64) -> DeviceOutlet {
        DeviceOutlet { site, device, epoch, queue: self.queue.clone(), next: Mutex::new(0), dropped: AtomicU64::new(0) }
    }
    /// Scans that are durable.
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }
    /// Scans that wait for the log.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

impl DeviceOutlet {
    /// Takes the scan if there is room. Never waits.
    pub fn offer(&self, scanned_at: Timestamp, received_at: Timestamp, readings: Vec<Reading>) -> bool {
        // Held while queueing, so that two units of one device cannot swap their numbers.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let Self { site, device, epoch, .. } = self;
        let scan = Scan { site: site.clone(), device: device.clone(), epoch: *epoch, scan: *next, scanned_at, received_at, readings };
        let taken = self.queue.try_send(scan).is_ok();
        if taken {
            *next += 1;
        } else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }
    pub fn offered(&self) -> u64 {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

async fn empty_into(log: Arc<dyn EventLog>, mut scans: mpsc::Receiver<Scan>, delivered: Arc<AtomicU64>, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            biased;
            taken = scans.recv_many(&mut batch, BATCH) => {
                if taken == 0 {
                    return;
                }
            }
            () = stop.cancelled(), if !scans.is_closed() => {
                // Nothing more comes in; what is there still goes out.
                scans.close();
                continue;
            }
        }
        let count = batch.len() as u64;
        if !append(log.as_ref(), std::mem::take(&mut batch), &stop).await {
            let lost = count + scans.len() as u64;
            warn!(scans = lost, "the log did not come back while stopping: {lost} scans are lost");
            return;
        }
        delivered.fetch_add(count, Ordering::Relaxed);
    }
}

/// Tries until the log has taken the batch. False if it was not there in the last seconds before the end.
async fn append(log: &dyn EventLog, batch: Vec<Scan>, stop: &CancellationToken) -> bool {
    let mut pause = FIRST_PAUSE;
    let mut tries = 0u32;
    let mut last_call = None;
    loop {
        match log.append_readings(batch.clone()).await {
            Ok(_) => {
                if tries > 0 {
                    info!(tries, "the log takes readings again");
                }
                return true;
            }
            Err(error) if tries == 0 => warn!(error = &error as &dyn std::error::Error, "readings wait for the log: {error}"),
            Err(_still_away) => {}
        }
        tries += 1;
        if stop.is_cancelled() {
            let until = *last_call.get_or_insert_with(|| tokio::time::Instant::now() + LAST_TRIES);
            if tokio::time::Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(FIRST_PAUSE).await;
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            () = stop.cancelled() => {}
        }
    }
}
