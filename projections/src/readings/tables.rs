//! Tables of the readings, and the rows in them.

use super::{bucket::Period, extents::EXTENTS};
use crate::{
    shelf::Shelved,
    store::Shape,
    table::{Kind, Table, Value},
};
use millwright_domain::{
    Timestamp,
    ids::{DeviceId, SignalId, SiteId},
    position::PartitionId,
    reading::{LastScan, Quality},
};
use serde::{Deserialize, Serialize};

pub(crate) const NAME: &str = "readings";
const VERSION: u32 = 3;

pub(crate) fn shapes() -> Vec<Shape> {
    vec![Shape { name: NAME, version: VERSION, tables: all(), changed: &["readings_extents.first_seq", "readings_extents.last_seq"] }]
}

pub(crate) fn all() -> Vec<&'static Table> {
    vec![&ROLLUPS, &LATEST, &DEVICES, &EXTENTS]
}

pub(super) static ROLLUPS: Table = Table {
    name: "readings_rollups",
    columns: &[
        ("site", Kind::Text),
        ("signal", Kind::Text),
        ("period_s", Kind::Whole),
        ("at", Kind::Time),
        ("count", Kind::Whole),
        ("not_good", Kind::Whole),
        ("mean", Kind::Real),
        ("std", Kind::Real),
        ("min", Kind::Real),
        ("max", Kind::Real),
        ("p95", Kind::Real),
        ("p99", Kind::Real),
        ("state", Kind::Bytes),
    ],
    key: 4,
    indexes: &[],
};

static LATEST: Table = Table {
    name: "readings_latest",
    columns: &[
        ("key", Kind::Text),
        ("site", Kind::Text),
        ("signal", Kind::Text),
        ("at", Kind::Time),
        ("value", Kind::Real),
        ("quality", Kind::Text),
        ("doc", Kind::Doc),
    ],
    key: 1,
    indexes: &[],
};

/// The newest value of a signal, by the time it was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatestRow {
    pub site: SiteId,
    pub signal: SignalId,
    pub device: DeviceId,
    /// Plant time of the measurement.
    pub at: Timestamp,
    pub received_at: Timestamp,
    pub value: Option<f64>,
    pub quality: Quality,
}

impl Shelved for LatestRow {
    const TABLE: &'static Table = &LATEST;
    fn key(&self) -> String {
        latest_key(&self.site, &self.signal)
    }
    fn columns(&self) -> Vec<Value> {
        vec![
            Value::text(&self.site),
            Value::text(&self.signal),
            Value::Time(self.at),
            Value::maybe(self.value, Value::Real),
            Value::word(&self.quality),
        ]
    }
}

pub(super) fn latest_key(site: &SiteId, signal: &SignalId) -> String {
    format!("{site}:{signal}")
}

static DEVICES: Table =
    Table { name: "readings_devices", columns: &[("key", Kind::Text), ("partition", Kind::Text), ("doc", Kind::Doc)], key: 1, indexes: &[] };

/// The last scan of a device that was counted, and the partition that its scans come by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeviceRow {
    pub site: SiteId,
    pub device: DeviceId,
    pub partition: PartitionId,
    pub last: LastScan,
}

impl Shelved for DeviceRow {
    const TABLE: &'static Table = &DEVICES;
    fn key(&self) -> String {
        device_key(&self.site, &self.device)
    }
    fn columns(&self) -> Vec<Value> {
        vec![Value::text(&self.partition)]
    }
}

pub(super) fn device_key(site: &SiteId, device: &DeviceId) -> String {
    format!("{site}:{device}")
}

/// One rollup's key: period and where it begins.
pub(super) fn slot(period: Period, at: Timestamp) -> Timestamp {
    at.floor_to(period.seconds())
}
