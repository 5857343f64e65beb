//! What was missed between two assignments, as the log itself knows it: the last scan under the former one that brought a value, and the first
//! under the new one.
//!
//! A program that was killed cannot say when it stopped measuring, so its successor looks: backwards from the end of the readings, once for
//! all devices that it has taken, and as soon as their first scans are durable.

use crate::{news::News, outlet::DeviceOutlet};
use millwright_domain::{
    Timestamp,
    collecting::CollectionResumed,
    ids::{DeviceId, SiteId},
    ports::event_log::{EventLog, LogError},
    position::{Lane, PartitionId},
    reading::{Quality, Scan},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Scans asked of the log at a time, and how many of a partition are looked through at most: the last scan before is near the end, or the
/// device has been away for so long that its assignments say more than its scans.
const PAGE: u64 = 512;
const FURTHEST: u64 = 128 * PAGE;
/// Between two looks whether the first scans have arrived.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// After so many of them it is given up.
const LOOKS: u32 = 600;

/// Devices that were taken, until it is known what was missed.
#[derive(Default)]
pub(crate) struct Resumed {
    waiting: Mutex<BTreeMap<DeviceId, Taken>>,
    taken: Notify,
}

#[derive(Debug, Clone)]
struct Taken {
    epoch: u64,
    why: &'static str,
    outlet: Weak<DeviceOutlet>,
    looks: u32,
    /// The first scan under this epoch that was found so far.
    first: Option<Timestamp>,
    former: Option<(u64, Timestamp)>,
    /// The newest scan under a former epoch, though it brought nothing.
    empty: Option<(u64, Timestamp)>,
    /// There is nothing of it to find now.
    given_up: bool,
}

impl Resumed {
    pub(crate) fn taken(&self, device: DeviceId, outlet: &Arc<DeviceOutlet>, why: &'static str) {
        let (epoch, outlet) = (outlet.epoch(), Arc::downgrade(outlet));
        self.waiting().insert(device, Taken { epoch, why, outlet, looks: 0, first: None, former: None, empty: None, given_up: false });
        self.taken.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<DeviceId, Taken>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks until told to stop.
    pub(crate) async fn run(self: Arc<Self>, site: SiteId, log: Arc<dyn EventLog>, news: Arc<News>, stop: CancellationToken) {
        loop {
            let nobody = self.waiting().is_empty();
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.taken.notified(), if nobody => continue,
                () = tokio::time::sleep(LOOK_AGAIN), if !nobody => {}
            }
            let mut looking = self.waiting().clone();
            looking.retain(|_, taken| taken.has_begun());
            if looking.is_empty() {
                continue;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                looked = look(&mut looking, &site, &*log) => if looked.is_err() {
                    // The log is away; what is missed grows meanwhile, and is found later.
                    continue;
                },
            }
            self.settle(looking, &news);
        }
    }

    fn settle(&self, looked: BTreeMap<DeviceId, Taken>, news: &News) {
        let mut waiting = self.waiting();
        for (device, found) in looked {
            // Taken anew meanwhile: that is looked at next.
            let Some(taken) = waiting.get_mut(&device).filter(|taken| taken.epoch == found.epoch) else { continue };
            taken.looks += 1;
            let is_over = found.given_up || taken.looks >= LOOKS;
            if let Taken { epoch, first: Some(until), former: Some((former_epoch, since)), why, .. } = found {
                news.resumed(CollectionResumed { device: device.clone(), epoch, former_epoch, since, until: until.max(since), why: why.into() });
                waiting.remove(&device);
            } else if is_over {
                waiting.remove(&device);
            }
        }
    }
}

impl Taken {
    /// Before its first scan was measured there is nothing to look for.
    fn has_begun(&self) -> bool {
        self.outlet.upgrade().is_none_or(|outlet| outlet.offered() > 0)
    }
}

/// One look, from the end of each partition backwards.
async fn look(looking: &mut BTreeMap<DeviceId, Taken>, site: &SiteId, log: &dyn EventLog) -> Result<(), LogError> {
    let head = log.head().await?;
    let lanes: Vec<(PartitionId, u64)> = head.partitions().filter(|(id, _)| id.lane() == Lane::Readings).map(|(id, end)| (id.clone(), end)).collect();
    let mut not_yet = BTreeSet::new();
    for (partition, end) in lanes {
        let mut from = end;
        let furthest = end.saturating_sub(FURTHEST);
        while from > furthest && looking.iter().any(|(device, taken)| !not_yet.contains(device) && taken.former.is_none()) {
            let to = from;
            from = from.saturating_sub(PAGE).max(furthest);
            for scan in page(log, &partition, from, to).await?.iter().rev().filter(|scan| scan.site == *site) {
                if let Some(taken) = looking.get_mut(&scan.device).filter(|_| !not_yet.contains(&scan.device)) {
                    take_in(taken, scan, &mut not_yet);
                }
            }
        }
    }
    // Its first scan is there, and none before it is near: it was never collected from, or long ago.
    for taken in looking.values_mut() {
        taken.former = taken.former.or(taken.empty);
        taken.given_up = taken.first.is_some() && taken.former.is_none();
    }
    Ok(())
}

/// Scans come newest first.
fn take_in(taken: &mut Taken, scan: &Scan, not_yet: &mut BTreeSet<DeviceId>) {
    if scan.epoch == taken.epoch {
        taken.first = Some(scan.scanned_at);
    } else if scan.epoch < taken.epoch && taken.former.is_none() {
        if taken.first.is_none() {
            not_yet.insert(scan.device.clone());
            return;
        }
        let (newest, _) = *taken.empty.get_or_insert((scan.epoch, scan.scanned_at));
        if scan.readings.iter().any(|reading| reading.quality() != Quality::BadNoCommunication) {
            taken.former = Some((newest, scan.scanned_at));
        }
    }
}

async fn page(log: &dyn EventLog, partition: &PartitionId, from: u64, to: u64) -> Result<Vec<Scan>, LogError> {
    let (mut scans, mut next) = (Vec::new(), from);
    while next < to {
        let limit = usize::try_from(to - next).unwrap_or(usize::MAX);
        let page = log.read_readings(partition, next, limit).await?;
        if page.is_empty() {
            break;
        }
        next = page.next();
        scans.extend(page.into_items().filter(|(seq, _)| *seq < to).map(|(_, scan)| scan));
    }
    Ok(scans)
}
