//! A field that collects from the peer through the wire, and what can be asked of it.

use crate::{
    bench::Bench,
    support::{MemoryLog, TestClock, eventually, taken},
    wire::Wire,
};
use chrono::TimeDelta;
use millwright_domain::{
    action::WriteOrder,
    plant::{Asset, Plant, Range, Signal, Source, Writable},
    ports::{
        clock::Clock,
        write_device::{WriteDevice, WriteVerdict, Written},
    },
    quantity::{QuantityKind, Unit},
    reading::{Quality, Scan},
};
use millwright_ingest::{
    device::DeviceConfig,
    field::{Field, FieldSettings, check},
};
use serde_json::{Value, json};
use std::{marker::PhantomData, net::SocketAddr, sync::Arc, time::Duration};

pub const SOON: Duration = Duration::from_secs(20);

/// What is polled in most of the contract: points whose values show whether an answer is torn, late or somebody else's.
pub const TELLTALES: &[&str] = &["p/speed", "p/seq", "p/complement", "p/twenty"];

pub struct Stage<B> {
    pub field: Field,
    pub log: Arc<MemoryLog>,
    pub wire: Wire,
    clock: Arc<TestClock>,
    of: PhantomData<B>,
}

pub fn port_of(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

pub fn configured<B: Bench>(at: SocketAddr, signals: &[&str]) -> (Plant, DeviceConfig) {
    let signal = |id: &&str| {
        let limits = Range { low: -1e9, high: 1e9 };
        let can_be_written = matches!(*id, "p/set" | "p/stubborn");
        let writable = can_be_written.then_some(Writable { limits, rated: 1.0, max_step: 1e9, min_interval_s: 0, tolerance: 0.01, actions: vec![] });
        Signal {
            id: id.parse().unwrap(),
            device: "plc".parse().unwrap(),
            kind: QuantityKind::Generic,
            unit: Unit::One,
            range: None,
            trip: None,
            writable,
        }
    };
    let (id, text) = ("p".parse().unwrap(), String::new);
    let signals_of_asset = signals.iter().map(signal).collect();
    let asset = Asset { id, name: text(), area: text(), line: text(), cell: None, class: text(), vendor: text(), signals: signals_of_asset };
    let plant = Plant { site: "s".parse().unwrap(), name: text(), source: Source::Live, assets: vec![asset] };
    let mut points = vec![];
    for (name, mut place) in B::places().named() {
        if signals.contains(&name) {
            place["signal"] = name.into();
            points.push(place);
        }
    }
    assert_eq!(points.len(), signals.len(), "the bench has all of {signals:?}");
    let mut class = json!({ "name": "fast", "interval_ms": 100, "timeout_ms": 300 });
    if B::TOLD {
        class["stale_after_ms"] = 2_000.into();
        class["timeout_ms"] = 1_000.into();
    }
    let mut device: Value = B::device(at);
    let read_back = if B::TOLD { 1_000 } else { 400 };
    for (key, value) in [("id", json!("plc")), ("read_back_ms", json!(read_back)), ("connect_timeout_ms", json!(2_000)), ("classes", json!([class]))]
    {
        device[key] = value;
    }
    device["points"] = points.into();
    (plant, serde_json::from_value(device).unwrap())
}

impl<B: Bench> Stage<B> {
    /// The wire leads to this port, whether or not somebody listens there.
    pub async fn set(port: u16, signals: &[&str]) -> Self {
        let wire = Wire::to(port_of(port), B::is_write).await;
        let (plant, config) = configured::<B>(wire.address, signals);
        let (log, clock) = (MemoryLog::new(), TestClock::new(1.0));
        let devices = check(&[config], &plant).unwrap();
        let field = taken(Field::start(&plant, devices, clock.clone(), log.clone(), FieldSettings::default())).await;
        Self { field, log, wire, clock, of: PhantomData }
    }

    pub fn good(&self, signal: &str) -> Option<f64> {
        self.log.last(signal)?.good()
    }
    pub fn quality(&self, signal: &str) -> Option<Quality> {
        self.log.last(signal).map(|reading| reading.quality())
    }
    pub async fn write(&self, signal: &str, value: f64) -> WriteVerdict {
        let order = WriteOrder { device: "plc".parse().unwrap(), signal: signal.parse().unwrap(), value, tolerance: 0.01 };
        let Written { verdict, sent } = self.field.write_once(&order, 1, self.clock.now().wall + TimeDelta::seconds(2)).await;
        // What took, or may have, left in bytes that somebody can be shown.
        let left = matches!(verdict, WriteVerdict::Applied { .. } | WriteVerdict::Unknown { .. });
        assert!(!left || sent.is_some_and(|sent| !sent.is_empty()), "{verdict:?}, and no byte was kept");
        verdict
    }
    /// Good in a scan that is still to come.
    pub async fn until_good(&self, signal: &str) {
        let seen = self.log.count();
        let good_since = || {
            let scans = self.log.scans();
            scans[seen.min(scans.len())..].iter().any(|scan| good_in(scan, signal).is_some())
        };
        eventually(&format!("{signal} is good again"), SOON, good_since).await;
    }
    pub async fn until_no_communication(&self, signal: &str) {
        eventually(&format!("{signal} has no communication"), SOON, || self.quality(signal) == Some(Quality::BadNoCommunication)).await;
        assert_eq!(self.log.last(signal).unwrap().value(), None, "an old value is never shown as a new one");
    }
    pub fn connects(&self) -> u64 {
        self.field.snapshots()[0].units[0].connects
    }

    /// Whatever happened on the way, a good value is the one that the device holds at that place.
    pub fn assert_no_value_is_wrong(&self) {
        for scan in self.log.scans() {
            let (seq, complement) = (good_in(&scan, "p/seq"), good_in(&scan, "p/complement"));
            assert!(seq.zip(complement).is_none_or(|(seq, complement)| seq + complement == 65_535.0), "torn: {scan:?}");
            assert!(good_in(&scan, "p/twenty").is_none_or(|value| value == 2_020.0), "{scan:?}");
            assert!(good_in(&scan, "p/speed").is_none_or(|value| value == 1_480.0), "{scan:?}");
        }
    }
}

fn good_in(scan: &Scan, signal: &str) -> Option<f64> {
    scan.readings.iter().find(|reading| reading.signal.as_str() == signal)?.good()
}
