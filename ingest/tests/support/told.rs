//! A field with one device that tells by itself, in the middle of a plant made for it, and what can be asked of it.
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
use std::{sync::Arc, time::Duration};

pub const SOON: Duration = Duration::from_secs(20);

pub struct Stage {
    pub field: Field,
    pub log: Arc<MemoryLog>,
    clock: Arc<TestClock>,
}

/// A point of the signal `p/NAME`.
pub fn at(name: &str, address: &str) -> Value {
    json!({ "signal": format!("p/{name}"), "address": address })
}

impl Stage {
    /// The device has the protocol's own `settings`; signals named `p/set…` are writable.
    pub async fn set(settings: Value, points: Vec<Value>) -> Self {
        Self::on(MemoryLog::new(), settings, points).await
    }
    pub async fn on(log: Arc<MemoryLog>, settings: Value, points: Vec<Value>) -> Self {
        let (plant, config) = configured(settings, points);
        let clock = TestClock::new(1.0);
        let devices = check(&[config], &plant).unwrap();
        let field = taken(Field::start(&plant, devices, clock.clone(), log.clone(), FieldSettings::default())).await;
        Self { field, log, clock }
    }
    pub fn last(&self, name: &str) -> Option<Reading> {
        self.log.last(&format!("p/{name}"))
    }
    pub fn good(&self, name: &str) -> Option<f64> {
        self.last(name)?.good()
    }
    pub fn quality(&self, name: &str) -> Option<Quality> {
        self.last(name).map(|reading| reading.quality())
    }
    pub async fn until_good(&self, name: &str) {
        let seen = self.log.count();
        let good_since = || self.readings_since(seen, name).iter().any(|reading| reading.good().is_some());
        eventually(&format!("{name} is good again"), SOON, good_since).await;
    }
    pub async fn until(&self, name: &str, quality: Quality) {
        eventually(&format!("{name} is {quality:?}"), SOON, || self.quality(name) == Some(quality)).await;
    }
    fn readings_since(&self, seen: usize, name: &str) -> Vec<Reading> {
        let signal = format!("p/{name}");
        let scans = self.log.scans();
        let since = scans.into_iter().skip(seen).flat_map(|scan| scan.readings);
        since.filter(|reading| reading.signal.as_str() == signal).collect()
    }
    /// Every number that the signal ever had, in order.
    pub fn values(&self, name: &str) -> Vec<f64> {
        self.readings_since(0, name).iter().filter_map(Reading::value).collect()
    }
    pub async fn write(&self, name: &str, value: f64) -> WriteVerdict {
        let order = WriteOrder { device: "plc".parse().unwrap(), signal: format!("p/{name}").parse().unwrap(), value, tolerance: 0.01 };
        self.field.write_once(&order, 1, self.clock.now().wall + TimeDelta::seconds(2)).await
    }
    pub fn connects(&self) -> u64 {
        self.field.snapshots()[0].units[0].connects
    }
    pub fn last_error(&self) -> String {
        self.field.snapshots()[0].units[0].last_error.clone().unwrap_or_default()
    }
}

/// The device by itself, for whoever looks at it beside the field.
pub fn checked(settings: Value, points: Vec<Value>) -> Device {
    let (plant, config) = configured(settings, points);
    config.checked(&plant).unwrap()
}

fn configured(settings: Value, points: Vec<Value>) -> (Plant, DeviceConfig) {
    let signals = points.iter().map(|point| {
        let id = point["signal"].as_str().unwrap();
        let limits = Range { low: -1e9, high: 1e9 };
        let writable = id.starts_with("p/set").then_some(Writable { limits, rated: 1.0, max_step: 1e9, min_interval_s: 0, tolerance: 0.01 });
        Signal { id: id.parse().unwrap(), device: "plc".parse().unwrap(), kind: QuantityKind::Generic, unit: Unit::One, range: None, writable }
    });
    let (id, text) = ("p".parse().unwrap(), String::new);
    let asset = Asset { id, name: text(), area: text(), line: text(), cell: None, class: text(), signals: signals.collect() };
    let plant = Plant { site: "s".parse().unwrap(), name: text(), source: Source::Live, assets: vec![asset] };
    let class = json!({ "name": "fast", "interval_ms": 50, "timeout_ms": 1_000, "stale_after_ms": 3_000 });
    let mut device = json!({ "id": "plc", "read_back_ms": 500, "connect_timeout_ms": 2_000, "classes": [class], "points": points });
    for (key, value) in settings.as_object().unwrap() {
        device[key] = value.clone();
    }
    (plant, serde_json::from_value(device).unwrap())
}
