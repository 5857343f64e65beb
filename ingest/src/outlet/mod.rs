//! How scans reach the log: numbered per device, through one bounded queue and one task (`forward.rs`) that appends them in batches.
//!
//! When the log is away, they wait in the store. When that takes nothing either, the queue fills and further scans are dropped and
//! counted; polling never waits. A scan that finds no room takes no number. Scans count as delivered only after the append has returned.
//! Their receipts are given once they are on the log or in the store, or on record as dropped.

mod forward;
mod shelf;

use crate::{
    receipt::Receipt,
    store::{
        StoreSettings, StoreSnapshot,
        drops::{BETWEEN_REPORTS, DropReport, Drops},
    },
};

use forward::Forwarder;
use millwright_domain::{
    Timestamp,
    ids::{CommandId, DeviceId, SiteId},
    ports::{clock::Clock, event_log::EventLog},
    reading::{Reading, Scan},
};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// How long a stopping outlet tries to deliver what it still holds, and a release waits for it.
const LAST_TRIES: Duration = Duration::from_secs(5);

enum Item {
    Scan(Scan, Vec<Receipt>),
    /// Dropped once everything before it has been dealt with.
    Barrier(oneshot::Sender<()>),
}

/// What all ends of an outlet know.
#[derive(Default)]
struct Ledger {
    delivered: AtomicU64,
    discarded: AtomicU64,
    drops: Arc<Mutex<Drops>>,
    store: Mutex<Option<StoreSnapshot>>,
    /// How many the forwarding task has in its hand, and when the first of them was measured: older than all that is queued.
    hand: Mutex<(u64, Option<Timestamp>)>,
    last_report: tokio::sync::Mutex<Option<tokio::time::Instant>>,
    /// Cancelled once what waits in the store may go to the log.
    judged: CancellationToken,
}

impl Ledger {
    fn drops(&self) -> MutexGuard<'_, Drops> {
        self.drops.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The queue's near end, shared by all devices.
#[derive(Clone)]
pub struct Outlet {
    queue: mpsc::Sender<Item>,
    ledger: Arc<Ledger>,
    stop: CancellationToken,
    clock: Arc<dyn Clock>,
}

/// How the scans stand that wait for the log.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Waiting {
    pub in_memory: u64,
    pub in_store: u64,
    /// Plant seconds since the oldest of each was measured; 0 where none waits.
    pub oldest_in_memory_s: f64,
    pub oldest_in_store_s: f64,
}

/// Where one device's scans go in.
pub struct DeviceOutlet {
    site: SiteId,
    device: DeviceId,
    epoch: u64,
    queue: mpsc::Sender<Item>,
    ledger: Arc<Ledger>,
    next: Mutex<u64>,
    dropped: AtomicU64,
}

