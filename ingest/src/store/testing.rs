//! Scans for the store's tests.

use millwright_domain::{
    Timestamp,
    reading::{Reading, Scan},
};

pub(crate) fn scan(device: &str, epoch: u64, number: u64) -> Scan {
    let at = Timestamp::from_secs(1_000_000 * epoch as i64 + number as i64);
    let readings = vec![Reading::measured("p/flow".parse().unwrap(), number as f64)];
    Scan { site: "s".parse().unwrap(), device: device.parse().unwrap(), epoch, scan: number, scanned_at: at, received_at: at, readings }
}
