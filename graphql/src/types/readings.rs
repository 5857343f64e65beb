//! Values: the newest, and curves.

use crate::scalars::{id, time};
use async_graphql::{Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use millwright_domain::reading;
use millwright_projections::readings::{LatestRow, Period, RawPoint, RollupPoint};

/// How far a value can be trusted.
#[derive(Enum, Clone, Copy, PartialEq, Eq)]
#[graphql(remote = "reading::Quality")]
pub enum Quality {
    Good,
    UncertainOutOfRange,
    UncertainStale,
    BadNotANumber,
    BadDeviceFault,
    BadNoCommunication,
    BadConfiguration,
}

#[derive(SimpleObject)]
pub struct LatestReading {
    site: ID,
    signal: ID,
    /// Plant time of the measurement.
    at: DateTime<Utc>,
    received_at: DateTime<Utc>,
    /// Absent exactly when there was no finite number.
    value: Option<f64>,
    quality: Quality,
}

impl From<&LatestRow> for LatestReading {
    fn from(row: &LatestRow) -> Self {
        Self {
            site: id(&row.site),
            signal: id(&row.signal),
            at: time(row.at),
            received_at: time(row.received_at),
            value: row.value,
            quality: row.quality.into(),
        }
    }
}

#[derive(Enum, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    Raw,
    /// 10 seconds
    S10,
    /// 1 minute
    M1,
    /// 1 hour
    H1,
}

impl Resolution {
    pub(crate) fn period(self) -> Option<Period> {
        match self {
            Self::Raw => None,
            Self::S10 => Some(Period::TenSeconds),
            Self::M1 => Some(Period::Minute),
            Self::H1 => Some(Period::Hour),
        }
    }
}

#[derive(SimpleObject)]
pub struct Series {
    pub site: ID,
    pub signal: ID,
    pub unit: Option<String>,
    pub resolution: Resolution,
    pub from: DateTime<Utc>,
    /// Where to go on, if `truncated`.
    pub to: DateTime<Utc>,
    pub points: Vec<Point>,
    pub truncated: bool,
}

/// Of RAW: `value` and `quality`. Of rollups: the period begins at `at`, `value` is the mean of its Good values, and the figures below are set.
#[derive(SimpleObject, Default)]
pub struct Point {
    pub at: DateTime<Utc>,
    value: Option<f64>,
    quality: Option<Quality>,
    /// Good values in the period.
    count: Option<u64>,
    /// Values in the period that were not Good.
    not_good: Option<u64>,
    std: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
}

impl From<RawPoint> for Point {
    fn from(point: RawPoint) -> Self {
        Self { at: time(point.at), value: point.value, quality: Some(point.quality.into()), ..Self::default() }
    }
}

impl From<RollupPoint> for Point {
    fn from(point: RollupPoint) -> Self {
        Self {
            at: time(point.at),
            value: point.mean,
            quality: None,
            count: Some(point.count),
            not_good: Some(point.not_good),
            std: point.std,
            min: point.min,
            max: point.max,
            p95: point.p95,
            p99: point.p99,
        }
    }
}
