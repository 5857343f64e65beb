//! The monitor of one site: leads each reading to its machine, once.

use super::{
    AssetFeatures, Finding, MonitorSettings,
    asset::{AssetWatch, Moment},
    window::bucket_of,
};
use millwright_domain::{
    Timestamp,
    ids::{AssetId, DeviceId, SignalId},
    plant::{Asset, Plant},
    reading::{LastScan, Scan},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use thiserror::Error;

/// What was seen, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    pub scans: u64,
    pub readings: u64,
    /// Repeats, and what a former owner of the device still sent.
    pub repeated: u64,
    pub late: u64,
    /// Readings of signals that nobody described.
    pub unknown: u64,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Monitor {
    settings: MonitorSettings,
    assets: Vec<AssetWatch>,
    devices: BTreeMap<DeviceId, DeviceWatch>,
    counts: Counts,
    #[serde(skip)]
    places: HashMap<SignalId, Place>,
    /// Assets of the scan at hand; kept for its memory.
    #[serde(skip)]
    touched: Vec<usize>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct DeviceWatch {
    last: LastScan,
    /// Where the readings of the last scan went, by their order: scans of a device are alike, so this saves the search.
    #[serde(skip)]
    layout: Vec<(SignalId, Option<Place>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    asset: usize,
    signal: usize,
}

/// A snapshot that cannot be used; the monitor then learns anew from the log.
#[derive(Debug, Error)]
#[error("the monitor's snapshot is not one of this version; it is rebuilt from the readings")]
pub struct BadSnapshot(#[source] serde_json::Error);

impl Monitor {
    pub fn new(plant: &Plant, settings: MonitorSettings) -> Self {
        let assets = plant.assets.iter().map(|asset| AssetWatch::new(asset, &settings)).collect();
        let monitor = Self { settings, assets, devices: BTreeMap::new(), counts: Counts::default(), places: HashMap::new(), touched: Vec::new() };
        monitor.indexed()
    }

    /// The plant was described anew: machines with the same signals keep what they learned, the others begin.
    pub fn adopt(&mut self, plant: &Plant) {
        let mut known: Vec<AssetWatch> = std::mem::take(&mut self.assets);
        let watch = |asset: &Asset| match known.iter().position(|watch| watch.fits(asset)) {
            Some(place) => known.swap_remove(place).described_as(asset),
            None => AssetWatch::new(asset, &self.settings),
        };
        self.assets = plant.assets.iter().map(watch).collect();
        self.devices.values_mut().for_each(|device| device.layout.clear());
        self.index();
    }

    /// Takes one scan in; what it brought is appended to `out`.
    pub fn observe(&mut self, scan: &Scan, out: &mut Vec<Finding>) {
        if !self.devices.contains_key(&scan.device) {
            self.devices.insert(scan.device.clone(), DeviceWatch::default());
        }
        let Some(device) = self.devices.get_mut(&scan.device) else { return };
        if !device.last.admits(scan) {
            self.counts.repeated += 1;
            return;
        }
        let late = scan.is_late();
        self.counts.scans += 1;
        self.counts.readings += scan.readings.len() as u64;
        self.counts.late += u64::from(late);
        // A source whose clock runs ahead would otherwise blind the windows until its time comes.
        let scanned_at = scan.scanned_at.min(scan.received_at);
        self.touched.clear();
        let mut moment = Moment { at: scanned_at, late, settings: &self.settings, out };
        for (order, reading) in scan.readings.iter().enumerate() {
            let Some(place) = device.place(order, &reading.signal, &self.places) else {
                self.counts.unknown += 1;
                continue;
            };
            let Some(asset) = self.assets.get_mut(place.asset) else { continue };
            if !self.touched.contains(&place.asset) {
                self.touched.push(place.asset);
                asset.advance(&mut moment);
            }
            let at = reading.source_time.map_or(scanned_at, |time| time.min(scan.received_at));
            asset.observe(place.signal, at, bucket_of(at.micros()), reading);
        }
        for asset in &self.touched {
            if let Some(asset) = self.assets.get_mut(*asset) {
                asset.close_row(&scan.device, &mut moment);
            }
        }
    }

    pub fn counts(&self) -> Counts {
        self.counts
    }

    pub fn asset(&self, id: &AssetId) -> Option<&AssetWatch> {
        self.assets.iter().find(|asset| asset.id() == id)
    }

    /// What diagnosis would look at.
    pub fn features(&self, asset: &AssetId, at: Timestamp) -> Option<AssetFeatures> {
        Some(self.asset(asset)?.features(at, &self.settings))
    }

    /// Learns anew what is normal for an asset, from its next scan on.
    pub fn relearn(&mut self, asset: &AssetId, at: Timestamp, out: &mut Vec<Finding>) {
        if let Some(asset) = self.assets.iter_mut().find(|watch| watch.id() == asset) {
            asset.relearn(at, &self.settings, out);
        }
    }

    /// Judges an asset by what was learned before the latest relearning.
    pub fn restore_baseline(&mut self, asset: &AssetId, at: Timestamp, out: &mut Vec<Finding>) {
        if let Some(asset) = self.assets.iter_mut().find(|watch| watch.id() == asset) {
            asset.restore(at, out);
        }
    }

    /// How many times the configured limits a signal's are.
    pub fn tolerate(&mut self, signal: &SignalId, factor: f64) {
        let Some(place) = self.places.get(signal).copied() else { return };
        if let Some(watch) = self.assets.get_mut(place.asset).and_then(|asset| asset.signals.get_mut(place.signal)) {
            watch.factor = factor;
        }
    }

    /// An alarm of the asset is listened to again: if it still stands, it is told again.
    pub fn remind(&mut self, asset: &AssetId, detectors: &[super::Detector]) {
        if let Some(asset) = self.assets.iter_mut().find(|watch| watch.id() == asset) {
            detectors.iter().for_each(|detector| asset.remind(*detector));
        }
    }

    /// Somebody works on the asset (or has finished): nothing is judged meanwhile.
    pub fn suspend(&mut self, asset: &AssetId, suspended: bool) {
        if let Some(asset) = self.assets.iter_mut().find(|watch| watch.id() == asset) {
            asset.suspend(suspended);
        }
    }

    /// The whole state. Restored, it goes on exactly as it would have.
    pub fn snapshot(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("our own types have string keys, and a NaN is written as null")
    }

    pub fn restore(snapshot: &[u8]) -> Result<Self, BadSnapshot> {
        serde_json::from_slice(snapshot).map(Self::indexed).map_err(BadSnapshot)
    }

    fn indexed(mut self) -> Self {
        self.index();
        self
    }

    fn index(&mut self) {
        let places =
            self.assets.iter().enumerate().flat_map(|(asset, watch)| {
                watch.signals.iter().enumerate().map(move |(signal, watched)| (watched.id.clone(), Place { asset, signal }))
            });
        self.places = places.collect();
    }
}

impl DeviceWatch {
    fn place(&mut self, order: usize, signal: &SignalId, places: &HashMap<SignalId, Place>) -> Option<Place> {
        if let Some((known, place)) = self.layout.get(order)
            && known == signal
        {
            return *place;
        }
        let found = (signal.clone(), places.get(signal).copied());
        let place = found.1;
        match self.layout.get_mut(order) {
            Some(slot) => *slot = found,
            None => self.layout.push(found),
        }
        place
    }
}