impl Outlet {
    /// The outlet and the task that empties it into the log; once closed it takes nothing more, delivers what it has, and ends.
    /// What is in the store goes to the log only once it was [judged](Self::judged).
    pub fn new(
        log: Arc<dyn EventLog>,
        capacity: usize,
        store: Option<StoreSettings>,
        clock: Arc<dyn Clock>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, scans) = mpsc::channel(capacity.max(1));
        let (ledger, stop) = (Arc::<Ledger>::default(), CancellationToken::new());
        let task = Forwarder::new(log, clock.clone(), scans, ledger.clone(), store, stop.clone()).run();
        (Self { queue, ledger, stop, clock }, task)
    }
    /// The epoch is the device's assignment; numbers begin at 0 in each.
    pub fn device(&self, site: SiteId, device: DeviceId, epoch: u64) -> DeviceOutlet {
        let (queue, ledger) = (self.queue.clone(), self.ledger.clone());
        DeviceOutlet { site, device, epoch, queue, ledger, next: Mutex::new(0), dropped: AtomicU64::new(0) }
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
    /// All that wait, and for how long.
    pub fn how_they_wait(&self) -> Waiting {
        let now = self.clock.now().plant;
        let age = |oldest: Option<Timestamp>| oldest.map_or(0.0, |oldest| now.since(oldest).as_seconds_f64().max(0.0));
        let (hand, oldest) = *self.ledger.hand.lock().unwrap_or_else(PoisonError::into_inner);
        let store = self.store().unwrap_or_default();
        Waiting {
            in_memory: hand + self.waiting() as u64,
            in_store: store.scans,
            oldest_in_memory_s: age(oldest),
            oldest_in_store_s: age(store.oldest),
        }
    }
    /// From here on nothing of this device up to this epoch is sent.
    pub fn discard(&self, device: &DeviceId, up_to: u64) {
        self.ledger.drops().lose(device, up_to);
    }
    /// What has to be discarded was named: what waits in the store may go to the log.
    pub fn judged(&self) {
        self.ledger.judged.cancel();
    }
    /// How the store stands, if there is one.
    pub fn store(&self) -> Option<StoreSnapshot> {
        self.ledger.store.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// Returns once something was dropped that is not on record yet. Written down before it is given out, and given out again until then.
    pub async fn drop_reports(&self) -> Vec<DropReport> {
        let mut last = self.ledger.last_report.lock().await;
        let noted = self.ledger.drops().noted.clone();
        while !self.ledger.drops().is_there_something_to_report() {
            noted.notified().await;
        }
        if let Some(last) = last.filter(|_| !self.ledger.drops().is_there_a_closed_one()) {
            tokio::time::sleep_until(last + BETWEEN_REPORTS).await;
        }
        *last = Some(tokio::time::Instant::now());
        let drops = self.ledger.drops.clone();
        let closing = tokio::task::spawn_blocking(move || {
            let mut drops = drops.lock().unwrap_or_else(PoisonError::into_inner);
            let reports = drops.reports();
            drops.save_or_say();
            reports
        });
        // It only ends badly while the program does.
        closing.await.unwrap_or_default()
    }
    pub fn drop_reported(&self, command: &CommandId) {
        self.ledger.drops().reported(command);
    }
    /// Returns once every scan offered before is on the log; with the log away, once it is stored, or after some seconds.
    pub async fn hand_on(&self) {
        let (barrier, passed) = oneshot::channel();
        let handing_on = async {
            if self.queue.send(Item::Barrier(barrier)).await.is_ok() {
                // Passing it is dropping it.
                drop(passed.await);
            }
        };
        if tokio::time::timeout(LAST_TRIES, handing_on).await.is_err() {
            warn!("readings of a device that was given back still wait for the log");
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
        self.offer_owing(scanned_at, received_at, readings, vec![])
    }
    /// The same, where the source waits for receipts.
    pub fn offer_owing(&self, scanned_at: Timestamp, received_at: Timestamp, readings: Vec<Reading>, receipts: Vec<Receipt>) -> bool {
        // Held while queueing, so that two units of one device cannot swap their numbers.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let Self { site, device, epoch, .. } = self;
        let scan = Scan { site: site.clone(), device: device.clone(), epoch: *epoch, scan: *next, scanned_at, received_at, readings };
        let refused = self.queue.try_send(Item::Scan(scan, receipts)).err().map(|error| error.into_inner());
        let Some(refused) = refused else {
            *next += 1;
            return true;
        };
        self.dropped.fetch_add(1, Ordering::Relaxed);
        self.ledger.drops().note_one(device, *epoch, scanned_at, "the log was away and there was no room to wait for it");
        if let Item::Scan(_dropped, receipts) = refused {
            receipts.into_iter().for_each(Receipt::give);
        }
        false
    }
    /// A scan's worth of values was lost before it could be offered.
    pub fn note_lost(&self, at: Timestamp, why: &str) {
        self.ledger.drops().note_one(&self.device, self.epoch, at, why);
    }
    pub fn offered(&self) -> u64 {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}
