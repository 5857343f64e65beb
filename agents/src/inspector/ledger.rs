//! The side of the ledger: a site folded from its own facts up to exactly one place, and the newest values that were read up to another.

use crate::fact_tail::{FactTail, TailError};
use millwright_domain::{
    Timestamp,
    ids::{DeviceId, SignalId, SiteId},
    ports::event_log::{EventLog, LogError},
    position::{Lane, PartitionId, Position},
    reading::Quality,
    site::Site,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// Scans before the place that are looked at, in each partition of the readings.
const SCANS: u64 = 2_048;

/// Never ahead of what it is compared with, so it is folded on only when an inspection says how far.
pub(super) struct LedgerSide {
    tail: FactTail,
    pub site: Site,
}

impl LedgerSide {
    pub fn new(log: Arc<dyn EventLog>, partition: PartitionId) -> Self {
        Self { tail: FactTail::from_the_start(log, partition), site: Site::default() }
    }

    pub async fn catch_up(&mut self) -> Result<(), TailError> {
        loop {
            let facts = self.tail.read().await?;
            if facts.is_empty() {
                return Ok(());
            }
            facts.iter().for_each(|fact| self.site.evolve_recorded(fact));
        }
    }

    /// False if it is past that place already.
    pub async fn fold_to(&mut self, next: u64) -> Result<bool, TailError> {
        loop {
            let facts = self.tail.read_before(next).await?;
            if facts.is_empty() {
                return Ok(self.tail.position() == next);
            }
            facts.iter().for_each(|fact| self.site.evolve_recorded(fact));
        }
    }
}

/// The newest value of a signal among the scans that were looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Newest {
    pub at: Timestamp,
    pub value: Option<f64>,
    pub quality: Quality,
}

#[derive(Debug, Default)]
pub(super) struct Read {
    pub signals: BTreeMap<SignalId, Newest>,
    /// All scans there are were looked at, so nothing newer can be known.
    pub whole: bool,
}

/// The last scans before a position. Devices that changed hands within them are left out: a former owner's scans count nowhere.
pub(super) async fn newest(log: &dyn EventLog, site: &SiteId, position: &Position) -> Result<Read, LogError> {
    let mut read = Read { whole: true, ..Read::default() };
    let mut epochs: HashMap<DeviceId, BTreeSet<u64>> = HashMap::new();
    let mut device_of: BTreeMap<SignalId, DeviceId> = BTreeMap::new();
    for (partition, end) in position.partitions().filter(|(partition, _)| partition.lane() == Lane::Readings) {
        let mut from = end.saturating_sub(SCANS);
        let mut first = None;
        while from < end {
            let room = usize::try_from(end - from).unwrap_or(usize::MAX);
            let page = log.read_readings(partition, from, room).await?;
            if page.is_empty() {
                break;
            }
            from = page.next();
            for (seq, scan) in page.into_items().filter(|(seq, _)| *seq < end) {
                first.get_or_insert(seq);
                if scan.site != *site {
                    continue;
                }
                epochs.entry(scan.device.clone()).or_default().insert(scan.epoch);
                for reading in &scan.readings {
                    let at = reading.source_time.unwrap_or(scan.scanned_at);
                    let new = Newest { at, value: reading.value(), quality: reading.quality() };
                    device_of.insert(reading.signal.clone(), scan.device.clone());
                    let known = read.signals.entry(reading.signal.clone()).or_insert(new);
                    if at >= known.at {
                        *known = new;
                    }
                }
            }
        }
        // What retention has dropped is gone from the front.
        read.whole &= first == Some(0);
    }
    let changed_hands = |signal: &SignalId| device_of.get(signal).and_then(|device| epochs.get(device)).is_some_and(|epochs| epochs.len() > 1);
    read.signals.retain(|signal, _| !changed_hands(signal));
    Ok(read)
}
