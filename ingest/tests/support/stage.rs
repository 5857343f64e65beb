//! A field with one device, in the middle of a plant made for it, and what can be asked of it.
#![allow(dead_code, clippy::unwrap_used, reason = "each test binary uses its own part")]

use crate::support::{MemoryLog, TestClock, eventually, taken};
use chrono::TimeDelta;
use millwright_domain::{
    action::WriteOrder,
    plant::{Asset, Plant, Range, Signal, Source, Writable},
    ports::{
        clock::Clock,
        write_device::{WriteDevice, WriteVerdict},
    },
    quantity::{QuantityKind, Unit},
    reading::{Quality, Reading},
};
use millwright_ingest::{
    device::{Device, DeviceConfig},
    field::{Field, FieldSettings, check},
};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub const SOON: Duration = Duration::from_secs(20);

pub struct Stage {
    pub field: Field,
    pub log: Arc<MemoryLog>,
    clock: Arc<TestClock>,
}

/// A point of the signal `p/NAME`.
pub fn at(name: &str, address: &str) -> Value {
    point(name, address.into())
}
/// A point for each name: at an address alone, or as a table says that holds more.
pub fn points_at<Place: Clone + Into<Value>>(places: &[(&str, Place)]) -> Vec<Value> {
    places.iter().map(|(name, place)| point(name, place.clone().into())).collect()
}
fn point(name: &str, place: Value) -> Value {
    let mut point = if place.is_string() { json!({ "address": place }) } else { place };
    point["signal"] = id_of(name).into();
    point
}
/// A name without an asset is one of the asset `p`.
fn id_of(name: &str) -> String {
    if name.contains('/') { name.into() } else { format!("p/{name}") }
}
/// The settings together with `more`, which counts where both say something.
pub fn with(mut settings: Value, more: &Value) -> Value {
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

impl Stage {
    /// `settings` are those of the protocol, and of the device where they are not the usual ones. Signals named `p/set…` are writable.
    pub async fn set(settings: Value, points: Vec<Value>) -> Self {
        Self::on(MemoryLog::new(), settings, points).await
    }
    pub async fn on(log: Arc<MemoryLog>, settings: Value, points: Vec<Value>) -> Self {
        Self::run(FieldSettings::default(), log, settings, points).await
    }
    pub async fn run(manner: FieldSettings, log: Arc<MemoryLog>, settings: Value, points: Vec<Value>) -> Self {
        let (plant, config) = configured(settings, points);
        let clock = TestClock::new(1.0);
        let devices = check(&[config], &plant).unwrap();
        let field = taken(Field::start(&plant, devices, clock.clone(), log.clone(), manner)).await;
        Self { field, log, clock }
    }
    pub fn last(&self, name: &str) -> Option<Reading> {
        self.log.last(&id_of(name))
    }
    pub fn good(&self, name: &str) -> Option<f64> {
        self.last(name)?.good()
    }
    pub fn quality(&self, name: &str) -> Option<Quality> {
        self.last(name).map(|reading| reading.quality())
    }
    /// Waits for a good reading that comes from now on.
    pub async fn until_good(&self, name: &str) {
        let seen = self.log.count();
        let good_since = || self.readings_since(seen, name).iter().any(|reading| reading.good().is_some());
        self.soon(&format!("{name} is good again"), good_since).await;
    }
    pub async fn until(&self, name: &str, quality: Quality) {
        self.soon(&format!("{name} is {quality:?}"), || self.quality(name) == Some(quality)).await;
    }
    pub async fn until_it_says(&self, part: &str) {
        self.soon(&format!("the error says {part:?}"), || self.last_error().contains(part)).await;
    }
    /// Waits until this is true. Where it never is, the last error tells why.
    async fn soon(&self, what: &str, mut true_now: impl FnMut() -> bool) {
        let until = Instant::now() + SOON;
        let mut is_true = false;
        let true_or_late = || {
            is_true = true_now();
            is_true || Instant::now() > until
        };
        eventually(what, SOON * 2, true_or_late).await;
        assert!(is_true, "not within {SOON:?}: {what}; the last error: {}", self.last_error());
    }
    fn readings_since(&self, seen: usize, name: &str) -> Vec<Reading> {
        let signal = id_of(name);
        let scans = self.log.scans();
        let since = scans.into_iter().skip(seen).flat_map(|scan| scan.readings);
        since.filter(|reading| reading.signal.as_str() == signal).collect()
    }
    /// Every reading of the signal, in order.
    pub fn readings(&self, name: &str) -> Vec<Reading> {
        self.readings_since(0, name)
    }
    /// Every number that the signal ever had, in order.
    pub fn values(&self, name: &str) -> Vec<f64> {
        self.readings(name).iter().filter_map(Reading::value).collect()
    }
    pub async fn write(&self, name: &str, value: f64) -> WriteVerdict {
        let device = self.field.devices().remove(0);
        let order = WriteOrder { device, signal: id_of(name).parse().unwrap(), value, tolerance: 0.01 };
        self.field.write_once(&order, 1, self.clock.now().wall + TimeDelta::seconds(2)).await.verdict
    }
    pub fn connects(&self) -> u64 {
        self.field.snapshots()[0].units[0].connects
    }
    pub fn last_error(&self) -> String {
        self.field.snapshots()[0].units[0].last_error.clone().unwrap_or_default()
    }
    /// The first connection is answered wrongly, later ones honestly: the value must come, over a new socket, and never a wrong one.
    pub async fn is_right_over_a_new_socket(&self, name: &str, value: f64) {
        self.soon("the value comes", || self.good(name) == Some(value)).await;
        let connects = self.connects();
        self.field.stop().await;
        assert_eq!(connects, 2);
        let first = &self.log.scans()[0].readings[0];
        assert_eq!((first.value(), first.quality()), (None, Quality::BadNoCommunication));
    }
}

/// The device by itself, for whoever looks at it beside the field.
pub fn checked(settings: Value, points: Vec<Value>) -> Device {
    let (plant, config) = configured(settings, points);
    config.checked(&plant).unwrap()
}

/// The device as a person would write it, and a plant with its signals. Where `settings` say nothing else, it is one that tells by itself.
pub fn configured(settings: Value, mut points: Vec<Value>) -> (Plant, DeviceConfig) {
    let class = json!({ "name": "fast", "interval_ms": 50, "timeout_ms": 1_000, "stale_after_ms": 3_000 });
    let usual = json!({ "id": "plc", "read_back_ms": 500, "connect_timeout_ms": 2_000, "classes": [class] });
    let mut device = with(usual, &settings);
    let signals = points.iter_mut().map(|point| signal(&device["id"], point)).collect();
    device["points"] = points.into();
    let (id, text) = ("p".parse().unwrap(), String::new);
    let asset = Asset { id, name: text(), area: text(), line: text(), cell: None, class: text(), vendor: text(), signals };
    let plant = Plant { site: "s".parse().unwrap(), name: text(), source: Source::Live, assets: vec![asset] };
    (plant, serde_json::from_value(device).unwrap())
}

/// The signal of a point, and its range if the point has one: a range is the signal's, and is taken out.
fn signal(device: &Value, point: &mut Value) -> Signal {
    let point = point.as_object_mut().unwrap();
    let range = point.remove("range").map(|range| serde_json::from_value(range).unwrap());
    let id = point["signal"].as_str().unwrap();
    let limits = Range { low: -1e9, high: 1e9 };
    let writable =
        id.starts_with("p/set").then_some(Writable { limits, rated: 1.0, max_step: 1e9, min_interval_s: 0, tolerance: 0.01, actions: vec![] });
    let device = device.as_str().unwrap().parse().unwrap();
    Signal { id: id.parse().unwrap(), device, kind: QuantityKind::Generic, unit: Unit::One, range, trip: None, writable }
}
