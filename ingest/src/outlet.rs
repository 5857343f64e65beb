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
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Scans in one append, at most.
const BATCH: usize = 512;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a stopping outlet tries to deliver what it still holds, and a release waits for it.
const LAST_TRIES: Duration = Duration::from_secs(5);

enum Item {
    Scan(Scan),
    /// Everything before it has been dealt with once this is dropped.
    Barrier(oneshot::Sender<()>),
}

/// What all ends of an outlet know.
#[derive(Default)]
struct Ledger {
    delivered: AtomicU64,
    discarded: AtomicU64,
    /// Up to this epoch a device's scans are no longer ours to send.
    lost: Mutex<BTreeMap<DeviceId, u64>>,
}

/// The queue's near end, shared by all devices.
#[derive(Clone)]
pub struct Outlet {
    queue: mpsc::Sender<Item>,
    ledger: Arc<Ledger>,
    stop: CancellationToken,
}

/// Where one device's scans go in.
pub struct DeviceOutlet {
    site: SiteId,
    device: DeviceId,
    epoch: u64,
    queue: mpsc::Sender<Item>,
    next: Mutex<u64>,
    dropped: AtomicU64,
}

impl Outlet {
    /// The outlet and the task that empties it into the log; once closed it takes nothing more, delivers what it has, and ends.
    pub fn new(log: Arc<dyn EventLog>, capacity: usize) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, scans) = mpsc::channel(capacity.max(1));
        let (ledger, stop) = (Arc::<Ledger>::default(), CancellationToken::new());
        let task = empty_into(log, scans, ledger.clone(), stop.clone());
        (Self { queue, ledger, stop }, task)
    }
    /// The epoch is the device's assignment; numbers begin at 0 in each.
    pub fn device(&self, site: SiteId, device: DeviceId, epoch: u64) -> DeviceOutlet {
        DeviceOutlet { site, device, epoch, queue: self.queue.clone(), next: Mutex::new(0), dropped: AtomicU64::new(0) }
    }
    /// Scans that are durable.
    pub fn delivered(&self) -> u64 {
        self.ledger.delivered.load(Ordering::Relaxed)
    }
    /// Scans of lost devices that were not sent.
    pub fn discarded(&self) -> u64 {
        self.ledger.discarded.load(Ordering::Relaxed)
    }
    /// Scans that wait for the log.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
    /// From here on nothing of this device up to this epoch is sent.
    pub fn discard(&self, device: &DeviceId, up_to: u64) {
        self.ledger.lost.lock().unwrap_or_else(PoisonError::into_inner).insert(device.clone(), up_to);
    }
    /// Returns once every scan offered before has been dealt with, or after some seconds.
    pub async fn hand_on(&self) {
        let (barrier, passed) = oneshot::channel();
        let handing_on = async {
            if self.queue.send(Item::Barrier(barrier)).await.is_ok() {
                // Passing it is dropping it.
                drop(passed.await);
            }
        };
        if tokio::time::timeout(LAST_TRIES, handing_on).await.is_err() {
            warn!("scans of a device that was given back still wait for the log");
        }
    }
    pub fn close(&self) {
        self.stop.cancel();
    }
}

impl DeviceOutlet {
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
    /// Takes the scan if there is room. Never waits.
    pub fn offer(&self, scanned_at: Timestamp, received_at: Timestamp, readings: Vec<Reading>) -> bool {
        // Held while queueing, so that two units of one device cannot swap their numbers.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let Self { site, device, epoch, .. } = self;
        let scan = Scan { site: site.clone(), device: device.clone(), epoch: *epoch, scan: *next, scanned_at, received_at, readings };
        let taken = self.queue.try_send(Item::Scan(scan)).is_ok();
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

async fn empty_into(log: Arc<dyn EventLog>, mut queue: mpsc::Receiver<Item>, ledger: Arc<Ledger>, stop: CancellationToken) {
    let mut items = Vec::with_capacity(BATCH);
    loop {
        tokio::select! {
            biased;
            taken = queue.recv_many(&mut items, BATCH) => {
                if taken == 0 {
                    return;
                }
            }
            () = stop.cancelled(), if !queue.is_closed() => {
                // Nothing more comes in; what is there still goes out.
                queue.close();
                continue;
            }
        }
        let mut barriers = Vec::new();
        let mut batch = Vec::with_capacity(items.len());
        for item in items.drain(..) {
            match item {
                Item::Scan(scan) => batch.push(scan),
                Item::Barrier(barrier) => barriers.push(barrier),
            }
        }
        if !append(log.as_ref(), batch, &ledger, &stop).await {
            let lost = queue.len();
            warn!(scans = lost, "the log did not come back while stopping: {lost} scans and those of the last batch are lost");
            return;
        }
    }
}

impl Ledger {
    /// Leaves out what belongs to others by now.
    fn sift(&self, batch: &mut Vec<Scan>) {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let before = batch.len();
        batch.retain(|scan| lost.get(&scan.device).is_none_or(|epoch| scan.epoch > *epoch));
        self.discarded.fetch_add((before - batch.len()) as u64, Ordering::Relaxed);
    }
}

/// Tries until the log has taken the batch. False if it was not there in the last seconds before the end.
async fn append(log: &dyn EventLog, mut batch: Vec<Scan>, ledger: &Ledger, stop: &CancellationToken) -> bool {
    let mut pause = FIRST_PAUSE;
    let mut tries = 0u32;
    let mut last_call = None;
    loop {
        ledger.sift(&mut batch);
        if batch.is_empty() {
            return true;
        }
        match log.append_readings(batch.clone()).await {
            Ok(_) => {
                if tries > 0 {
                    info!(tries, "the log takes readings again");
                }
                ledger.delivered.fetch_add(batch.len() as u64, Ordering::Relaxed);
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
