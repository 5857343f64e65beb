//! What a machine said: one scan of one device, each value with its quality and two times.

use crate::{
    Timestamp,
    ids::{DeviceId, SignalId, SiteId},
};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a value can be trusted (after OPC UA Part 8: Good, Uncertain, Bad, and why).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    #[default]
    Good,
    /// Outside the range the signal was described with, but a number.
    UncertainOutOfRange,
    /// A value older than it should be, repeated by the device.
    UncertainStale,
    /// NaN, infinite, or not decodable as the configured type.
    BadNotANumber,
    /// The device answered with an exception for this address.
    BadDeviceFault,
    /// The device did not answer, or the answer could not be trusted.
    BadNoCommunication,
    /// The address or type does not exist on the device.
    BadConfiguration,
}

impl Quality {
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Good)
    }
    pub const fn is_bad(&self) -> bool {
        matches!(self, Self::BadNotANumber | Self::BadDeviceFault | Self::BadNoCommunication | Self::BadConfiguration)
    }
}

/// One value of one signal. `value` is `None` exactly when there is no finite number to keep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reading {
    #[serde(rename = "s")]
    pub signal: SignalId,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    value: Option<f64>,
    #[serde(rename = "q", default, skip_serializing_if = "Quality::is_good")]
    quality: Quality,
    /// When the source measured it, if it says so itself; else the scan's time counts.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub source_time: Option<Timestamp>,
}

impl Reading {
    /// A good reading, unless the value is NaN or infinite: those are kept as bad without a number.
    pub fn measured(signal: SignalId, value: f64) -> Self {
        Self::with_quality(signal, value, Quality::Good)
    }
    pub fn with_quality(signal: SignalId, value: f64, quality: Quality) -> Self {
        if value.is_finite() {
            return Self { signal, value: Some(value), quality, source_time: None };
        }
        Self::missing(signal, Quality::BadNotANumber)
    }
    /// There was no value, and why.
    pub fn missing(signal: SignalId, why: Quality) -> Self {
        let quality = if why.is_bad() { why } else { Quality::BadNoCommunication };
        Self { signal, value: None, quality, source_time: None }
    }
    pub const fn value(&self) -> Option<f64> {
        self.value
    }
    pub const fn quality(&self) -> Quality {
        self.quality
    }
    /// The number, only if it may be reckoned with: rules and baselines use nothing else.
    pub fn good(&self) -> Option<f64> {
        if self.quality.is_good() { self.value } else { None }
    }
}

/// All values of one pass over one device. Its identity is (site, device, epoch, scan).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scan {
    pub site: SiteId,
    pub device: DeviceId,
    /// Grows each time the device is assigned to a collector; a lower one is a zombie's and is dropped.
    pub epoch: u64,
    /// Dense per (device, epoch), from 0.
    pub scan: u64,
    /// When the values were measured, on the plant's clock.
    pub scanned_at: Timestamp,
    /// When they reached us, on the plant's clock; if they waited in the collector's store, when they left it for the log.
    pub received_at: Timestamp,
    #[serde(rename = "r")]
    pub readings: Vec<Reading>,
}

impl Scan {
    /// Older than this on arrival is late: counted in rollups and baselines, never acted upon.
    pub const LATE_AFTER: TimeDelta = TimeDelta::seconds(30);

    pub fn is_late(&self) -> bool {
        self.received_at.since(self.scanned_at) > Self::LATE_AFTER
    }
}

/// Tells a scan that was seen already from a new one. Folds keep one per device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LastScan {
    seen: Option<(u64, u64)>,
}

impl LastScan {
    /// True once for each scan, in order; false for repeats and for what a former owner still sends.
    pub fn admits(&mut self, scan: &Scan) -> bool {
        let this = (scan.epoch, scan.scan);
        if self.seen.is_some_and(|last| this <= last) {
            return false;
        }
        self.seen = Some(this);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(epoch: u64, number: u64) -> Scan {
        let at = Timestamp::from_secs(1_000);
        Scan { site: "s".parse().unwrap(), device: "d".parse().unwrap(), epoch, scan: number, scanned_at: at, received_at: at, readings: vec![] }
    }

    #[test]
    fn a_number_that_is_none_is_kept_as_bad_without_a_value() {
        for impossible in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let reading = Reading::measured("p/flow".parse().unwrap(), impossible);
            assert_eq!((reading.value(), reading.quality(), reading.good()), (None, Quality::BadNotANumber, None));
        }
    }

    #[test]
    fn a_scan_counts_once_and_a_former_owners_never() {
        let mut last = LastScan::default();
        assert!(last.admits(&scan(1, 0)));
        assert!(!last.admits(&scan(1, 0)));
        assert!(last.admits(&scan(2, 0)));
        assert!(!last.admits(&scan(1, 7)));
    }

    #[test]
    fn a_scan_is_late_past_thirty_seconds() {
        let mut scan = scan(1, 0);
        scan.received_at = scan.scanned_at + TimeDelta::seconds(30);
        assert!(!scan.is_late());
        scan.received_at = scan.scanned_at + TimeDelta::milliseconds(30_001);
        assert!(scan.is_late());
    }
}
